#pragma once

#include <gtap/core/error.hpp>
#include <gtap/estimators/detail/names.hpp>
#include <gtap/math/log_sums.hpp>
#include <gtap/math/quadrature.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// A semivalue: phi_i = sum over S without i of p_s (v(S + i) - v(S)), s = |S|.
///
/// `log_weights(n)` gives log p_0 .. log p_{n-1} for n players, because p_s is below the smallest
/// double from a few hundred players on. C(n-1, s) p_s must sum to 1 over s.
/// Optional: `std::string name() const`, which appears in reports.
template <class L>
concept Semivalue = requires(const L& law, std::size_t players) {
  { law.log_weights(players) } -> std::convertible_to<std::vector<double>>;
};

/// A semivalue that comes from a distribution of the retention probability: draw q, then keep each
/// other player with probability q.
///
/// `quantile(u)` is the inverse of q's distribution function, for u in [0, 1): one member serves
/// random draws, jittered grids and quadrature alike.
template <class L>
concept RetentionLaw = Semivalue<L> && requires(const L& law, double u) {
  { law.quantile(u) } -> std::convertible_to<double>;
};

/// A retention law that is one probability, `point()`: coalitions are independent coin tosses, and
/// the semivalue is the best linear fit to the game, which sample reuse and regression live on.
template <class L>
concept PointLaw = RetentionLaw<L> && requires(const L& law) {
  { law.point() } -> std::convertible_to<double>;
};

namespace detail {

inline void require_probability(const char* where, double p) {
  if (!(p >= 0.0 && p <= 1.0)) fail(where, "a retention probability in [0, 1]", text(p));
}

inline std::vector<double> point_log_weights(double p, std::size_t players) {
  std::vector<double> logs(players);
  for (std::size_t s = 0; s < players; ++s) {
    logs[s] = math::times_log(static_cast<double>(s), p) +
              math::times_log(static_cast<double>(players - 1 - s), 1.0 - p);
  }
  return logs;
}

template <class T>
std::string name_of(const T& named) {
  if constexpr (requires {
                  { named.name() } -> std::convertible_to<std::string>;
                }) {
    return named.name();
  } else {
    return "user's own";
  }
}

/// Says of what is no law why it is not; whether it is one.
template <class Law>
constexpr bool require_law() {
  static_assert(Semivalue<Law>,
                "gtap: a law needs `std::vector<double> log_weights(std::size_t players) const`; "
                "see Semivalue in docs/concepts.md");
  return Semivalue<Law>;
}

}  // namespace detail

/// The Shapley value: q uniform on [0, 1]; all sizes are as likely.
struct Shapley {
  std::vector<double> log_weights(std::size_t players) const {
    std::vector<double> logs = math::log_binomials(players - 1);
    for (double& log : logs)
      log = -std::log(static_cast<double>(players)) - log;
    return logs;
  }
  double quantile(double u) const { return u; }
  std::string name() const { return "shapley"; }
};

/// The Banzhaf value: each other player is in with probability 1/2.
struct Banzhaf {
  std::vector<double> log_weights(std::size_t players) const {
    return detail::point_log_weights(0.5, players);
  }
  double quantile(double) const { return 0.5; }
  double point() const { return 0.5; }
  std::string name() const { return "banzhaf"; }
};

/// The dropout index (p-Banzhaf): each other player is in with probability `retention`, from 0
/// to 1.
struct Dropout {
  double retention = 0.5;

  std::vector<double> log_weights(std::size_t players) const {
    return detail::point_log_weights(point(), players);
  }
  double quantile(double) const { return point(); }
  double point() const {
    detail::require_probability("Dropout", retention);
    return retention;
  }
  std::string name() const { return detail::text("dropout:", detail::shortest(retention)); }
};

/// q uniform on [low, high]: the indices over a whole uncertainty band.
struct DropoutBand {
  double low = 0.0;
  double high = 1.0;

