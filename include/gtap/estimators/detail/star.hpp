#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/estimators/worker.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace gtap::detail {

/// One thread's memory for stars: weighted sums of players' marginal contributions to coalitions.
struct Star {
  explicit Star(std::size_t count) : coalition(count) {}

  /// Begins sums for these players.
  void begin(std::span<const Player> asked) { credit.assign(asked.size(), 0.0); }

  /// Adds the contributions to `coalition`, by the star rung: asked.size() + 1 evaluations.
  void add(Worker& worker, std::span<const Player> asked, double weight) {
    values.resize(asked.size() + 1);
    worker.star(coalition, asked, values);
    for (std::size_t k = 0; k < asked.size(); ++k) {
      const double change = values[k + 1] - values[0];
      credit[k] += weight * (coalition.contains(asked[k]) ? -change : change);
    }
  }

  Coalition coalition;
  std::vector<double> values;
  std::vector<double> credit;  // in the order of the players asked for
};

}  // namespace gtap::detail
