#pragma once

#include <gtap/estimators/credit_run.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace gtap {

/// Walks random orders of the players from nobody to everybody and credits each player with what
/// it adds (Castro, Gomez & Tejada 2009); for a law other than Shapley the marginal contribution
/// at position s is weighted by n C(n-1,s) p_s. Unbiased for every law; sums to v(N) - v({}) for
/// Shapley. n - 1 evaluations a walk and two shared by all; uses chains.
///
/// `antithetic` also walks each order backwards: exact for interactions of two under Shapley, of
/// use where the two marginal contributions go against each other. The sample is then the pair.
struct Permutation {
  bool antithetic = false;

  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return antithetic ? "permutation:antithetic" : "permutation"; }
};

namespace detail {

class PermutationRun : public WalkRun {
 public:
  PermutationRun(const LawTable& law, bool antithetic, const RunContext& context)
      : WalkRun("permutation", law, antithetic ? 2 : 1, context), antithetic_(antithetic) {}

  struct Scratch {
    std::vector<Player> order;
    std::vector<double> values;  // by size, 0 .. n
    std::vector<double> credit;  // by player
    Coalition coalition;
  };

  Scratch scratch() const {
    Scratch scratch{std::vector<Player>(players_), std::vector<double>(players_ + 1),
                    std::vector<double>(players_), Coalition(players_)};
    scratch.values.front() = empty_;
    scratch.values.back() = grand_;
    return scratch;
  }

  void sample(std::uint64_t, RandomStream& random, Worker& worker, Scratch& scratch,
              Statistics& statistics) const {
    std::iota(scratch.order.begin(), scratch.order.end(), Player{0});
    random.shuffle(std::span(scratch.order));
    std::fill(scratch.credit.begin(), scratch.credit.end(), 0.0);
    walk(worker, scratch);
    if (antithetic_) {
      std::reverse(scratch.order.begin(), scratch.order.end());
      walk(worker, scratch);
    }
    statistics.add(scratch.credit);
  }

 private:
  void walk(Worker& worker, Scratch& scratch) const {
    const std::span<const Player> order(scratch.order);
    const std::span<double> values(scratch.values);
    values[0] = empty_;
    values[players_] = grand_;
    if (players_ > 1) {
      scratch.coalition.clear();
      scratch.coalition.insert(order[0]);
      worker.chain(scratch.coalition, order.subspan(1, players_ - 2),
                   values.subspan(1, players_ - 1));
    }
    for (std::size_t s = 0; s < players_; ++s)
      scratch.credit[order[s]] += weights_[s] * (values[s + 1] - values[s]);
  }

  bool antithetic_;
};

}  // namespace detail

inline auto Permutation::run(const LawTable& law, const RunContext& context) const {
  return detail::PermutationRun(law, antithetic, context);
}

}  // namespace gtap
