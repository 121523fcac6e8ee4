#pragma once

#include <gtap/estimators/law.hpp>

#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <vector>

namespace gtap {
namespace detail {

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

}  // namespace detail

/// Beta Shapley (Kwon & Zou 2022): q from Beta(beta, alpha). (1, 1) is Shapley; a larger alpha
/// favours small coalitions. Both must be positive.
struct BetaShapley {
  double alpha = 1.0;
  double beta = 1.0;

  std::vector<double> log_weights(std::size_t players) const {
    check();
    // C(n-1,s) p_s is a Pólya distribution; its ratios need no gamma function.
    std::vector<double> log_sizes(players, 0.0);
    long double sum = 0.0L;
    for (std::size_t s = 1; s < players; ++s) {
      const auto k = static_cast<long double>(s);
      const auto left = static_cast<long double>(players - 1 - s);
      sum += std::log((left + 1.0L) / k * (k - 1.0L + static_cast<long double>(beta)) /
                      (left + static_cast<long double>(alpha)));
      log_sizes[s] = static_cast<double>(sum);
    }
    const double total = detail::log_sum_exp(log_sizes);
    const std::vector<double> binomials = detail::log_binomials(players - 1);
    for (std::size_t s = 0; s < players; ++s)
      log_sizes[s] -= total + binomials[s];
    return log_sizes;
  }

  /// By bisection: about 50 evaluations of the distribution function.
  double quantile(double u) const {
    check();
    double low = 0.0;
    double high = 1.0;
    for (int step = 0; step < 53; ++step) {
      const double middle = 0.5 * (low + high);
      (detail::beta_cdf(beta, alpha, middle) < u ? low : high) = middle;
    }
    return 0.5 * (low + high);
  }

  std::string name() const { return detail::text("BetaShapley(", alpha, ", ", beta, ")"); }

 private:
  void check() const {
    if (!(alpha > 0.0 && beta > 0.0) || std::isinf(alpha) || std::isinf(beta)) {
      detail::fail("BetaShapley", "positive alpha and beta", detail::text(alpha, ", ", beta));
    }
  }
};

}  // namespace gtap
