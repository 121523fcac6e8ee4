#pragma once

// NaN and infinity are how a wrong number is found, which such flags let a compiler assume away.
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ != 0
#error "gtap: compile without -ffast-math and -ffinite-math-only, which silence its checks for NaN"
#endif

#if !defined(__cpp_exceptions)
#error "gtap: compile without -fno-exceptions, since its errors are exceptions"
#endif

#include <gtap/core/target.hpp>

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gtap {

/// The one exception that gtap throws for a user's mistake: bad shapes, sizes, files or values.
/// `what()` reads "<where>: expected <expected>, got <came>".
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// The parts, written one after another as `operator<<` writes them.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

/// Throws the Error that says what was expected, what came, and where.
[[noreturn]] inline void fail(std::string_view where, std::string_view expected,
                              std::string_view came) {
  throw Error(text(where, ": expected ", expected, ", got ", came));
}

}  // namespace detail
}  // namespace gtap
