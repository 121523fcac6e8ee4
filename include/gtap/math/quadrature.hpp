#pragma once

#include <gtap/math/log_sums.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

namespace gtap::math {

/// A point of a rule and what the function counts there.
struct QuadratureNode {
  double at;      // in [0, 1]
  double weight;  // all sum to 1
};

/// The Gauss-Legendre rule with `count` nodes on [0, 1]: exact for polynomials of degree
/// 2 count - 1.
inline std::vector<QuadratureNode> gauss_legendre(std::size_t count) {
  std::vector<QuadratureNode> nodes(count);
  const auto n = static_cast<double>(count);
  for (std::size_t i = 0; i < count; ++i) {
    double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (n + 0.5));
    double slope = 1.0;
    for (int step = 0; step < 100; ++step) {  // Newton's method on the Legendre polynomial
      double before = 1.0;
      double value = x;
      for (double k = 2.0; k <= n; k += 1.0) {
        const double next = ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k;
        before = value;
        value = next;
      }
      slope = n * (x * value - before) / (x * x - 1.0);
      const double change = value / slope;
      x -= change;
      if (std::abs(change) < 1e-15) break;
    }
    nodes[count - 1 - i] = {0.5 * (1.0 + x), 1.0 / ((1.0 - x * x) * slope * slope)};
  }
  return nodes;
}

/// log of the integral of q^a (1-q)^b over [low, high], a and b at least 0. The logarithm of the
/// integrand is concave: Gauss-Legendre panels cover where it is within 50 of its largest.
inline double log_beta_integral(double a, double b, double low, double high) {
  const auto log_density = [a, b](double q) { return times_log(a, q) + times_log(b, 1.0 - q); };
  const double mode = a + b == 0.0 ? 0.5 : a / (a + b);
  const double peak = std::clamp(mode, low, high);
  const double floor = log_density(peak) - 50.0;
  const auto edge = [&](double outside) {
    if (log_density(outside) >= floor) return outside;
    double inside = peak;
    for (int step = 0; step < 60; ++step) {
      const double middle = 0.5 * (inside + outside);
      (log_density(middle) >= floor ? inside : outside) = middle;
    }
    return inside;
  };
  static const std::vector<QuadratureNode> rule = gauss_legendre(12);
  constexpr std::size_t panels = 10;
  std::vector<double> terms;
  terms.reserve(2 * panels * rule.size());
  for (const double end : {edge(low), edge(high)}) {
    const double width = (end - peak) / panels;
    if (width == 0.0) continue;
    for (std::size_t panel = 0; panel < panels; ++panel) {
      for (const QuadratureNode& node : rule) {
        const double q = peak + width * (static_cast<double>(panel) + node.at);
        terms.push_back(log_density(q) + std::log(std::abs(width) * node.weight));
      }
    }
  }
  return log_sum_exp(terms);
}

}  // namespace gtap::math
