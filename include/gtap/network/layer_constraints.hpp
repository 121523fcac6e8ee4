#pragma once

#include <gtap/network/units.hpp>
#include <gtap/pruning/constraints.hpp>

#include <cstddef>
#include <utility>

namespace gtap {

/// One quota for each layer, of which at least `least` must stay: without this a
/// procedure may empty a layer, and the network with it.
inline Constraints layer_constraints(const Units& units, std::size_t least = 1) {
  Constraints constraints;
  for (const UnitLayer& layer : units.layers()) {
    Quota quota{.name = layer.name, .players = {}, .min = least};
    for (std::size_t c = 0; c < layer.count; ++c) {
      quota.players.push_back(layer.first + static_cast<Player>(c));
    }
    constraints.quotas.push_back(std::move(quota));
  }
  return constraints;
}

}  // namespace gtap
