#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// x, but not below `low` and not above `high`; ReLU6 as it stands.
struct Clip {
  static constexpr std::string_view kind = "clip";
  double low = 0.0;
  double high = 6.0;
  std::string name = {};

  static constexpr bool in_place = true;
  kernels::Activation activation() const {
    return {.kind = kernels::Activation::clip, .low = low, .high = high};
  }

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require(std::isfinite(low) && std::isfinite(high) && low < high, node,
                    "finite limits, the lower one first", detail::text(low, " and ", high));
    return in[0];
  }
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
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("low", self.low);
    visit("high", self.high);
  }
};

}  // namespace gtap::nn
