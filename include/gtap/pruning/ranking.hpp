#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

namespace gtap {

namespace detail {

inline void require_scores(std::string_view where, std::span<const double> scores) {
  for (std::size_t p = 0; p < scores.size(); ++p) {
    if (std::isnan(scores[p])) fail(where, "a number as every score", text("NaN for player ", p));
  }
}

}  // namespace detail

/// The players by score, best first; of equal scores the lower index comes first.
/// Throws gtap::Error that names the player of a NaN.
inline std::vector<Player> ranking(std::span<const double> scores) {
  detail::require_scores("ranking", scores);
  std::vector<Player> order(scores.size());
  std::iota(order.begin(), order.end(), Player{0});
  std::sort(order.begin(), order.end(), [&](Player a, Player b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  return order;
}

/// The ranking of anything with a score per player in `values`, such as an Estimate.
template <class Scored>
requires requires(const Scored& scored) {
  {std::span<const double>(scored.values)};
}
std::vector<Player> ranking(const Scored& scored) {
  return ranking(std::span<const double>(scored.values));
}

}  // namespace gtap
