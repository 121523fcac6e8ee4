#pragma once

#include <gtap/core/target.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace gtap::detail {

/// The number that 16 bits of IEEE 754 binary16 mean, which a float holds exactly.
inline float from_f16(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const auto fraction = static_cast<float>(bits & 0x3FF);
  float magnitude = 0.0f;
  if (exponent == 0) {
    magnitude = std::ldexp(fraction, -24);
  } else if (exponent < 31) {
    magnitude = std::ldexp(1024.0f + fraction, exponent - 25);
  } else {
    magnitude = fraction == 0.0f ? std::numeric_limits<float>::infinity()
                                 : std::numeric_limits<float>::quiet_NaN();
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

/// The number that 16 bits of bfloat16 mean: the upper half of a float.
inline float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

}  // namespace gtap::detail
