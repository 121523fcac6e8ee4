#pragma once

#include <gtap/network/detail/branches.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/channels.hpp>
#include <gtap/nn/network.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gtap::detail {

/// What of one node is left when units go: the inputs that stay, their channels and those of its
/// output, in the old numbering and increasing, and the groups of a convolution.
struct Slice {
  std::vector<std::size_t> reads;            ///< nodes before, or the network's input
  std::vector<std::vector<std::size_t>> in;  ///< by input that stays
  std::vector<std::size_t> out;
  std::size_t groups = 1;
  bool needed = true;   ///< else the node is of a branch that is gone
  bool affine = false;  ///< a sum or product of which one part is left, the others being constant
};

/// A grouped convolution stays grouped when each of its groups keeps as many inputs and outputs as
/// the others, or nothing. Otherwise it becomes an ungrouped one, with zeros for weights between
/// groups: that is the only form that computes the same.
template <class T>
std::size_t groups_left(const nn::Node<T>& node, const nn::Conv2d& conv, const Slice& slice) {
  std::vector<std::size_t> in(conv.groups);
  std::vector<std::size_t> out(conv.groups);
  for (const std::size_t c : slice.in[0])
    ++in[c / (node.in.channels / conv.groups)];
  for (const std::size_t c : slice.out)
    ++out[c / (node.out.channels / conv.groups)];
  std::size_t left = 0;
  std::size_t first = 0;
  for (std::size_t g = 0; g < conv.groups; ++g) {
    if (in[g] == 0 && out[g] == 0) continue;
    if (left == 0) first = g;
    if (in[g] == 0 || out[g] == 0 || in[g] != in[first] || out[g] != out[first]) return 1;
    ++left;
  }
  return left;
}

/// What is left of each node of the network when only these units are kept. Throws when a node
/// would be without channels, naming it and `where`, unless the units let that branch go.
template <class T>
std::vector<Slice> slices(const char* where, const nn::Network<T>& net, const Units& units,
                          const Coalition& kept) {
  units.check(kept, where);
  units.check_network(net, where);
  const nn::KeptChannels mask = units.mask(kept);
  const auto emptied =
      std::find_if(mask.begin(), mask.end(), [](const auto& channels) { return channels.empty(); });
  const auto flow = emptied == mask.end() || units.branches_may_go()
                        ? flows(net, mask)
                        : std::optional<std::vector<Flow>>();
  if (!flow) {
    const auto i = static_cast<std::size_t>(emptied - mask.begin());
    fail(where, "at least one unit kept in layer \"" + net.nodes()[i].name + "\"", "none");
  }
  const std::vector<bool> is_needed = needed(net, *flow);
  const auto numbers = [](const std::vector<std::uint32_t>& list) {
    return std::vector<std::size_t>(list.begin(), list.end());
  };
  std::vector<Slice> result;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const nn::Node<T>& node = net.nodes()[i];
    Slice slice;
    slice.needed = is_needed[i];
    for (const std::size_t from : node.inputs) {
      if (from == nn::network_input) {
        slice.in.push_back(nn::detail::all_channels<std::size_t>(net.input().channels));
      } else if ((*flow)[from] == Flow::live) {
        slice.in.push_back(numbers(mask[from]));
      } else {
        slice.affine = slice.affine || (*flow)[from] == Flow::constant;
        continue;
      }
      slice.reads.push_back(from);
    }
    slice.out = numbers(mask[i]);
    const auto* conv = nn::as<nn::Conv2d>(node.layer);
    if (conv != nullptr && slice.needed) slice.groups = groups_left(node, *conv, slice);
    result.push_back(std::move(slice));
  }
  return result;
}

/// The layer of the smaller network, with the node's name.
template <class T>
nn::Layer<T> sliced_layer(const nn::Node<T>& node, const Slice& slice) {
  if (slice.affine) return nn::BatchNorm{.name = node.name};
  if (slice.reads.size() < node.inputs.size() && slice.reads.size() == 1) {
    return nn::ChannelSlice{.count = slice.out.size(), .name = node.name};
  }
  nn::Layer<T> layer = node.layer;
  const std::vector<std::size_t>& in = slice.in[0];
  const bool whole = slice.out.size() == node.out.channels && in.size() == node.in.channels;
  if (auto* dense = nn::as<nn::Dense>(layer)) {
    dense->out = slice.out.size();
  } else if (auto* conv = nn::as<nn::Conv2d>(layer)) {
    conv->out = slice.out.size();
    conv->groups = slice.groups;
  } else if (auto* part = nn::as<nn::ChannelSlice>(layer)) {
    const auto first = std::lower_bound(in.begin(), in.end(), part->first);
    part->first = static_cast<std::size_t>(first - in.begin());
    part->count = slice.out.size();
  } else if (node.channel_map(0).kind == nn::ChannelMap::selects && !whole) {
    const std::vector<std::int64_t> from = node.channel_map(0).from;
    nn::ChannelSelect select;
    for (const std::size_t c : slice.out) {
      const auto source = static_cast<std::size_t>(from[c]);
      const auto at = std::lower_bound(in.begin(), in.end(), source);
      const bool there = from[c] >= 0 && at != in.end() && *at == source;
      select.channels.push_back(there ? at - in.begin() : -1);
    }
    layer = std::move(select);
  } else {
    layer = layer.left(slice.in, slice.out);
  }
  layer.set_name(node.name);
  return layer;
}

}  // namespace gtap::detail
