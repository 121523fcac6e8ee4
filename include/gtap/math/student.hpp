#pragma once

#include <gtap/math/beta.hpp>

#include <cmath>
#include <numbers>

namespace gtap::math {

/// The probability that a standard normal variable exceeds x.
inline double normal_tail(double x) {
  return 0.5 * std::erfc(x / std::numbers::sqrt2);
}

/// The x that a standard normal variable stays below with probability p, 0 < p < 1.
inline double normal_quantile(double p) {
  double low = -40.0;
  double high = 40.0;
  for (int step = 0; step < 80; ++step) {
    const double middle = 0.5 * (low + high);
    (normal_tail(-middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

/// The same for Student's t with `degrees` degrees of freedom, at least 1: exact for 1 and 2, else
/// Hill's expansion (1970), good to four digits from 3 on.
inline double student_quantile(double p, double degrees) {
  if (degrees > 1e6) return normal_quantile(p);
  if (p < 0.5) return -student_quantile(1.0 - p, degrees);
  if (degrees < 1.5) return std::tan(std::numbers::pi * (p - 0.5));
  if (degrees < 2.5) return (2.0 * p - 1.0) * std::sqrt(2.0 / (4.0 * p * (1.0 - p)));
  const double tail = 2.0 * (1.0 - p);
  const double a = 1.0 / (degrees - 0.5);
  const double b = 48.0 / (a * a);
  double c = ((20700.0 * a / b - 98.0) * a - 16.0) * a + 96.36;
  const double d =
      ((94.5 / (b + c) - 3.0) / b + 1.0) * std::sqrt(a * std::numbers::pi / 2.0) * degrees;
  double y = std::pow(d * tail, 2.0 / degrees);
  if (y > 0.05 + a) {
    const double x = normal_quantile(0.5 * tail);
    y = x * x;
    if (degrees < 5.0) c += 0.3 * (degrees - 4.5) * (x + 0.6);
    c = (((0.05 * d * x - 5.0) * x - 7.0) * x - 2.0) * x + b + c;
    y = (((((0.4 * y + 6.3) * y + 36.0) * y + 94.5) / c - y - 3.0) / b + 1.0) * x;
    y = std::expm1(a * y * y);
  } else {
    y = ((1.0 / (((degrees + 6.0) / (degrees * y) - 0.089 * d - 0.822) * (degrees + 2.0) * 3.0) +
          0.5 / (degrees + 4.0)) *
             y -
         1.0) *
            (degrees + 1.0) / (degrees + 2.0) +
        1.0 / y;
  }
  return std::sqrt(degrees * y);
}

/// The probability that Student's t with `degrees` degrees of freedom, at least 1, exceeds t.
inline double student_tail(double t, double degrees) {
  if (std::isinf(t)) return t > 0.0 ? 0.0 : 1.0;
  if (degrees > 1e6) return normal_tail(t);
  const double tail = 0.5 * beta_cdf(0.5 * degrees, 0.5, degrees / (degrees + t * t));
  return t >= 0.0 ? tail : 1.0 - tail;
}

}  // namespace gtap::math
