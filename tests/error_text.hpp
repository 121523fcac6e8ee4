#pragma once

#include <gtap/core/error.hpp>

#include <string>
#include <string_view>

/// The message of the gtap::Error that the action throws; empty when it throws none.
template <class Action>
std::string error_text(Action&& action) {
  try {
    action();
  } catch (const gtap::Error& error) {
    return error.what();
  }
  return {};
}

/// Whether the text has the part in it.
inline bool mentions(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}
