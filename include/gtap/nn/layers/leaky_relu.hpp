#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <cmath>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// x where positive, slope * x elsewhere.
struct LeakyRelu {
  static constexpr std::string_view kind = "leakyrelu";
  double slope = 0.01;
  std::string name = {};

  kernels::Activation activation() const {
    return {.kind = kernels::Activation::leaky_relu, .slope = slope};
  }
  bool backward_in_place() const { return slope > 0.0; }
  static constexpr Needed needs_output = Needed::sign;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require(std::isfinite(slope), node, "a finite slope", detail::text(slope));
    return in[0];
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("slope", self.slope);
  }
};

}  // namespace gtap::nn
