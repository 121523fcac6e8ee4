#pragma once

#include <gtap/estimate.hpp>

#include "study.hpp"

#include <string>
#include <vector>

/// Adds curves of one law on one game.
template <class Law>
struct CurvesOfLaw {
  Study& study;
  const Subject& subject;
  std::string name;
  Law law;
  const std::vector<double>& truth;

  template <class D>
  void add(const D& design) const {
    study.add(subject, name, truth, design.name(), false,
              [&](const gtap::AnyGame& game, const gtap::EstimateOptions& options) {
                return gtap::estimate(game, law, design, options);
              });
  }
  void add_default() const {
    study.add(subject, name, truth, "default", true,
              [&](const gtap::AnyGame& game, const gtap::EstimateOptions& options) {
                return gtap::estimate(game, law, options);
              });
  }
  /// The designs that serve every law.
  void add_common() const {
    using namespace gtap;
    add(Permutation{});
    add(Permutation{.antithetic = true});
    add(ShortChains{4});
    add(SharedCoalition{});
    add(Stratified{});
    if (subject.game.players() <= 64) add(Svarm{});
    add(AdjustedReuse{});
    add(Surrogate{});
  }
};
