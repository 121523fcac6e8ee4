#pragma once

#include <gtap/nn/channels.hpp>
#include <gtap/nn/network.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gtap::nn {

/// A mask: the channels that are present at the output of each node, increasing, kept[i] for node
/// i. The others are neither computed nor read, as if they were zero.
using KeptChannels = std::vector<std::vector<std::uint32_t>>;

/// The mask in which nothing is absent.
template <class T>
KeptChannels all_kept(const Network<T>& net) {
  KeptChannels mask;
  for (const Node<T>& node : net.nodes())
    mask.push_back(detail::all_channels(node.out.channels));
  return mask;
}

/// Throws unless `mask` has a strictly increasing list of existing channels for each node, no node
/// has a channel whose source is absent, and outputs and what needs all channels have all.
template <class T>
void check_kept(const Network<T>& net, const KeptChannels& mask) {
  const auto nodes = net.nodes();
  if (mask.size() != nodes.size()) {
    detail::fail("mask", detail::text("lists of channels for ", nodes.size(), " nodes"),
                 detail::text(mask.size()));
  }
  const auto whole = [&](std::size_t i) {
    if (mask[i].size() == nodes[i].out.channels) return;
    detail::fail("mask",
                 detail::text("all ", nodes[i].out.channels, " channels of ", nodes[i].name),
                 detail::text(mask[i].size()));
  };
  std::vector<bool> left;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node<T>& node = nodes[i];
    for (std::size_t k = 0; k < mask[i].size(); ++k) {
      const bool in_order = k == 0 || mask[i][k - 1] < mask[i][k];
      if (!in_order || mask[i][k] >= node.out.channels) {
        detail::fail(
            "mask",
            detail::text("increasing channels below ", node.out.channels, " of ", node.name),
            detail::text("channel ", mask[i][k], " at place ", k));
      }
    }
    for (std::size_t input = 0; input < node.inputs.size(); ++input) {
      const std::size_t from = node.inputs[input];
      const ChannelMap map = node.channel_map(input);
      if (from == network_input) continue;
      if (map.kind == ChannelMap::needs_all) whole(from);
      if (!map.ties()) continue;
      left.assign(node.out.channels, true);
      std::size_t next = 0;
      for (std::size_t c = 0; c < node.ins[input].channels; ++c) {
        const bool there = next < mask[from].size() && mask[from][next] == c;
        if (there) ++next;
        if (!there) map.for_outputs(c, node.out.channels, [&](std::size_t o) { left[o] = false; });
      }
      for (const std::uint32_t c : mask[i]) {
        if (!left[c]) {
          detail::fail("mask",
                       detail::text("channels of ", node.name, " whose sources are present"),
                       detail::text("channel ", c, " without that of ", nodes[from].name));
        }
      }
    }
  }
  whole(nodes.size() - 1);
}

}  // namespace gtap::nn
