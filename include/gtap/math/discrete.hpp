#pragma once

#include <gtap/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

namespace gtap::math {

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

}  // namespace gtap::math
