#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <string>
#include <string_view>

namespace gtap::nn {

/// x / 6 + 1 / 2, but not below 0 and not above 1, as in PyTorch.
struct HardSigmoid {
  static constexpr std::string_view kind = "hardsigmoid";
  std::string name = {};

  kernels::Activation activation() const { return {.kind = kernels::Activation::hard_sigmoid}; }
};

}  // namespace gtap::nn
