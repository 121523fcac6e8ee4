#pragma once

#include <gtap/network/units.hpp>
#include <gtap/pruning/constraints.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// Groups of players of which at least `least` must stay, so that no node of the network is left
/// without channels, which compact() would refuse. In a chain there is one for each layer. Where
/// nodes share players, as by slices, the smaller node has the quota.
inline Constraints layer_constraints(const Units& units, std::size_t least = 1) {
  std::vector<Quota> nodes;
  for (std::size_t i = 0; i < units.nodes(); ++i) {
    const auto players = units.players(i);
    if (players.empty() ||
        std::find(players.begin(), players.end(), Units::nobody) != players.end())
      continue;
    Quota quota{
        .name = units.node_name(i), .players = {players.begin(), players.end()}, .min = least};
    std::sort(quota.players.begin(), quota.players.end());
    quota.players.erase(std::unique(quota.players.begin(), quota.players.end()),
                        quota.players.end());
    nodes.push_back(std::move(quota));
  }
  std::stable_sort(nodes.begin(), nodes.end(), [](const Quota& a, const Quota& b) {
    return a.players.size() < b.players.size();
  });
  std::vector<bool> taken(units.size(), false);
  Constraints constraints;
  for (Quota& quota : nodes) {
    if (std::any_of(quota.players.begin(), quota.players.end(), [&](Player p) { return taken[p]; }))
      continue;
    for (const Player p : quota.players)
      taken[p] = true;
    constraints.quotas.push_back(std::move(quota));
  }
  std::sort(constraints.quotas.begin(), constraints.quotas.end(),
            [](const Quota& a, const Quota& b) { return a.players[0] < b.players[0]; });
  return constraints;
}

}  // namespace gtap
