#pragma once

#include <gtap/pruning/path.hpp>

#include "problem.hpp"
#include "settings.hpp"

#include <functional>
#include <string>
#include <vector>

/// One way of pruning: who scores, what is scored, and how scores become masks.
struct Recipe {
  std::string method;     ///< "gtap" or "baseline"
  std::string procedure;  ///< "top-n", "iterated pruning" or "iterated building"
  std::string index;
  std::string value;   ///< of a coalition; empty where none is valued
  std::string design;  ///< how coalitions are sampled; empty for baselines
  std::function<gtap::PruningPath(const Problem&, const Settings&)> run;
};

/// All recipes that are compared: every index with every procedure, and every baseline one-shot and
/// iterated. `peak` is the retention probability where the uncertainty band peaks.
std::vector<Recipe> all_recipes(double peak);
