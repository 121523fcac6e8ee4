#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/moments.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gtap {

/// The common part of all runs whose sample, of a fixed cost, is one unbiased estimate of all
/// values: a credit for each player. They add `sample`, Scratch and `scratch()` (DesignRun).
class CreditRun {
 public:
  using Statistics = Moments;

  Statistics statistics() const { return Moments(players_, chosen_); }
  std::size_t chunk() const { return detail::samples_a_chunk(cost_); }
  void begin(Worker&) {}
  std::uint64_t plan(const Statistics&, std::size_t evaluations) {
    return cost_ == 0 ? 0 : evaluations / cost_;
  }
  void summarise(const Statistics& merged, Estimate& estimate) const { merged.summarise(estimate); }
  void archive(Archive&) {}

 protected:
  /// The budget must pay for one sample, `cost` evaluations, and for those that all samples share.
  CreditRun(const std::string& design, std::size_t cost, std::size_t shared_cost,
            const RunContext& context)
      : players_(context.players), cost_(cost), chosen_(context.covariance_of) {
    detail::require_budget(design, shared_cost + cost_, context.evaluations);
  }

  std::size_t players_;
  std::size_t cost_;  ///< evaluations a sample

 private:
  std::vector<Player> chosen_;
};

/// A CreditRun that walks from nobody to everybody: the values of both are shared by all walks,
/// and the marginal contribution at size s counts n C(n-1,s) p_s.
class WalkRun : public CreditRun {
 public:
  void begin(Worker& worker) {
    empty_ = worker.value(Coalition(players_));
    grand_ = worker.value(Coalition::grand(players_));
  }
  void archive(Archive& fields) {
    fields(empty_);
    fields(grand_);
  }

 protected:
  /// `walks` walks make a sample, which is their mean.
  WalkRun(const std::string& design, const LawTable& law, std::size_t walks,
          const RunContext& context)
      : CreditRun(design, walks * (context.players - 1), 2, context), weights_(law.sizes()) {
    for (double& weight : weights_)
      weight *= static_cast<double>(players_) / static_cast<double>(walks);
  }

  std::vector<double> weights_;
  double empty_ = 0.0;
  double grand_ = 0.0;
};

}  // namespace gtap
