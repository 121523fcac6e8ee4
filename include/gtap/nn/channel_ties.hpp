#pragma once

#include <gtap/nn/network.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace gtap::nn {

/// Which channels of a network stand or fall together, found by union over the channel maps of its
/// nodes. A *place* is a channel of a node's output; places that are tied form a class.
///
/// An addition ties what it adds, a concatenation shifts, a flattening spreads, a depthwise
/// convolution hands on. A selection (padding) ties nothing, because an absent channel is as good
/// as one of zeros; only where nothing else makes a channel does it follow its source.
class ChannelTies {
 public:
  template <class T>
  explicit ChannelTies(const Network<T>& net) {
    first_.push_back(0);  // the network's input
    std::size_t places = net.input().channels;
    for (const Node<T>& node : net.nodes()) {
      first_.push_back(places);
      places += node.out.channels;
    }
    parent_.resize(places);
    std::iota(parent_.begin(), parent_.end(), std::uint32_t{0});
    fixed_.assign(places, false);
    made_.assign(places, false);
    for (std::size_t i = 0; i < net.nodes().size(); ++i)
      tie(net.nodes()[i], i);
    for (std::size_t c = 0; c < net.input().channels; ++c)
      fixed_[root(c)] = true;
    for (std::size_t c = 0; c < net.output().channels; ++c)
      fixed_[root(place(net.nodes().size() - 1, c))] = true;
    for (std::size_t i = 0; i < net.nodes().size(); ++i)
      follow(net.nodes()[i], i);
  }

  /// The same number for places of one class.
  std::size_t group(std::size_t node, std::size_t channel) const {
    return root(place(node, channel));
  }

  /// Whether a class may be absent: a layer that mixes makes it, and neither the network's inputs
  /// and outputs nor what needs all of its inputs are among it.
  bool removable(std::size_t group) const { return made_[group] && !fixed_[group]; }

  std::size_t places() const { return parent_.size(); }

  /// Whether a node makes channels out of others, so that they are units: of any input.
  template <class T>
  static bool makes(const Node<T>& node) {
    return node.channel_map(0).kind == ChannelMap::mixes;
  }

 private:
  std::size_t place(std::size_t node, std::size_t channel) const {
    return first_[node + 1] + channel;
  }
  std::size_t source(std::size_t from, std::size_t channel) const {
    return from == network_input ? channel : place(from, channel);
  }

  std::size_t root(std::size_t p) const {
    while (parent_[p] != p)
      p = parent_[p];
    return p;
  }

  void unite(std::size_t a, std::size_t b) {
    std::size_t x = root(a);
    std::size_t y = root(b);
    if (x == y) return;
    if (y < x) std::swap(x, y);
    parent_[y] = static_cast<std::uint32_t>(x);
    for (const std::size_t p : {a, b})  // short ways for the next who ask
      parent_[p] = static_cast<std::uint32_t>(x);
    fixed_[x] = fixed_[x] || fixed_[y];
    made_[x] = made_[x] || made_[y];
  }

  template <class T>
  void tie(const Node<T>& node, std::size_t i) {
    for (std::size_t input = 0; input < node.inputs.size(); ++input) {
      const ChannelMap map = node.channel_map(input);
      for (std::size_t c = 0; c < node.ins[input].channels; ++c) {
        const std::size_t from = source(node.inputs[input], c);
        if (map.kind == ChannelMap::needs_all) fixed_[root(from)] = true;
        if (!map.ties()) continue;
        map.for_outputs(c, node.out.channels, [&](std::size_t o) { unite(from, place(i, o)); });
      }
    }
    if (!makes(node)) return;
    for (std::size_t c = 0; c < node.out.channels; ++c)
      made_[root(place(i, c))] = true;
  }

  /// Channels of a selection that nothing else makes.
  template <class T>
  void follow(const Node<T>& node, std::size_t i) {
    const ChannelMap map = node.channel_map(0);
    if (map.kind != ChannelMap::selects) return;
    for (std::size_t c = 0; c < map.from.size(); ++c) {
      const std::size_t own = root(place(i, c));
      if (map.from[c] < 0 || made_[own] || fixed_[own]) continue;
      unite(source(node.inputs[0], static_cast<std::size_t>(map.from[c])), place(i, c));
    }
  }

  std::vector<std::size_t> first_;  // place of the first channel: of the input, then by node
  std::vector<std::uint32_t> parent_;
  std::vector<bool> fixed_;  // by root
  std::vector<bool> made_;   // by root
};

}  // namespace gtap::nn
