#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <string>
#include <string_view>

namespace gtap::nn {

/// x times HardSigmoid of x, as in PyTorch.
struct HardSwish {
  static constexpr std::string_view kind = "hardswish";
  std::string name = {};

  kernels::Activation activation() const { return {.kind = kernels::Activation::hard_swish}; }
};

}  // namespace gtap::nn
