#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <string>
#include <string_view>

namespace gtap::nn {

/// x / (1 + exp(-x)), also called Swish.
struct SiLU {
  static constexpr std::string_view kind = "silu";
  std::string name = {};

  kernels::Activation activation() const { return {.kind = kernels::Activation::silu}; }
};

}  // namespace gtap::nn
