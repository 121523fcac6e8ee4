#pragma once

#include <gtap/core/error.hpp>

#include <string>

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
