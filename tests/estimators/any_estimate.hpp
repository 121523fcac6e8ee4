#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/estimators/estimators.hpp>
#include <gtap/estimators/evaluation_log.hpp>
#include <gtap/games/cached.hpp>
#include <gtap/games/closed_form.hpp>

#include "any_game.hpp"
#include "any_law.hpp"

#include <functional>
#include <string>
#include <vector>

// The estimators that several tests need, which any_estimate.cpp compiles for all of them.

/// A law with a design that serves it.
struct AnyEstimator {
  AnyLaw law;
  std::string design;
  std::function<gtap::Estimate(const AnyGame&, const gtap::EstimateOptions&)> run;

  gtap::Estimate operator()(const AnyGame& game, const gtap::EstimateOptions& options = {}) const {
    return run(game, options);
  }
};

template <class D>
AnyEstimator by(const AnyLaw& law, const D& design) {
  return {law, design.name(),
          [law, design](const AnyGame& game, const gtap::EstimateOptions& options) {
            return gtap::estimate(game, law, design, options);
          }};
}

/// Surrogate fits another model to Shapley than to one retention probability.
inline AnyEstimator by(const gtap::Shapley& law, const gtap::Surrogate& design) {
  return {law, design.name(),
          [law, design](const AnyGame& game, const gtap::EstimateOptions& options) {
            return gtap::estimate(game, law, design, options);
          }};
}

#ifndef GTAP_COMPILED_ONCE
#define GTAP_COMPILED_ONCE extern template
#endif

#define GTAP_ESTIMATE_BY(Law, Design)               \
  GTAP_COMPILED_ONCE gtap::Estimate gtap::estimate( \
      const AnyGame&, const Law&, const gtap::Design&, const gtap::EstimateOptions&)
GTAP_ESTIMATE_BY(AnyLaw, Exact);
GTAP_ESTIMATE_BY(AnyLaw, Permutation);
GTAP_ESTIMATE_BY(AnyLaw, TruncatedPermutation);
GTAP_ESTIMATE_BY(AnyLaw, ShortChains);
GTAP_ESTIMATE_BY(AnyLaw, SharedCoalition);
GTAP_ESTIMATE_BY(AnyLaw, Owen);
GTAP_ESTIMATE_BY(AnyLaw, Stratified);
GTAP_ESTIMATE_BY(AnyLaw, Svarm);
GTAP_ESTIMATE_BY(AnyLaw, SampleReuse);
GTAP_ESTIMATE_BY(AnyLaw, AdjustedReuse);
GTAP_ESTIMATE_BY(AnyLaw, Regression);
GTAP_ESTIMATE_BY(AnyLaw, KernelShap);
GTAP_ESTIMATE_BY(AnyLaw, LeverageShap);
GTAP_ESTIMATE_BY(AnyLaw, UnbiasedKernelShap);
GTAP_ESTIMATE_BY(AnyLaw, Surrogate);
GTAP_ESTIMATE_BY(gtap::Shapley, Surrogate);
#undef GTAP_ESTIMATE_BY

GTAP_COMPILED_ONCE gtap::Estimate gtap::estimate(const gtap::Cached<AnyGame>&, const AnyLaw&,
                                                 const gtap::SampleReuse&,
                                                 const gtap::EstimateOptions&);

#define GTAP_ESTIMATE(Game, Law)                                                  \
  GTAP_COMPILED_ONCE gtap::Estimate gtap::estimate(const Game&, const gtap::Law&, \
                                                   const gtap::EstimateOptions&)
GTAP_ESTIMATE(AnyGame, Shapley);
GTAP_ESTIMATE(AnyGame, Banzhaf);
GTAP_ESTIMATE(AnyGame, Dropout);
GTAP_ESTIMATE(AnyGame, DropoutBand);
GTAP_ESTIMATE(AnyGame, LeaveOneOut);
GTAP_ESTIMATE(gtap::AdditiveGame, Shapley);  // with a chain rung
#undef GTAP_ESTIMATE

GTAP_COMPILED_ONCE gtap::Estimate gtap::estimate_from(const gtap::EvaluationLog&, const AnyLaw&,
                                                      const std::vector<gtap::Player>&);
