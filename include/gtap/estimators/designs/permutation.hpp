#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/moments.hpp>
#include <gtap/estimators/sizes.hpp>

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
/// use where the two marginal contributions go against each other. The unit is then the pair.
struct Permutation {
  bool antithetic = false;

  template <Semivalue Law>
  auto run(const Law& law, const RunContext& context) const;
  std::string name() const { return antithetic ? "Permutation(antithetic)" : "Permutation"; }
};

namespace detail {

class PermutationRun {
 public:
  PermutationRun(std::span<const double> log_weights, bool antithetic, const RunContext& context)
      : players_(context.players),
        antithetic_(antithetic),
        cost_((antithetic ? 2 : 1) * (players_ - 1)),
        weights_(size_probabilities(log_weights)),
        chosen_(context.covariance_of) {
    require_budget("Permutation", cost_ + 2, context.evaluations);
    for (double& weight : weights_)
      weight *= static_cast<double>(players_) * (antithetic ? 0.5 : 1.0);
  }

  using Statistics = Moments;
  struct Scratch {
    std::vector<Player> order;
    std::vector<double> values;  // by size, 0 .. n
    std::vector<double> credit;  // by player
    Coalition coalition;
  };

  Statistics statistics() const { return Moments(players_, chosen_); }
  Scratch scratch() const {
    Scratch scratch{std::vector<Player>(players_), std::vector<double>(players_ + 1),
                    std::vector<double>(players_), Coalition(players_)};
    scratch.values.front() = empty_;
    scratch.values.back() = grand_;
    return scratch;
  }
  std::size_t chunk() const { return units_a_chunk(cost_); }

  template <class Worker>
  void begin(Worker& worker) {
    empty_ = worker.value(Coalition(players_));
    grand_ = worker.value(Coalition::grand(players_));
  }

  std::uint64_t plan(const Statistics&, std::size_t evaluations) {
    return cost_ == 0 ? 0 : evaluations / cost_;
  }

  template <class Worker>
  void unit(std::uint64_t, RandomStream& random, Worker& worker, Scratch& scratch,
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

  void summarise(const Statistics& merged, Estimate& estimate) const { merged.summarise(estimate); }

  template <class Archive>
  void archive(Archive& fields) {
    fields(empty_);
    fields(grand_);
  }

 private:
  template <class Worker>
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

  std::size_t players_;
  bool antithetic_;
  std::size_t cost_;
  std::vector<double> weights_;
  std::vector<Player> chosen_;
  double empty_ = 0.0;
  double grand_ = 0.0;
};

}  // namespace detail

template <Semivalue Law>
auto Permutation::run(const Law& law, const RunContext& context) const {
  return detail::PermutationRun(detail::checked_log_weights(law, context.players), antithetic,
                                context);
}

}  // namespace gtap
