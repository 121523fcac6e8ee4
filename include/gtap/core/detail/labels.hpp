#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::detail {

/// Labels of players may be left out, but not some of them.
inline void require_labels(std::string_view where, std::size_t players,
                           std::span<const std::string> labels) {
  if (!labels.empty() && labels.size() != players) {
    fail(where, text(players, " labels, one for each player"), text(labels.size()));
  }
}

/// A player by its label, or by its number where there are none.
inline std::string player_name(std::span<const std::string> labels, Player p) {
  return labels.empty() ? text("player ", p) : labels[p];
}

}  // namespace gtap::detail
