#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/network/costs.hpp>

#include "problem.hpp"
#include "recipes.hpp"
#include "settings.hpp"

#include <cstddef>
#include <vector>

/// What a recipe came to at each kept fraction. Accuracies are on test images, but for those on
/// validation images, which choose.
struct Curve {
  Recipe recipe;
  bool chosen = false;
  std::vector<gtap::Coalition> kept{};
  std::vector<gtap::Cost> costs{};
  std::vector<double> validation{};
  std::vector<double> accuracy{};      ///< of the mask
  std::vector<double> compensated{};   ///< compacted, layers refitted
  std::vector<double> fine_tuned{};    ///< then trained for one short pass
  std::vector<double> difference{};    ///< largest, of compacted from masked outputs
  std::vector<double> microseconds{};  ///< of a forward pass of the compacted network, per image
  std::size_t evaluations = 0;
  double seconds = 0.0;

  double mean_validation() const;
  double mean_accuracy() const;
};

/// Runs every recipe, judges its masks, compacts, compensates and fine-tunes; marks the GTAP recipe
/// that is best on validation images as chosen. Reports progress on stderr.
std::vector<Curve> make_curves(const Problem& problem, const std::vector<Recipe>& recipes,
                               const Settings& settings);

/// The time of a forward pass on one thread, per image: the median of several.
double forward_microseconds(const gtap::nn::Network<float>& net,
                            const gtap::nn::Tensor<float>& images);
