#pragma once

#include <gtap/core/coalition.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace gtap {

/// Players of which at least `min` and at most `max` may be kept, such as the units of a layer.
/// One always stays by default, because an emptied layer cuts a network in two.
struct Quota {
  std::string name;
  std::vector<Player> players;
  std::size_t min = 1;
  std::size_t max = std::numeric_limits<std::size_t>::max();
};

/// What every procedure respects, before any budget. Quotas share no player.
struct Constraints {
  std::vector<Quota> quotas{};
  std::vector<Player> must_keep{};
};

}  // namespace gtap
