#pragma once

#include <gtap/nn/layers/pointwise.hpp>

#include <string>
#include <string_view>

namespace gtap::nn {

/// x Phi(x) with the normal distribution function Phi (the exact form, by erf).
struct Gelu {
  static constexpr std::string_view kind = "gelu";
  std::string name = {};

  kernels::Activation activation() const { return {.kind = kernels::Activation::gelu}; }
};

}  // namespace gtap::nn
