#pragma once

#include "../../examples/support/output_folder.hpp"
#include "study.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

nlohmann::ordered_json to_json(const std::vector<Curve>& curves);
std::string to_csv(const std::vector<Curve>& curves);

/// How far each default is from the best design, budget by budget and as geometric mean; then the
/// errors of all designs.
std::string to_tables(const std::vector<Curve>& curves);

/// A plot by evaluations for each game and law, and by seconds for Shapley on the games whose
/// chains are cheap. False where gnuplot is missing or fails.
bool plot(const std::vector<Curve>& curves, const support::OutputFolder& folder);
