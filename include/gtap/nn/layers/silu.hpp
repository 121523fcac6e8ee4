#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// x / (1 + exp(-x)), also called Swish.
struct SiLU {
  static constexpr std::string_view kind = "silu";
  std::string name = {};

  static constexpr bool in_place = true;
  kernels::Activation activation() const { return {.kind = kernels::Activation::silu}; }

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
