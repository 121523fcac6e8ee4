#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/detail/coalition_log.hpp>
#include <gtap/estimators/detail/reuse_sums.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gtap {

/// Maximum sample reuse (Wang & Jia 2023; any retention probability: Li & Yu 2023): coalitions by
/// independent coin tosses, and phi_i = mean of v over those with i - mean over those without.
/// Unbiased while both counts are positive. One evaluation a sample; uses batches. Its variance
/// scales with that of v, not of marginal contributions: Regression is better almost always.
///
/// `paired` tosses two coalitions with the same numbers u and 1 - u, which for p = 1/2 are each
/// other's complement: the sample is the pair, two evaluations. Of use where values of small and
/// large coalitions balance each other; where v nearly only grows with the coalition, it hurts.
struct SampleReuse {
  bool paired = false;

  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return paired ? "sample-reuse:paired" : "sample-reuse"; }
};

namespace detail {

/// The point of a law that coin tosses can serve.
inline double tossing_point(const std::string& design, const LawTable& law) {
  if (!law.point) {
    fail(design, "a law of one retention probability, such as banzhaf or dropout",
         law.name + "; take permutation, shared-coalition or kernel-shap");
  }
  const double p = *law.point;
  if (!(p > 0.0 && p < 1.0)) {
    fail(design, "a retention probability strictly between 0 and 1",
         text(p, "; take shared-coalition"));
  }
  return p;
}

class SampleReuseRun {
 public:
  SampleReuseRun(double p, bool paired, const RunContext& context)
      : p_(p), paired_(paired), players_(context.players), chosen_(context.covariance_of) {}

  using Statistics = ReuseSums;
  using Scratch = BatchScratch;
  Statistics statistics() const { return ReuseSums(players_, paired_, chosen_); }
  Scratch scratch() const { return {}; }
  std::size_t chunk() const { return paired_ ? 128 : 256; }

  void begin(Worker&) {}
  std::uint64_t plan(const Statistics&, std::size_t evaluations) {
    return paired_ ? evaluations / 2 : evaluations;
  }

  void samples(std::uint64_t first, std::uint64_t last, std::uint64_t seed, Worker& worker,
               Scratch& scratch, Statistics& statistics) const {
    const std::size_t cost = paired_ ? 2 : 1;
    const std::size_t count = cost * static_cast<std::size_t>(last - first);
    scratch.coalitions.resize(count, Coalition(players_));
    scratch.values.resize(count);
    for (std::size_t k = 0; k < count; k += cost) {
      RandomStream random(seed, first + k / cost);
      if (paired_) {
        toss_pair(random, scratch.coalitions[k], scratch.coalitions[k + 1]);
      } else {
        random.bernoulli_mask(p_, scratch.coalitions[k]);
      }
    }
    worker.batch(scratch.coalitions, scratch.values);
    for (std::size_t k = 0; k < count; k += cost) {
      if (paired_) {
        statistics.add_pair(scratch.coalitions[k], scratch.values[k], scratch.coalitions[k + 1],
                            scratch.values[k + 1]);
      } else {
        statistics.add(scratch.coalitions[k], scratch.values[k]);
      }
    }
  }

  void summarise(const Statistics& merged, Estimate& estimate) const { merged.summarise(estimate); }

  void archive(Archive&) {}

 private:
  void toss_pair(RandomStream& random, Coalition& one, Coalition& other) const {
    const auto threshold = static_cast<std::uint64_t>(std::llround(p_ * 0x1p32));
    one.clear();
    other.clear();
    for (Player i = 0; i < players_; ++i) {
      const std::uint32_t u = random.bits32();
      if (u < threshold) one.insert(i);
      if (~u < threshold) other.insert(i);
    }
  }

  double p_;
  bool paired_;
  std::size_t players_;
  std::vector<Player> chosen_;
};

}  // namespace detail

inline auto SampleReuse::run(const LawTable& law, const RunContext& context) const {
  const double p = detail::tossing_point(name(), law);
  detail::require_budget(name(), paired ? 4 : 2, context.evaluations);
  return detail::SampleReuseRun(p, paired, context);
}

}  // namespace gtap
