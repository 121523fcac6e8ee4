#pragma once

#include "../support/output_folder.hpp"
#include "curves.hpp"
#include "subject.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

/// A table in Markdown of the mean accuracies at the fractions of the procedure's table in the
/// paper (the iterated one for building), the paper's own curves on top.
std::string table(const std::vector<Curve>& curves, const std::string& procedure);

/// A table in Markdown of chosen recipes: masked, compensated and fine-tuned.
std::string chosen_table(const std::vector<Curve>& curves, double full_accuracy);

nlohmann::ordered_json to_json(const std::vector<Curve>& curves, double full_accuracy,
                               const Settings& settings);

/// Draws our curves and the paper's; false where gnuplot is missing.
bool plot_curves(const std::vector<Curve>& curves, const std::string& procedure,
                 const support::OutputFolder& folder);

/// Draws the uncertainty bands of the first network of each kind; false where gnuplot is missing.
bool plot_bands(const std::vector<std::vector<Subject>>& kinds,
                const support::OutputFolder& folder);
