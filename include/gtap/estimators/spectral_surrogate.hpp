#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gtap::detail {

/// Sums and differences of x[k] and x[k + half], for all pairs of all blocks.
inline void butterflies(double* x, std::size_t length, std::size_t half) {
  for (std::size_t block = 0; block < length; block += 2 * half) {
    double* const a = x + block;
    double* const b = a + half;
    for (std::size_t k = 0; k < half; ++k) {
      const double difference = a[k] - b[k];
      a[k] += b[k];
      b[k] = difference;
    }
  }
}

/// All steps from `half` on, two at a time: four numbers are loaded and stored once.
inline void walsh_hadamard_steps(double* x, std::size_t length, std::size_t half) {
  for (; 4 * half <= length; half *= 4) {
    for (std::size_t block = 0; block < length; block += 4 * half) {
      double* const a = x + block;
      double* const b = a + half;
      double* const c = b + half;
      double* const d = c + half;
      for (std::size_t k = 0; k < half; ++k) {
        const double ab = a[k] + b[k];
        const double a_b = a[k] - b[k];
        const double cd = c[k] + d[k];
        const double c_d = c[k] - d[k];
        a[k] = ab + cd;
        b[k] = a_b + c_d;
        c[k] = ab - cd;
        d[k] = a_b - c_d;
      }
    }
  }
  if (half < length) butterflies(x, length, half);
}

/// The Walsh-Hadamard transform in place, not scaled; the length is a power of two. From 64 numbers
/// on, bits 0 to 2 of the position come out exchanged with bits 3 to 5: two transforms, with
/// anything between them that depends on the number of bits alone, restore the order.
inline void walsh_hadamard(std::span<double> x) {
  constexpr std::size_t square = 64;
  constexpr std::size_t near = 4096;  // fits in the nearest cache
  if (x.size() < square) return walsh_hadamard_steps(x.data(), x.size(), 1);
  for (std::size_t begin = 0; begin < x.size(); begin += near) {
    const std::size_t length = std::min(near, x.size() - begin);
    for (std::size_t k = 0; k < length; k += square) {
      // Steps of 1, 2 and 4 would not fill a vector register: they are done on the transpose of
      // eight rows.
      double* const rows = x.data() + begin + k;
      double turned[square];
      walsh_hadamard_steps(rows, square, 8);
      for (std::size_t i = 0; i < 8; ++i) {
        for (std::size_t j = 0; j < 8; ++j)
          turned[8 * i + j] = rows[8 * j + i];
      }
      walsh_hadamard_steps(turned, square, 8);
      std::copy(turned, turned + square, rows);
    }
    walsh_hadamard_steps(x.data() + begin, length, square);
  }
  if (x.size() > near) walsh_hadamard_steps(x.data(), x.size(), near);
}

/// A smooth guess at a function of few players from some of its values: the most likely one when
/// interactions of d players have independent normal coefficients of variance prop. to decay^d
/// (a Gaussian process on the hypercube, its kernel diagonal under the Walsh-Hadamard transform).
/// Solved by conjugate gradients, O(n 2^n) a step.
class SpectralSurrogate {
 public:
  /// `odd`: the function changes its sign under complement; it is then given, and guessed, on the
  /// coalitions with player 0 only, numbered by the other players.
  SpectralSurrogate(std::size_t players, double decay, bool odd)
      : prior_(std::size_t{1} << (odd ? players - 1 : players)), work_(prior_.size()) {
    std::vector<double> by_bits(players + 1);
    for (std::size_t bits = 0; bits <= players; ++bits) {
      // When odd, player 0 makes the interaction odd.
      const std::size_t order = odd && bits % 2 == 0 ? bits + 1 : bits;
      // Level and single players are left free: ten times what the decay would have them.
      by_bits[bits] = std::pow(decay, static_cast<double>(order)) * (order < 2 ? 10.0 : 1.0);
    }
    double total = 0.0;
    for (std::size_t t = 0; t < prior_.size(); ++t) {
      prior_[t] = by_bits[static_cast<std::size_t>(std::popcount(t))];
      total += prior_[t];
    }
    for (double& variance : prior_)
      variance /= total;
  }

