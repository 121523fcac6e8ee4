#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>
#include <gtap/core/random.hpp>
#include <gtap/core/value_function.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gtap {

/// A scorer is what the procedures rank by. For pruning it is called with the coalition that is
/// kept and returns one score for each of its members, in increasing order of players; for
/// building it is called with those that are in and returns one for each player that is not. The
/// player with the lowest score leaves, the one with the highest comes in. Any callable will do.
/// With a member `evaluations()`, what it says is recorded as the evaluations spent so far; with
/// `standard_errors()`, those of the last scores stand beside them in the path.

/// Scores a member by what the value loses when it alone leaves, v(kept) - v(kept without it):
/// the greedy baseline. Costs |kept| + 1 evaluations a call, as one star. The game must outlive
/// it.
template <ValueFunction Game>
class LeaveOneOutScorer {
 public:
  explicit LeaveOneOutScorer(const Game& game) : evaluator_(gtap::evaluator(game)) {}

  std::vector<double> operator()(const Coalition& kept) {
    Coalition centre = kept;
    const std::vector<Player> members = kept.members();
    values_.resize(members.size() + 1);
    evaluate_star(evaluator_, centre, members, std::span<double>(values_));
    evaluations_ += values_.size();
    std::vector<double> scores(members.size());
    for (std::size_t k = 0; k <= members.size(); ++k) {
      if (!std::isfinite(values_[k])) {
        if (k > 0) centre.erase(members[k - 1]);
        detail::fail("leave_one_out_scorer", "a finite value",
                     detail::text(values_[k], " for coalition ", centre));
      }
      if (k > 0) scores[k - 1] = values_[0] - values_[k];
    }
    return scores;
  }

  std::size_t evaluations() const { return evaluations_; }

 private:
  evaluator_t<Game> evaluator_;
  std::vector<double> values_;
  std::size_t evaluations_ = 0;
};

template <ValueFunction Game>
LeaveOneOutScorer<Game> leave_one_out_scorer(const Game& game) {
  return LeaveOneOutScorer<Game>(game);
}

/// Scores that mean nothing: the same random order of all players in every round, so that pruning
/// by it is a uniformly random coalition of each size. Serves pruning only.
class RandomScorer {
 public:
  explicit RandomScorer(std::uint64_t seed) : seed_(seed) {}

  std::vector<double> operator()(const Coalition& kept) const {
    std::vector<double> scores;
    scores.reserve(kept.size());
    kept.for_each([&](Player p) { scores.push_back(RandomStream(seed_, p).uniform()); });
    return scores;
  }

 private:
  std::uint64_t seed_;
};

inline RandomScorer random_scorer(std::uint64_t seed) {
  return RandomScorer(seed);
}

}  // namespace gtap
