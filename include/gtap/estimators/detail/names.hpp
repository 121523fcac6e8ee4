#pragma once

#include <gtap/core/error.hpp>

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace gtap::detail {

/// The fewest digits that tell the number from all others.
inline std::string shortest(double number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  return std::string(digits, end.ptr);
}

/// A name and what stands behind it: "band:0.2:0.5" is "band", "0.2", "0.5".
inline std::vector<std::string_view> parts_of_name(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::size_t colon = name.find(':'); colon != std::string_view::npos;
       colon = name.find(':')) {
    parts.push_back(name.substr(0, colon));
    name.remove_prefix(colon + 1);
  }
  parts.push_back(name);
  return parts;
}

/// The number that is written there, and nothing else; whether it is one.
template <class Number>
bool parse_number(std::string_view digits, Number& out) {
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return end.ec == std::errc() && end.ptr == digits.data() + digits.size();
}

}  // namespace gtap::detail
