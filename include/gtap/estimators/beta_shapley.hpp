#pragma once

#include <gtap/estimators/law.hpp>
#include <gtap/math/beta.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace gtap {

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
    const double total = math::log_sum_exp(log_sizes);
    const std::vector<double> binomials = math::log_binomials(players - 1);
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
      (math::beta_cdf(beta, alpha, middle) < u ? low : high) = middle;
    }
    return 0.5 * (low + high);
  }

  std::string name() const {
    return detail::text("beta:", detail::shortest(alpha), ':', detail::shortest(beta));
  }

 private:
  void check() const {
    if (!(alpha > 0.0 && beta > 0.0) || std::isinf(alpha) || std::isinf(beta)) {
      detail::fail("BetaShapley", "positive alpha and beta", detail::text(alpha, ", ", beta));
    }
  }
};

}  // namespace gtap
