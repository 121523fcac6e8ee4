#pragma once

#include <gtap/core/random.hpp>
#include <gtap/core/value_function.hpp>
#include <gtap/estimators/law.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

namespace gtap::detail {

/// Draws from finitely many outcomes with given weights.
class Discrete {
 public:
  Discrete() = default;
  explicit Discrete(std::span<const double> weights) : cumulative_(weights.begin(), weights.end()) {
    std::partial_sum(cumulative_.begin(), cumulative_.end(), cumulative_.begin());
  }

  std::size_t draw(RandomStream& random) const { return at(random.uniform()); }

  /// The outcome at quantile u in [0, 1); never one of weight 0.
  std::size_t at(double u) const {
    const auto found =
        std::upper_bound(cumulative_.begin(), cumulative_.end(), u * cumulative_.back());
    const auto last = std::lower_bound(cumulative_.begin(), cumulative_.end(), cumulative_.back());
    return static_cast<std::size_t>(std::min(found, last) - cumulative_.begin());
  }

 private:
  std::vector<double> cumulative_;
};

/// The probability C(n-1,s) p_s of each size s = 0 .. n-1 of the coalition that a player joins.
/// They sum to 1, or the law is at fault.
inline std::vector<double> size_probabilities(std::span<const double> log_weights) {
  const std::size_t players = log_weights.size();
  std::vector<double> probabilities = log_binomials(players - 1);
  double total = 0.0;
  for (std::size_t s = 0; s < players; ++s) {
    probabilities[s] = std::exp(probabilities[s] + log_weights[s]);
    total += probabilities[s];
  }
  if (!(std::abs(total - 1.0) < 1e-6)) {
    fail("semivalue", "weights p_s whose C(n-1,s) p_s sum to 1", text(total));
  }
  for (double& probability : probabilities)
    probability /= total;
  return probabilities;
}

/// Whether a law gives a size and its mirror image the same probability, and whether it has one
/// size only, so that one coalition is all there is to see.
struct LawShape {
  bool symmetric = true;
  bool certain = false;
};
inline LawShape shape_of(std::span<const double> sizes) {
  LawShape shape;
  for (std::size_t s = 0; s < sizes.size(); ++s)
    shape.symmetric = shape.symmetric && std::abs(sizes[s] - sizes[sizes.size() - 1 - s]) <= 1e-9;
  shape.certain = sizes.front() > 1.0 - 1e-15 || sizes.back() > 1.0 - 1e-15;
  return shape;
}

/// The weights of a law, checked.
template <Semivalue Law>
std::vector<double> checked_log_weights(const Law& law, std::size_t players) {
  std::vector<double> logs = law.log_weights(players);
  require_size("semivalue", players, logs.size());
  return logs;
}

/// Puts a uniformly random set of `size` of the players `order` into the coalition, which is
/// emptied first. The order is shuffled as far as needed; its first `size` are the members.
inline void random_subset(RandomStream& random, std::span<Player> order, std::size_t size,
                          Coalition& coalition) {
  coalition.clear();
  const auto words = coalition.words();
  for (std::size_t k = 0; k < size; ++k) {
    std::swap(order[k], order[k + random.below(static_cast<std::uint32_t>(order.size() - k))]);
    words[order[k] / 64] |= std::uint64_t{1} << (order[k] % 64);
  }
}

}  // namespace gtap::detail
