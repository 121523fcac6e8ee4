#pragma once

#include <gtap/nn/layer.hpp>
#include <gtap/nn/parameters.hpp>

#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace gtap::nn {

/// Stands among a node's inputs for the network's own input.
inline constexpr std::size_t network_input = std::numeric_limits<std::size_t>::max();

/// A layer and the names of what it reads: nodes before it, or "input" for the network's input.
/// Without names it reads the node before it, the first one the network's input.
struct PlacedLayer {
  Layer layer;
  std::vector<std::string> inputs;

  template <class L>
  requires(!std::same_as<std::remove_cvref_t<L>, PlacedLayer> && std::convertible_to<L, Layer>)
      PlacedLayer(L&& l, std::vector<std::string> reads = {})
      : layer(std::forward<L>(l)), inputs(std::move(reads)) {}
};

/// One layer in its place, with its parameters.
template <class T>
struct Node : Parameters<T> {
  std::string name;
  Layer layer;
  std::vector<std::size_t> inputs;  ///< nodes before this one, or network_input
  std::vector<Shape> ins;           ///< shapes of the inputs
  Shape in;                         ///< and of the first one
  Shape out;

  /// How channels of an input become channels of the output.
  ChannelMap channel_map(std::size_t input) const { return nn::channel_map(layer, ins, input); }

  /// Multiply-adds of weights for one image; what other layers do is not counted.
  std::size_t macs() const {
    const auto products = static_cast<std::size_t>(this->weight.size()) * out.pixels();
    if (is_mixing(layer)) return products;
    const bool mixes = std::holds_alternative<OwnLayer>(layer) && this->weight.size() > 0 &&
                       channel_map(0).kind == ChannelMap::mixes;
    return mixes ? products : 0;
  }
};

}  // namespace gtap::nn
