#pragma once

#include "../support/output_folder.hpp"
#include "curves.hpp"
#include "subject.hpp"

#include <string>
#include <vector>

/// Draws our curves and the paper's; false where gnuplot is missing.
bool plot_curves(const std::vector<Curve>& curves, const std::string& procedure,
                 const support::OutputFolder& folder);

/// Draws the uncertainty bands of the first network of each kind; false where gnuplot is missing.
bool plot_bands(const std::vector<std::vector<Subject>>& kinds,
                const support::OutputFolder& folder);
