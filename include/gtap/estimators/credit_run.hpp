#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/moments.hpp>
#include <gtap/estimators/sizes.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gtap::detail {

/// The common part of all runs whose unit of work, of a fixed cost, is one unbiased estimate of
/// all values: a credit for each player. They add `unit` and their scratch.
class CreditRun {
 public:
  using Statistics = Moments;

  Statistics statistics() const { return Moments(players_, chosen_); }
  std::size_t chunk() const { return units_a_chunk(cost_); }
  template <class Worker>
  void begin(Worker&) {}
  std::uint64_t plan(const Statistics&, std::size_t evaluations) {
    return cost_ == 0 ? 0 : evaluations / cost_;
  }
  void summarise(const Statistics& merged, Estimate& estimate) const { merged.summarise(estimate); }
  template <class Archive>
  void archive(Archive&) {}

 protected:
  /// The budget must pay for one unit and the evaluations that all units share.
  CreditRun(const std::string& design, std::size_t unit_cost, std::size_t shared_cost,
            const RunContext& context)
      : players_(context.players), cost_(unit_cost), chosen_(context.covariance_of) {
    require_budget(design, shared_cost + cost_, context.evaluations);
  }

  std::size_t players_;
  std::size_t cost_;

 private:
  std::vector<Player> chosen_;
};

/// A CreditRun that walks from nobody to everybody: the values of both are shared by all walks,
/// and the marginal contribution at size s counts n C(n-1,s) p_s.
class WalkRun : public CreditRun {
 public:
  template <class Worker>
  void begin(Worker& worker) {
    empty_ = worker.value(Coalition(players_));
    grand_ = worker.value(Coalition::grand(players_));
  }
  template <class Archive>
  void archive(Archive& fields) {
    fields(empty_);
    fields(grand_);
  }

 protected:
  /// `walks` walks make a unit, which is their mean.
  WalkRun(const std::string& design, std::span<const double> log_weights, std::size_t walks,
          const RunContext& context)
      : CreditRun(design, walks * (context.players - 1), 2, context),
        weights_(size_probabilities(log_weights)) {
    for (double& weight : weights_)
      weight *= static_cast<double>(players_) / static_cast<double>(walks);
  }

  std::vector<double> weights_;
  double empty_ = 0.0;
  double grand_ = 0.0;
};

}  // namespace gtap::detail
