#pragma once

#include "../support/output_folder.hpp"
#include "curves.hpp"
#include "problem.hpp"
#include "settings.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

/// How random sub-networks of one network do, along retention probabilities.
struct BandCurve {
  std::string net;
  std::vector<double> retention;
  std::vector<double> mean;
  std::vector<double> deviation;
};

/// Prints what the chosen recipe made of a network: one line for each kept fraction.
void print_chosen(const Problem& problem, const std::vector<Curve>& curves,
                  const Settings& settings);

/// Prints all recipes with their mean test accuracies, best first.
void print_recipes(const std::vector<Curve>& curves);

/// The figures of one network, for other programs.
nlohmann::ordered_json to_json(const Problem& problem, const std::vector<Curve>& curves,
                               const Settings& settings);

/// The same as lines of a table; the first call of a table wants the heading.
std::string csv_heading();
std::string to_csv(const Problem& problem, const std::vector<Curve>& curves,
                   const Settings& settings);

/// Draws accuracy against kept fraction; false where gnuplot is missing.
bool plot_accuracy(const Problem& problem, const std::vector<Curve>& curves,
                   const Settings& settings, const support::OutputFolder& folder);

/// Draws the uncertainty bands; false where gnuplot is missing.
bool plot_bands(const std::vector<BandCurve>& bands, const support::OutputFolder& folder);
