#pragma once

#include <gtap/network/units.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/stages.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gtap {

/// A coalition as a mask by layer: the kept channels of each hidden stage, which nn::forward and
/// nn::evaluate take. Layers without players are whole.
template <class T>
nn::KeptChannels kept_channels(const nn::Network<T>& net, const Units& units,
                               const Coalition& kept) {
  units.check(kept, "kept_channels");
  const nn::Stages cut = nn::stages(net);
  nn::KeptChannels lists(cut.hidden());
  for (std::size_t s = 0; s < cut.hidden(); ++s) {
    const UnitLayer* players = nullptr;
    for (const UnitLayer& layer : units.layers()) {
      if (layer.node == cut.stages[s].mixing) players = &layer;
    }
    for (std::size_t c = 0; c < cut.stages[s].units; ++c) {
      if (players == nullptr || kept.contains(players->first + static_cast<Player>(c))) {
        lists[s].push_back(static_cast<std::uint32_t>(c));
      }
    }
  }
  return lists;
}

}  // namespace gtap
