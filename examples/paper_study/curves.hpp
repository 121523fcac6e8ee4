#pragma once

#include <gtap/core/coalition.hpp>

#include "recipes.hpp"
#include "settings.hpp"
#include "subject.hpp"

#include <cstddef>
#include <string>
#include <vector>

/// Numbers at each kept fraction.
using Values = std::vector<double>;

/// What a recipe came to on networks of one kind, over seeds.
struct Curve {
  std::string net;
  std::string training;
  Recipe recipe;
  bool chosen = false;
  bool protocol = false;                             ///< the best by the paper's protocol
  std::vector<std::vector<gtap::Coalition>> kept{};  ///< [seed][fraction]
  std::vector<Values> validation{};                  ///< [seed][fraction]; chooses
  std::vector<Values> accuracy{};     ///< [seed][fraction]; of the masks, test images
  std::vector<Values> compensated{};  ///< of the refitted; empty: not asked
  std::vector<Values> fine_tuned{};   ///< then trained for an epoch; empty: not asked
  Values evaluations{};               ///< [seed]
  Values seconds{};                   ///< [seed]; on one thread

  double worst_margin(const std::vector<Values>& values) const;
};

/// Means and standard deviations over seeds.
Values mean_of(const std::vector<Values>& values);
Values deviation_of(const std::vector<Values>& values);
double mean_of(const Values& values);

/// Those of a curve's values, one for each of all_fractions(), at the fractions of a table.
Values at_fractions(const Values& values, const Values& fractions);

/// Runs every recipe on the networks of one kind (one a seed) and marks the chosen one of each
/// procedure: for top-n and iterated pruning the one whose worst margin over the paper's best curve
/// is highest on validation images, for building the one with the highest mean accuracy there.
/// Recipes that ablate to the mean are not chosen: their network's biases were changed, which is
/// compensation of a kind; nor are those that are given a time, which differs from run to run. The
/// best by the paper's protocol, accuracy as value, is marked by the same rule.
///
/// The marked ones and the best baseline of each procedure are then judged on all test images; the
/// chosen ones are compensated and fine-tuned.
std::vector<Curve> make_curves(const std::vector<Subject>& subjects,
                               const std::vector<Recipe>& recipes, const Data& data,
                               const Settings& settings);
