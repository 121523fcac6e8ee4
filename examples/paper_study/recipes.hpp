#pragma once

#include <gtap/pruning/path.hpp>

#include "settings.hpp"
#include "subject.hpp"

#include <functional>
#include <string>
#include <vector>

/// One way of pruning: who scores, what is scored, and how scores become masks.
struct Recipe {
  std::string method;     ///< "gtap" or "baseline"
  std::string procedure;  ///< "top-n", "iterated pruning" or "iterated building"
  std::string index;
  std::string value;           ///< of a coalition; empty where none is valued
  std::string design;          ///< how coalitions are sampled, and rounds where not as the paper
  bool mean_ablation = false;  ///< the network comes centred
  bool wide = true;            ///< for the wide network, too
  std::function<gtap::PruningPath(const Subject&, const gtap::nn::Network<float>&, const Data&,
                                  const Settings&)>
      run{};
};

std::vector<Recipe> all_recipes();
