#pragma once

#include "case.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace gtap_bench {

/// What was found for a case.
struct Outcome {
  std::string name;
  std::string unit;
  Rates rates;

  double rate(const std::string& side) const {
    const auto found = rates.find(side);
    return found == rates.end() ? 0 : found->second;
  }
  Rates peers() const {
    Rates others = rates;
    others.erase("gtap");
    others.erase("peak");
    return others;
  }
  /// To the best peer; 0 without one.
  double ratio() const {
    double best = 0;
    for (const auto& [side, value] : peers())
      best = std::max(best, value);
    return best > 0 ? rate("gtap") / best : 0;
  }
};

inline void to_json(nlohmann::ordered_json& json, const Outcome& o) {
  json = {{"name", o.name}, {"gtap", o.rate("gtap")}, {"peers", o.peers()}, {"unit", o.unit}};
  json["peak"] = nullptr;
  if (o.rate("peak") > 0) json["peak"] = o.rate("peak");
}

/// The head of the table in the terminal, and what follows a case's name in it: gtap's rate, each
/// peer's and gtap's ratio to it, the ratio to the best, the share of the peak.
inline void print_head(const std::vector<std::string>& peers) {
  std::printf("%-31s %10s %-14s", "", "gtap", "");
  for (const std::string& peer : peers)
    std::printf(" %16s %7s", peer.c_str(), "ratio");
  std::printf(" %8s %9s\n", "x best", "% of peak");
}

inline void print(const Outcome& o, const std::vector<std::string>& peers) {
  const auto cell = [](int width, double value) {
    const int decimals = value < 10 ? 2 : value < 1000 ? 1 : 0;
    if (value > 0) {
      std::printf(" %*.*f", width, decimals, value);
    } else {
      std::printf(" %*s", width, "");
    }
  };
  const auto over = [&](double other) { return other > 0 ? o.rate("gtap") / other : 0; };
  cell(10, o.rate("gtap"));
  std::printf(" %-14s", o.unit.c_str());
  for (const std::string& peer : peers) {
    cell(16, o.rate(peer));
    cell(7, over(o.rate(peer)));
  }
  cell(8, o.ratio());
  cell(9, 100 * over(o.rate("peak")));
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace gtap_bench
