#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>
#include <gtap/pruning/detail/procedure.hpp>
#include <gtap/pruning/path.hpp>
#include <gtap/pruning/prune_options.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace gtap {

/// What a procedure ranks by; pruning/scorers.hpp says what is asked of it, and has some.
template <class S>
concept Scorer = requires(S& scorer, const Coalition& coalition) {
  { scorer(coalition) } -> std::convertible_to<std::vector<double>>;
};

namespace detail {

/// Runs a procedure; what is no scorer is refused by one sentence.
template <class S>
PruningPath run_procedure(const char* where, std::size_t players, S& scorer,
                          const PruneOptions& options, Direction direction) {
  static_assert(Scorer<S>,
                "gtap: a scorer is called with a coalition and returns its scores as a "
                "std::vector<double> (docs/concepts.md, Scorer)");
  if constexpr (Scorer<S>) {
    return Procedure(where, players, options, direction).run(scorer);
  } else {
    return {};
  }
}

}  // namespace detail

/// Ranks once, by a pruning scorer, and keeps the best: players leave from the worst score up until
/// the budget is met. The path has a coalition for every number of units from all players down to
/// the result.
///
/// This and the other procedures throw gtap::Error for no players, NaN as a score (naming the
/// player), more or fewer scores than were asked for, a budget that leaves no unit, a cost or drop
/// that is not finite (naming the coalition), a cost that grows when a unit leaves (naming it) and
/// constraints that contradict each other. A budget that the constraints do not allow is not an
/// error: the path's report says so. Beside scores, budget and sorting a step costs the same
/// however many players there are.
template <class S>
PruningPath top_n(std::size_t players, S&& scorer, PruneOptions options = {}) {
  options.schedule = Schedule::one_round();
  return detail::run_procedure("top_n", players, scorer, options, detail::Direction::pruning);
}

namespace detail {

/// Scores that are there already, with their standard errors if they have any.
class GivenScores {
 public:
  explicit GivenScores(std::span<const double> scores, std::span<const double> errors = {})
      : scores_(scores), errors_(errors) {}
  std::vector<double> operator()(const Coalition&) const {
    return {scores_.begin(), scores_.end()};
  }
  std::span<const double> standard_errors() const { return errors_; }

 private:
  std::span<const double> scores_;
  std::span<const double> errors_;
};

}  // namespace detail

/// The same by one score for each player.
inline PruningPath top_n(std::span<const double> scores, PruneOptions options = {}) {
  return top_n(scores.size(), detail::GivenScores(scores), std::move(options));
}

/// The same by the scores in `values`, such as those of an Estimate, and their `standard_errors` if
/// it has them.
template <class Scored>
requires requires(const Scored& scored) {
  {std::span<const double>(scored.values)};
}
PruningPath top_n(const Scored& scored, PruneOptions options = {}) {
  const std::span<const double> scores(scored.values);
  if constexpr (requires { std::span<const double>(scored.standard_errors); }) {
    return top_n(scores.size(), detail::GivenScores(scores, scored.standard_errors),
                 std::move(options));
  }
  return top_n(scores, std::move(options));
}

/// Starts from all players; each round scores those that are still in and lets the lowest leave,
/// as many as the schedule says.
template <class S>
PruningPath iterated_pruning(std::size_t players, S&& scorer, const PruneOptions& options = {}) {
  return detail::run_procedure("iterated_pruning", players, scorer, options,
                               detail::Direction::pruning);
}

/// Starts from the players that must stay (none by default); each round scores those that are not
/// in and takes in the highest, as many as the schedule says.
template <class S>
PruningPath iterated_building(std::size_t players, S&& scorer, const PruneOptions& options = {}) {
  return detail::run_procedure("iterated_building", players, scorer, options,
                               detail::Direction::building);
}

}  // namespace gtap
