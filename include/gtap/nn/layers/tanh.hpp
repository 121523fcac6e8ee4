#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace gtap::nn {

/// Hyperbolic tangent.
struct Tanh {
  static constexpr std::string_view kind = "tanh";
  std::string name = {};

  kernels::Activation activation() const { return {.kind = kernels::Activation::tanh}; }
  bool backward_in_place() const { return true; }
  static constexpr Needed needs_output = Needed::value;

  template <class T>
  void backward(const BackwardTile<T>& t) const {
    detail::scale_gradient(t, [y = t.y](std::size_t i) { return T(1) - y[i] * y[i]; });
  }
};

}  // namespace gtap::nn