  /// The guess everywhere, from values at these coalitions. `weights` is where the iteration
  /// starts, and on return where it ended. A row whose `weight` is fixed at zero by `use` is not
  /// looked at.
  std::span<double> fit(std::span<const std::uint32_t> coalitions, std::span<const double> values,
                        std::span<const char> use, std::vector<double>& weights, double tolerance,
                        int most_steps) {
    const std::size_t rows = values.size();
    weights.resize(rows, 0.0);
    image_.resize(rows);
    residual_.resize(rows);
    direction_.resize(rows);
    for (std::size_t k = 0; k < rows; ++k)
      if (!use[k]) weights[k] = 0.0;
    apply(coalitions, use, weights);
    double norm = 0.0;
    double target = 0.0;
    for (std::size_t k = 0; k < rows; ++k) {
      residual_[k] = use[k] ? values[k] - image_[k] : 0.0;
      direction_[k] = residual_[k];
      norm += residual_[k] * residual_[k];
      if (use[k]) target += values[k] * values[k];
    }
    target *= tolerance * tolerance;
    for (int step = 0; step < most_steps && norm > target && norm > 0.0; ++step) {
      apply(coalitions, use, direction_);
      double curvature = 0.0;
      for (std::size_t k = 0; k < rows; ++k)
        curvature += direction_[k] * image_[k];
      const double length = norm / curvature;
      double next = 0.0;
      for (std::size_t k = 0; k < rows; ++k) {
        weights[k] += length * direction_[k];
        residual_[k] -= length * image_[k];
        next += residual_[k] * residual_[k];
      }
      const double turn = next / norm;
      for (std::size_t k = 0; k < rows; ++k)
        direction_[k] = residual_[k] + turn * direction_[k];
      norm = next;
    }
    smooth(coalitions, weights);
    return work_;
  }

 private:
  /// work_ = kernel (weights at the coalitions), everywhere.
  void smooth(std::span<const std::uint32_t> coalitions, std::span<const double> weights) {
    std::fill(work_.begin(), work_.end(), 0.0);
    for (std::size_t k = 0; k < weights.size(); ++k)
      work_[coalitions[k]] += weights[k];
    walsh_hadamard(work_);
    for (std::size_t t = 0; t < work_.size(); ++t)
      work_[t] *= prior_[t];
    walsh_hadamard(work_);
  }

  void apply(std::span<const std::uint32_t> coalitions, std::span<const char> use,
             std::span<const double> weights) {
    constexpr double nugget = 1e-6;  // keeps the system regular
    smooth(coalitions, weights);
    for (std::size_t k = 0; k < weights.size(); ++k)
      image_[k] = use[k] ? work_[coalitions[k]] + nugget * weights[k] : 0.0;
  }

  std::vector<double> prior_;
  std::vector<double> work_;
  std::vector<double> image_;
  std::vector<double> residual_;
  std::vector<double> direction_;
};

/// Every player's semivalue from the table of all 2^n values, by folding; `table` is used up.
inline std::vector<double> semivalues_of_table(std::span<double> table,
                                               std::span<const double> log_weights) {
  const std::size_t players = log_weights.size();
  std::vector<double> gain(players + 1, 0.0);
  std::vector<double> loss(players + 1, 0.0);
  for (std::size_t s = 0; s <= players; ++s) {
    if (s < players) loss[s] = std::exp(log_weights[s]);
    gain[s] = loss[s] + (s > 0 ? std::exp(log_weights[s - 1]) : 0.0);
  }
  double lost = 0.0;
  for (std::size_t t = 0; t < table.size(); ++t) {
    const auto size = static_cast<std::size_t>(std::popcount(t));
    lost += loss[size] * table[t];
    table[t] *= gain[size];
  }
  std::vector<double> values(players, -lost);
  for (std::size_t i = 0, length = table.size() / 2; i < players; ++i, length /= 2) {
    for (std::size_t k = 0; k < length; ++k) {
      values[i] += table[2 * k + 1];
      table[k] = table[2 * k] + table[2 * k + 1];
    }
  }
  return values;
}

}  // namespace gtap::detail
