#pragma once

#include <gtap/pruning/path.hpp>

#include "settings.hpp"
#include "subject.hpp"

#include <functional>
#include <string>
#include <vector>

/// What a recipe prunes, and what it may use.
struct Task {
  const Subject& subject;
  const gtap::nn::Network<float>& network;  ///< the subject's, centred where means are ablated
  const Data& data;
  const Settings& settings;
  double seconds = 0.0;  ///< that the recipe `as_long_as` took
};

/// One way of pruning: who scores, what is scored, and how scores become masks.
struct Recipe {
  std::string method;     ///< "gtap" or "baseline"
  std::string procedure;  ///< "top-n", "iterated pruning" or "iterated building"
  std::string index;
  std::string value;           ///< of a coalition; empty where none is valued
  std::string design;          ///< how coalitions are sampled, and rounds where not the paper's
  bool mean_ablation = false;  ///< units are ablated to their means, not to zero
  std::string as_long_as{};    ///< the design of the recipe whose wall time this one is given
  std::function<gtap::PruningPath(const Task&)> run{};

  /// Whether this is the recipe that gives `other` its wall time.
  bool gives_time_to(const Recipe& other) const {
    return !other.as_long_as.empty() && design == other.as_long_as && index == other.index &&
           procedure == other.procedure && value == other.value;
  }
};

std::vector<Recipe> all_recipes();
