#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <string>
#include <string_view>

namespace gtap::nn {

/// max(x, 0).
struct Relu {
  static constexpr std::string_view kind = "relu";
  std::string name = {};

  kernels::Activation activation() const { return {.kind = kernels::Activation::relu}; }
  bool backward_in_place() const { return true; }
  static constexpr Needed needs_output = Needed::sign;
};

}  // namespace gtap::nn
