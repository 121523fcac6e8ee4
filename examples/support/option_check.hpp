#pragma once

#include <gtap/execution/thread_pool.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <sstream>
#include <string>
#include <system_error>

namespace support {

inline constexpr std::uint64_t largest_seed = std::numeric_limits<std::uint64_t>::max();

/// An option's transform: decimal digits from `least` to `most`. Left to itself, CLI11 takes -1 for
/// 2^64 - 1, as it does what is too large, and 010 for 8.
inline CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  const std::string range =
      "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        std::uint64_t value = 0;
        const char* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        if (error != std::errc{} || stop != end || value < least || value > most) {
          return "expected " + range + ", got \"" + text + '"';
        }
        text = std::to_string(value);
        return "";
      },
      std::to_string(least) + (most == largest_seed ? " or more" : ".." + std::to_string(most)),
      "whole_number");
}

/// An option's check: a finite number above 0. CLI11's own lets NaN and infinity through.
inline std::string positive_number(const std::string& text) {
  std::istringstream in(text);
  double value = 0.0;
  const bool sound = in >> value && in.peek() == EOF && std::isfinite(value) && value > 0.0;
  return sound ? "" : "expected a finite number above 0, got \"" + text + '"';
}

}  // namespace support
