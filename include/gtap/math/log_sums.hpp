#pragma once

#include <gtap/core/target.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace gtap::math {

/// log of the sum of exp(term), at least one; without overflow.
inline double log_sum_exp(std::span<const double> terms) {
  const double largest = *std::max_element(terms.begin(), terms.end());
  if (std::isinf(largest)) return largest;
  double sum = 0.0;
  for (const double term : terms)
    sum += std::exp(term - largest);
  return largest + std::log(sum);
}

/// a log(q), with 0 log 0 = 0.
inline double times_log(double a, double q) {
  return a == 0.0 ? 0.0 : a * std::log(q);
}

/// log C(n, k) for k = 0 .. n.
inline std::vector<double> log_binomials(std::size_t n) {
  std::vector<double> logs(n + 1, 0.0);
  long double sum = 0.0L;
  for (std::size_t k = 1; k <= n; ++k) {
    sum += std::log(static_cast<long double>(n - k + 1)) - std::log(static_cast<long double>(k));
    logs[k] = static_cast<double>(sum);
  }
  return logs;
}

}  // namespace gtap::math
