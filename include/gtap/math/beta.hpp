#pragma once

#include <gtap/core/target.hpp>

#include <cmath>
#include <numbers>

namespace gtap::math {

/// log of the gamma function for x > 0 (Lanczos 1964). The standard one writes a global variable.
inline double log_gamma(double x) {
  constexpr double coefficients[] = {
      676.5203681218851,  -1259.1392167224028,  771.32342877765313,    -176.61502916214059,
      12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7};
  double sum = 0.99999999999980993;
  for (int k = 0; k < 8; ++k)
    sum += coefficients[k] / (x + k);
  const double t = x + 6.5;
  return 0.5 * std::log(2.0 * std::numbers::pi) + (x - 0.5) * std::log(t) - t + std::log(sum);
}

/// The probability that a Beta(a, b) variable is at most x, a and b positive: by its continued
/// fraction (modified Lentz), from the side where that converges fast.
inline double beta_cdf(double a, double b, double x) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  if (x > (a + 1.0) / (a + b + 2.0)) return 1.0 - beta_cdf(b, a, 1.0 - x);
  const double tiny = 1e-300;
  double f = 1.0;
  double c = 1.0;
  double d = 0.0;
  for (int i = 0; i < 400; ++i) {
    const double m = i / 2;
    double term = 1.0;
    if (i > 0) {
      term = i % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                        : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    }
    d = 1.0 + term * d;
    d = 1.0 / (std::abs(d) < tiny ? tiny : d);
    c = 1.0 + term / c;
    if (std::abs(c) < tiny) c = tiny;
    f *= c * d;
    if (std::abs(1.0 - c * d) < 1e-15) break;
  }
  return std::exp(a * std::log(x) + b * std::log1p(-x) + log_gamma(a + b) - log_gamma(a) -
                  log_gamma(b)) *
         (f - 1.0) / a;
}

}  // namespace gtap::math
