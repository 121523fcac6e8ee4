#include "paper.hpp"

#include <algorithm>

std::vector<double> PaperTable::best() const {
  std::vector<double> best = gtap.front().second;
  for (const auto& curve : gtap) {
    for (std::size_t k = 0; k < best.size(); ++k)
      best[k] = std::max(best[k], curve.second[k]);
  }
  return best;
}

const PaperTable& paper_table(const std::string& procedure) {
  static const PaperTable top_n{{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8},
                                {{"dropout .225", {0.20, 0.53, 0.70, 0.825, 0.89, 0.92, 0.96}},
                                 {"Shapley", {0.11, 0.42, 0.62, 0.76, 0.83, 0.89, 0.96}},
                                 {"Banzhaf", {0.12, 0.215, 0.44, 0.64, 0.71, 0.80, 0.945}}},
                                {{"WMP", {0.23, 0.37, 0.60, 0.68, 0.82, 0.865, 0.98}},
                                 {"W.GMP", {0.14, 0.31, 0.44, 0.70, 0.75, 0.80, 0.97}}}};
  static const PaperTable iterated{
      {0.053, 0.105, 0.158, 0.211, 0.316, 0.421, 0.526, 0.632, 0.789},
      {{"dropout .225", {0.24, 0.387, 0.506, 0.625, 0.764, 0.865, 0.927, 0.952, 0.971}},
       {"Shapley", {0.365, 0.645, 0.785, 0.857, 0.909, 0.935, 0.952, 0.965, 0.979}},
       {"Banzhaf", {0.36, 0.62, 0.765, 0.842, 0.902, 0.932, 0.949, 0.961, 0.97}}},
      {}};
  return procedure == "top-n" ? top_n : iterated;
}

const std::vector<double>& all_fractions() {
  static const std::vector<double> fractions = [] {
    std::vector<double> all = paper_table("top-n").kept;
    const auto& more = paper_table("iterated pruning").kept;
    all.insert(all.end(), more.begin(), more.end());
    std::sort(all.begin(), all.end());
    return all;
  }();
  return fractions;
}
