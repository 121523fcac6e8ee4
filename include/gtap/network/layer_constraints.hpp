#pragma once

#include <gtap/network/units.hpp>
#include <gtap/pruning/constraints.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// Groups of players of which at least `least` must stay, so that no node of the network is left
/// without channels, which compact() would refuse. In a chain there is one for each layer. Where
/// nodes share players, as by slices, the smaller node has the quota. Branches that the units let
/// go have none.
inline Constraints layer_constraints(const Units& units, std::size_t least = 1) {
  std::vector<Quota> nodes;
  for (std::size_t i = 0; i < units.nodes(); ++i) {
    const auto players = units.players(i);
    if (players.empty() || units.may_be_empty(i) ||
        std::find(players.begin(), players.end(), Units::nobody) != players.end())
      continue;
    Quota quota{
        .name = units.node_name(i), .players = {players.begin(), players.end()}, .min = least};
    std::sort(quota.players.begin(), quota.players.end());
    quota.players.erase(std::unique(quota.players.begin(), quota.players.end()),
                        quota.players.end());
    nodes.push_back(std::move(quota));
  }
  std::vector<std::size_t> order(nodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const std::size_t of_a = nodes[a].players.size();
    const std::size_t of_b = nodes[b].players.size();
    return of_a != of_b ? of_a < of_b : a < b;
  });
  std::vector<bool> taken(units.size(), false);
  Constraints constraints;
  for (const std::size_t k : order) {
    Quota& quota = nodes[k];
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
