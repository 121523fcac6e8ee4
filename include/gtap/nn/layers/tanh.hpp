#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// Hyperbolic tangent.
struct Tanh {
  static constexpr std::string_view kind = "tanh";
  std::string name = {};

  static constexpr bool in_place = true;
  kernels::Activation activation() const { return {.kind = kernels::Activation::tanh}; }
  bool backward_in_place() const { return true; }
  static constexpr Needed needs_output = Needed::value;

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
    detail::scale_gradient(t, [y = t.y](std::size_t i) { return T(1) - y[i] * y[i]; });
  }
};

}  // namespace gtap::nn
