#pragma once

#include <gtap/network/units.hpp>
#include <gtap/nn/channels.hpp>
#include <gtap/nn/network.hpp>

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace gtap {

namespace detail {

/// What of one node is left when units go: its input and output channels that stay, in the old
/// numbering and increasing, and the groups of a convolution.
struct Slice {
  std::vector<std::size_t> in;
  std::vector<std::size_t> out;
  std::size_t groups = 1;
};

/// A grouped convolution stays grouped when each of its groups keeps as many inputs and outputs as
/// the others, or nothing. Otherwise it becomes an ungrouped one, with zeros for weights between
/// groups: that is the only form that computes the same.
template <class T>
std::size_t groups_left(const nn::Node<T>& node, const nn::Conv2d& conv, const Slice& slice) {
  std::vector<std::size_t> in(conv.groups);
  std::vector<std::size_t> out(conv.groups);
  for (const std::size_t c : slice.in)
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

/// What is left of each node of the network when only these units are kept. Throws when a layer
/// would be empty, naming it and `where`.
template <class T>
std::vector<Slice> slices(const char* where, const nn::Network<T>& net, const Units& units,
                          const Coalition& kept) {
  units.check(kept, where);
  const std::vector<std::size_t> counts = units.count(kept);
  for (std::size_t l = 0; l < counts.size(); ++l) {
    if (counts[l] == 0) {
      fail(where, "at least one unit kept in layer \"" + units.layers()[l].name + "\"", "none");
    }
  }
  std::vector<Slice> result;
  for (std::size_t i = 0; i < net.nodes().size(); ++i) {
    const nn::Node<T>& node = net.nodes()[i];
    Slice slice;
    slice.in = i == 0 ? nn::detail::all_channels<std::size_t>(node.in.channels) : result.back().out;
    if (nn::is_mixing(node.layer)) {
      slice.out = nn::detail::all_channels<std::size_t>(node.out.channels);
      for (const UnitLayer& layer : units.layers()) {
        if (layer.node != i) continue;
        slice.out.clear();
        for (std::size_t c = 0; c < layer.count; ++c) {
          if (kept.contains(layer.first + static_cast<Player>(c))) slice.out.push_back(c);
        }
      }
    } else if (std::holds_alternative<nn::Flatten>(node.layer)) {
      for (const std::size_t c : slice.in) {
        for (std::size_t p = 0; p < node.in.pixels(); ++p) {
          slice.out.push_back(c * node.in.pixels() + p);
        }
      }
    } else {
      slice.out = slice.in;
    }
    if (const auto* conv = std::get_if<nn::Conv2d>(&node.layer)) {
      slice.groups = groups_left(node, *conv, slice);
    }
    result.push_back(std::move(slice));
  }
  return result;
}

}  // namespace detail
}  // namespace gtap
