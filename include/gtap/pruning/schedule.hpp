#pragma once

#include <gtap/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace gtap {

/// How many units leave (pruning) or come (building) before the players are scored again.
class Schedule {
 public:
  /// So many units a round.
  static Schedule units(std::size_t per_round) {
    if (per_round == 0) detail::fail("Schedule::units", "at least 1 unit a round", "0");
    return Schedule([per_round](std::size_t kept, bool pruning) {
      return pruning ? kept - std::min(kept, per_round) : kept + per_round;
    });
  }

  /// A part of the units kept at that time, in (0, 1], and at least one.
  static Schedule fraction(double per_round) {
    if (!(per_round > 0.0 && per_round <= 1.0)) {
      detail::fail("Schedule::fraction", "a fraction in (0, 1]", detail::text(per_round));
    }
    return Schedule([per_round](std::size_t kept, bool pruning) {
      const auto part = static_cast<std::size_t>(per_round * static_cast<double>(kept));
      const std::size_t units = std::max<std::size_t>(part, 1);
      return pruning ? kept - std::min(kept, units) : kept + units;
    });
  }

  /// Rounds end at these numbers of kept units, in any order given, and where the budget ends.
  static Schedule sizes(std::vector<std::size_t> kept_units) {
    std::sort(kept_units.begin(), kept_units.end());
    return Schedule([sizes = std::move(kept_units)](std::size_t kept, bool pruning) {
      if (pruning) {
        const auto below = std::lower_bound(sizes.begin(), sizes.end(), kept);
        return below == sizes.begin() ? std::size_t{0} : *(below - 1);
      }
      const auto above = std::upper_bound(sizes.begin(), sizes.end(), kept);
      return above == sizes.end() ? static_cast<std::size_t>(-1) : *above;
    });
  }

  /// All in one round.
  static Schedule one_round() { return sizes({}); }

  /// The number of units that are kept at the end of the round that starts with `kept` units; it
  /// may be past what there is.
  std::size_t next(std::size_t kept, bool pruning) const { return next_(kept, pruning); }

 private:
  using Next = std::function<std::size_t(std::size_t, bool)>;
  explicit Schedule(Next next) : next_(std::move(next)) {}

  Next next_;
};

}  // namespace gtap
