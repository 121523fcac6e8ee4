#pragma once

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

}  // namespace gtap::detail
