#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// max(x, 0).
struct Relu {
  static constexpr std::string_view kind = "relu";
  std::string name = {};

  static constexpr bool in_place = true;
  kernels::Activation activation() const { return {.kind = kernels::Activation::relu}; }
  bool backward_in_place() const { return true; }
  static constexpr Needed needs_output = Needed::sign;

  Shape output_shape(std::span<const Shape> in, std::string_view) const { return in[0]; }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    detail::forward_pointwise(activation(), t);
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    detail::backward_pointwise(activation(), t);
  }
};

}  // namespace gtap::nn
