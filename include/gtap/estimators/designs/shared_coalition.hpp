#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/moments.hpp>
#include <gtap/estimators/sizes.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace gtap {

/// Draws q from the law, then a coalition, and asks for every player's marginal contribution to
/// it: n + 1 evaluations a unit, by the star rung (CMCS, Kolpaczki et al. 2025). Unbiased for
/// every retention law, and exact at once for retention 0 or 1. All players are compared on the
/// same coalition, which is what a ranking needs.
///
/// `paired` takes each coalition's complement along, for laws that are symmetric about 1/2: exact
/// for interactions of two. The unit is then the pair.
struct SharedCoalition {
  bool paired = false;

  template <Semivalue Law>
  auto run(const Law& law, const RunContext& context) const;
  std::string name() const { return paired ? "SharedCoalition(paired)" : "SharedCoalition"; }
};

namespace detail {

template <RetentionLaw Law>
class SharedCoalitionRun {
 public:
  SharedCoalitionRun(const Law& law, bool paired, const RunContext& context)
      : law_(law),
        players_(context.players),
        paired_(paired),
        cost_((paired ? 2 : 1) * (players_ + 1)),
        chosen_(context.covariance_of) {
    require_budget("SharedCoalition", cost_, context.evaluations);
    const std::vector<double> sizes = size_probabilities(checked_log_weights(law, players_));
    for (std::size_t s = 0; paired && s < players_; ++s) {
      if (std::abs(sizes[s] - sizes[players_ - 1 - s]) > 1e-9) {
        fail("SharedCoalition(paired)", "a law that is symmetric about 1/2", name_of(law));
      }
    }
    certain_ = sizes.front() > 1.0 - 1e-15 || sizes.back() > 1.0 - 1e-15;
  }

  using Statistics = Moments;
  struct Scratch {
    Coalition coalition;
    std::vector<Player> players;
    std::vector<double> values;
    std::vector<double> credit;
  };

  Statistics statistics() const { return Moments(players_, chosen_); }
  Scratch scratch() const {
    Scratch scratch{Coalition(players_), std::vector<Player>(players_),
                    std::vector<double>(players_ + 1), std::vector<double>(players_)};
    std::iota(scratch.players.begin(), scratch.players.end(), Player{0});
    return scratch;
  }
  std::size_t chunk() const { return units_a_chunk(cost_); }

  template <class Worker>
  void begin(Worker&) {}

  std::uint64_t plan(const Statistics& merged, std::size_t evaluations) {
    if (certain_) return merged.count() == 0 ? 1 : 0;
    return evaluations / cost_;
  }
  bool finished() const { return certain_; }

  template <class Worker>
  void unit(std::uint64_t, RandomStream& random, Worker& worker, Scratch& scratch,
            Statistics& statistics) const {
    random.bernoulli_mask(law_.quantile(random.uniform()), scratch.coalition);
    star(worker, scratch);
    if (paired_) {
      const std::vector<double> first = scratch.credit;
      scratch.coalition = scratch.coalition.complement();
      star(worker, scratch);
      for (std::size_t i = 0; i < players_; ++i)
        scratch.credit[i] = 0.5 * (scratch.credit[i] + first[i]);
    }
    statistics.add(scratch.credit);
  }

  void summarise(const Statistics& merged, Estimate& estimate) const {
    merged.summarise(estimate);
    if (!certain_ || merged.count() == 0) return;
    estimate.standard_errors.assign(players_, 0.0);
    estimate.covariance.assign(estimate.covariance.size(), 0.0);
  }

  template <class Archive>
  void archive(Archive&) {}

 private:
  template <class Worker>
  void star(Worker& worker, Scratch& scratch) const {
    worker.star(scratch.coalition, scratch.players, scratch.values);
    for (Player i = 0; i < players_; ++i) {
      const double change = scratch.values[i + 1] - scratch.values[0];
      scratch.credit[i] = scratch.coalition.contains(i) ? -change : change;
    }
  }

  Law law_;
  std::size_t players_;
  bool paired_;
  std::size_t cost_;
  std::vector<Player> chosen_;
  bool certain_ = false;
};

}  // namespace detail

template <Semivalue Law>
auto SharedCoalition::run(const Law& law, const RunContext& context) const {
  static_assert(RetentionLaw<Law>,
                "gtap: SharedCoalition draws the retention probability: the law needs "
                "quantile(u); take Permutation for a law by sizes");
  return detail::SharedCoalitionRun<Law>(law, paired, context);
}

}  // namespace gtap
