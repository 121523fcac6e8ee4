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
template <class T>
struct PlacedLayer {
  Layer<T> layer;
  std::vector<std::string> inputs;

  template <class L>
  requires(!std::same_as<std::remove_cvref_t<L>, PlacedLayer> && std::convertible_to<L, Layer<T>>)
      PlacedLayer(L&& l, std::vector<std::string> reads = {})
      : layer(std::forward<L>(l)), inputs(std::move(reads)) {}
};

/// One layer in its place, with its parameters.
template <class T>
struct Node : Parameters<T> {
  std::string name;
  Layer<T> layer;
  std::vector<std::size_t> inputs;  ///< nodes before this one, or network_input
  std::vector<Shape> ins;           ///< shapes of the inputs
  Shape in;                         ///< and of the first one
  Shape out;

  Node(std::string named, Layer<T> made, std::vector<std::size_t> reads, std::vector<Shape> shapes)
      : name(std::move(named)),
        layer(std::move(made)),
        inputs(std::move(reads)),
        ins(std::move(shapes)),
        in(ins[0]),
        out(layer.output_shape(ins, name)) {
    this->allocate(layer.parameter_shape(ins));
  }

  /// How channels of an input become channels of the output.
  ChannelMap channel_map(std::size_t input) const { return layer.channel_map(ins, input); }

  /// Multiply-adds of weights for one image; what other layers do is not counted.
  std::size_t macs() const {
    const bool mixes =
        this->weight.size() > 0 && (layer.is_mixing() || channel_map(0).kind == ChannelMap::mixes);
    return mixes ? static_cast<std::size_t>(this->weight.size()) * out.pixels() : 0;
  }
};

}  // namespace gtap::nn
