#pragma once

#include <gtap/core/target.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace gtap::math {

/// The variance of a sum of independent means, each known from so many values of its own, and how
/// many degrees of freedom it has in all (Satterthwaite 1946).
class VarianceOfMeans {
 public:
  /// `variance` of the mean of `count` values; infinite below two.
  void add(double count, double variance) {
    sum_ += variance;
    if (variance > 0.0) squares_ += variance * variance / std::max(1.0, count - 1.0);
  }

  double sum() const { return sum_; }
  /// A whole number, rounded down; infinite where nothing varies, or nothing is known.
  double degrees_of_freedom() const {
    if (squares_ == 0.0 || std::isinf(sum_)) return std::numeric_limits<double>::infinity();
    return std::max(1.0, std::floor(sum_ * sum_ / squares_));
  }

 private:
  double sum_ = 0.0;
  double squares_ = 0.0;
};

}  // namespace gtap::math
