#pragma once

#include <gtap/estimate.hpp>

#include "games.hpp"

#include <string>
#include <utility>

/// A law with a design that serves it.
struct AnyEstimator {
  gtap::AnyLaw law;
  gtap::AnyDesign how;
  std::string design;

  gtap::Estimate operator()(const gtap::AnyGame& game,
                            const gtap::EstimateOptions& options = {}) const {
    return gtap::estimate(game, law, how, options);
  }
};

inline AnyEstimator by(const gtap::AnyLaw& law, const gtap::AnyDesign& design) {
  return {law, design, design.name()};
}
