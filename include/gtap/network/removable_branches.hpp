#pragma once

#include <gtap/network/detail/branches.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/kept_channels.hpp>
#include <gtap/nn/network.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace gtap {

/// The same units, of which a branch may lose all: compact() leaves it out where something else
/// leads around it, as in a residual block, and layer_constraints() asks for nothing of it. A node
/// whose loss would cut the network, or leave what no smaller network gives, still keeps one unit.
/// `net` is the network of these units; costs a look at all nodes for each of them.
template <class T>
Units removable_branches(const nn::Network<T>& net, Units units) {
  units.check_network(net, "removable_branches");
  std::vector<bool> may_be_empty(units.nodes(), false);
  Coalition kept = Coalition::grand(units.size());
  for (std::size_t i = 0; i < units.nodes(); ++i) {
    Coalition fewer = kept;
    for (const Player p : units.players(i)) {
      if (p != Units::nobody) fewer.erase(p);
    }
    const nn::KeptChannels left = units.mask(fewer);
    // Together with those before, so that all of them may go at once.
    if (!left[i].empty() || !detail::flows(net, left)) continue;
    may_be_empty[i] = true;
    kept = std::move(fewer);
  }
  units.let_go(std::move(may_be_empty));
  return units;
}

}  // namespace gtap
