#include <gtap/io/detail/half.hpp>

#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

TEST_CASE("Half precision is read as IEEE 754 defines it, all 65536 patterns") {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const double sign = bits >= 0x8000 ? -1.0 : 1.0;
    const std::uint32_t exponent = bits / 1024 % 32;
    const double fraction = bits % 1024 / 1024.0;
    const float value = gtap::detail::from_f16(static_cast<std::uint16_t>(bits));
    INFO(bits);
    if (exponent == 31 && fraction != 0.0) {
      REQUIRE(std::isnan(value));
    } else if (exponent == 31) {
      REQUIRE(value == sign * std::numeric_limits<double>::infinity());
    } else if (exponent == 0) {
      REQUIRE(value == sign * fraction * std::pow(2.0, -14));
    } else {
      REQUIRE(value == sign * (1.0 + fraction) * std::pow(2.0, static_cast<int>(exponent) - 15));
    }
    REQUIRE(std::signbit(value) == (bits >= 0x8000));
  }
}

TEST_CASE("bfloat16 is the upper half of a float") {
  CHECK(gtap::detail::from_bf16(0x3F80) == 1.0f);
  CHECK(gtap::detail::from_bf16(0xC049) == -3.140625f);
  CHECK(gtap::detail::from_bf16(0x0001) == 0x1p-133f);
  CHECK(gtap::detail::from_bf16(0x7F7F) == 0x1.FEp127f);
  CHECK(std::isinf(gtap::detail::from_bf16(0xFF80)));
  CHECK(std::isnan(gtap::detail::from_bf16(0x7FC0)));
  CHECK(std::signbit(gtap::detail::from_bf16(0x8000)));
}
