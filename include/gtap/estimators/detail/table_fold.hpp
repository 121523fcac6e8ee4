#pragma once

#include <gtap/core/target.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace gtap::detail {

/// Semivalues from tables of values. With g(S) = (p_{s-1} + p_s) v(S) and C = sum of p_s v(S),
/// phi_i = (sum of g over S with i) - C; the sums are folded one player at a time.
class TableFold {
 public:
  explicit TableFold(std::span<const double> log_weights) {
    const std::size_t players = log_weights.size();
    for (std::size_t s = 0; s <= players; ++s) {
      const double with = s == 0 ? 0.0 : std::exp(log_weights[s - 1]);
      const double without = s == players ? 0.0 : std::exp(log_weights[s]);
      gain_.push_back(with + without);
      loss_.push_back(without);
    }
  }

  /// A table's part of C, and of the sum of g over all its coalitions.
  struct Sums {
    double lost;
    double all;
  };

  /// Adds to with[i] the sum of g over the coalitions with player i. The table, whose length is a
  /// power of two and which is used up, has v by the bits of the first players; `others` more are
  /// in every coalition.
  Sums add(std::span<double> table, std::size_t others, std::span<double> with) const {
    double lost = 0.0;
    for (std::size_t bits = 0; bits < table.size(); ++bits) {
      const std::size_t size = others + static_cast<std::size_t>(std::popcount(bits));
      lost += loss_[size] * table[bits];
      table[bits] *= gain_[size];
    }
    std::size_t length = table.size();
    for (std::size_t i = 0; length > 1; ++i) {
      length /= 2;
      double sum = 0.0;
      for (std::size_t k = 0; k < length; ++k) {
        sum += table[2 * k + 1];
        table[k] = table[2 * k] + table[2 * k + 1];
      }
      with[i] += sum;
    }
    return {lost, table[0]};
  }

 private:
  std::vector<double> gain_;  // p_{s-1} + p_s by size
  std::vector<double> loss_;  // p_s
};

}  // namespace gtap::detail
