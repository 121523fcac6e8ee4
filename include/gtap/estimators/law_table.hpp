#pragma once

#include <gtap/core/error.hpp>
#include <gtap/math/log_sums.hpp>

#include <cmath>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gtap {

/// A law for one number of players, as designs see it: AnyLaw::table makes it.
struct LawTable {
  std::string name;
  std::vector<double> log_weights;  ///< log p_0 .. log p_{n-1}
  /// Where the law is one of the retention probability: the inverse of its distribution function,
  /// for u in [0, 1); else empty.
  std::function<double(double)> quantile{};
  std::optional<double> point{};  ///< where it is one retention probability

  std::size_t players() const { return log_weights.size(); }

  /// The probability C(n-1,s) p_s of each size s = 0 .. n-1 of the coalition that a player joins.
  /// Throws gtap::Error when they do not sum to 1.
  std::vector<double> sizes() const {
    std::vector<double> probabilities = math::log_binomials(players() - 1);
    double total = 0.0;
    for (std::size_t s = 0; s < players(); ++s) {
      probabilities[s] = std::exp(probabilities[s] + log_weights[s]);
      total += probabilities[s];
    }
    if (!(std::abs(total - 1.0) < 1e-6)) {
      detail::fail("semivalue", "weights p_s whose C(n-1,s) p_s sum to 1", detail::text(total));
    }
    for (double& probability : probabilities)
      probability /= total;
    return probabilities;
  }

  /// Whether a size is as likely as its mirror image.
  bool symmetric() const {
    const std::vector<double> all = sizes();
    for (std::size_t s = 0; s < all.size(); ++s) {
      if (!(std::abs(all[s] - all[all.size() - 1 - s]) <= 1e-9)) return false;
    }
    return true;
  }
  /// Whether there is one coalition only that a player can join: nobody, or all others.
  bool certain() const {
    const std::vector<double> all = sizes();
    return all.front() > 1.0 - 1e-15 || all.back() > 1.0 - 1e-15;
  }
  /// Whether all sizes are as likely: the Shapley value.
  bool uniform() const {
    for (const double size : sizes()) {
      if (!(std::abs(size * static_cast<double>(players()) - 1.0) <= 1e-6)) return false;
    }
    return true;
  }

  /// quantile, for a design of this name; gtap::Error when the law has none.
  const std::function<double(double)>& required_quantile(const std::string& design) const {
    if (!quantile) {
      detail::fail(design, "a law of the retention probability, which has quantile(u)",
                   name + "; take permutation or stratified");
    }
    return quantile;
  }
};

}  // namespace gtap
