#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace gtap::nn {

/// 1 / (1 + exp(-x)).
struct Sigmoid {
  static constexpr std::string_view kind = "sigmoid";
  std::string name = {};

  kernels::Activation activation() const { return {.kind = kernels::Activation::sigmoid}; }
  bool backward_in_place() const { return true; }
  static constexpr Needed needs_output = Needed::value;

  template <class T>
  void backward(const BackwardTile<T>& t) const {
    detail::scale_gradient(t, [y = t.y](std::size_t i) { return y[i] * (T(1) - y[i]); });
  }
};

}  // namespace gtap::nn
