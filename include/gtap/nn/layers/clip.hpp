#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <cmath>
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

  kernels::Activation activation() const {
    return {.kind = kernels::Activation::clip, .low = low, .high = high};
  }

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require(std::isfinite(low) && std::isfinite(high) && low < high, node,
                    "finite limits, the lower one first", detail::text(low, " and ", high));
    return in[0];
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("low", self.low);
    visit("high", self.high);
  }
};

}  // namespace gtap::nn