  std::vector<double> log_weights(std::size_t players) const {
    check();
    if (low == high) return detail::point_log_weights(low, players);
    std::vector<double> logs(players);
    for (std::size_t s = 0; s < players; ++s) {
      logs[s] = math::log_beta_integral(static_cast<double>(s),
                                        static_cast<double>(players - 1 - s), low, high) -
                std::log(high - low);
    }
    return logs;
  }
  double quantile(double u) const {
    check();
    return low + u * (high - low);
  }
  std::string name() const {
    return detail::text("band:", detail::shortest(low), ':', detail::shortest(high));
  }

 private:
  void check() const {
    detail::require_probability("DropoutBand", low);
    detail::require_probability("DropoutBand", high);
    if (low > high) detail::fail("DropoutBand", "low <= high", detail::text(low, " > ", high));
  }
};

/// What each player adds to all the others: v(N) - v(N - i), at n + 1 evaluations.
struct LeaveOneOut {
  std::vector<double> log_weights(std::size_t players) const {
    return detail::point_log_weights(1.0, players);
  }
  double quantile(double) const { return 1.0; }
  double point() const { return 1.0; }
  std::string name() const { return "leave-one-out"; }
};

/// Finitely many retention probabilities with weights: any distribution, by its points.
/// Weights are scaled to sum to 1.
struct RetentionMixture {
  std::vector<double> retentions;
  std::vector<double> weights;

  std::vector<double> log_weights(std::size_t players) const {
    const double total = check();
    std::vector<double> logs(players);
    std::vector<double> terms(retentions.size());
    for (std::size_t s = 0; s < players; ++s) {
      for (std::size_t k = 0; k < terms.size(); ++k) {
        const double q = retentions[k];
        terms[k] = std::log(weights[k] / total) + math::times_log(static_cast<double>(s), q) +
                   math::times_log(static_cast<double>(players - 1 - s), 1.0 - q);
      }
      logs[s] = math::log_sum_exp(terms);
    }
    return logs;
  }
  double quantile(double u) const {
    double left = u * check();
    for (std::size_t k = 0; k + 1 < retentions.size(); ++k) {
      if (left < weights[k]) return retentions[k];
      left -= weights[k];
    }
    return retentions.back();
  }
  /// "mixture", each retention probability and its weight: "mixture:0.2:2:0.9:1".
  std::string name() const {
    std::string name = "mixture";
    for (std::size_t k = 0; k < std::min(retentions.size(), weights.size()); ++k)
      name += detail::text(':', detail::shortest(retentions[k]), ':', detail::shortest(weights[k]));
    return name;
  }

 private:
  double check() const {
    if (retentions.empty() || retentions.size() != weights.size()) {
      detail::fail("RetentionMixture", "as many weights as retention probabilities, at least one",
                   detail::text(weights.size(), " and ", retentions.size()));
    }
    for (const double q : retentions)
      detail::require_probability("RetentionMixture", q);
    double total = 0.0;
    for (const double w : weights) {
      if (!(w > 0.0) || std::isinf(w))
        detail::fail("RetentionMixture", "positive weights", detail::text(w));
      total += w;
    }
    return total;
  }
};

/// A semivalue by the probability of each size of the others' coalition: `sizes[s]` for
/// s = 0 .. n-1, scaled to sum to 1. Made for one number of players.
struct SizeLaw {
  std::vector<double> sizes;

  std::vector<double> log_weights(std::size_t players) const {
    if (sizes.size() != players) {
      detail::fail("SizeLaw", detail::text(players, " sizes"), detail::text(sizes.size()));
    }
    const double total = std::accumulate(sizes.begin(), sizes.end(), 0.0);
    std::vector<double> logs = math::log_binomials(players - 1);
    for (std::size_t s = 0; s < players; ++s) {
      if (!(sizes[s] >= 0.0) || !(total > 0.0))
        detail::fail("SizeLaw", "weights of at least 0, not all 0", detail::text(sizes[s]));
      logs[s] = std::log(sizes[s] / total) - logs[s];
    }
    return logs;
  }
  std::string name() const { return "sizes"; }
};

}  // namespace gtap
