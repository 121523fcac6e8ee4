#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gtap::detail {

/// The Walsh-Hadamard transform in place, not scaled.
inline void walsh_hadamard(std::span<double> x) {
  for (std::size_t half = 1; half < x.size(); half *= 2) {
    for (std::size_t block = 0; block < x.size(); block += 2 * half) {
      double* const a = x.data() + block;
      double* const b = a + half;
      for (std::size_t k = 0; k < half; ++k) {
        const double sum = a[k] + b[k];
        b[k] = a[k] - b[k];
        a[k] = sum;
      }
    }
  }
}

/// A smooth guess at a game of few players from some of its values: the most likely one when
/// interactions of d players have independent normal coefficients of variance prop. to decay^d
/// (a Gaussian process on the hypercube, its kernel diagonal under the Walsh-Hadamard transform).
/// Solved by conjugate gradients, O(n 2^n) a step.
class SpectralSurrogate {
 public:
  static constexpr std::size_t most_players = 16;

  /// `odd`: only interactions of odd order, for the odd part of a game.
  SpectralSurrogate(std::size_t players, double decay, bool odd)
      : prior_(std::size_t{1} << players), work_(prior_.size()) {
    double total = 0.0;
    for (std::size_t t = 0; t < prior_.size(); ++t) {
      const auto order = static_cast<double>(std::popcount(t));
      // Level and single players are left free: ten times what the decay would have them.
      prior_[t] = odd && std::popcount(t) % 2 == 0
                      ? 0.0
                      : std::pow(decay, order) * (order < 2.0 ? 10.0 : 1.0);
      total += prior_[t];
    }
    for (double& variance : prior_)
      variance /= total;
  }

  /// The guess at all 2^n coalitions, from values at these. `weights` is where the iteration
  /// starts, and on return the solution, for a later one to start from.
  std::vector<double> fit(std::span<const std::uint32_t> coalitions, std::span<const double> values,
                          std::vector<double>& weights, double tolerance = 1e-3,
                          int most_steps = 60) {
    constexpr double nugget = 1e-6;
    const std::size_t rows = values.size();
    weights.resize(rows, 0.0);
    std::vector<double> residual(rows);
    std::vector<double> image(rows);
    apply(coalitions, weights, image, nugget);
    double norm = 0.0;
    double target = 0.0;
    for (std::size_t k = 0; k < rows; ++k) {
      residual[k] = values[k] - image[k];
      norm += residual[k] * residual[k];
      target += values[k] * values[k];
    }
    target *= tolerance * tolerance;
    std::vector<double> direction(residual);
    for (int step = 0; step < most_steps && norm > target && norm > 0.0; ++step) {
      apply(coalitions, direction, image, nugget);
      double curvature = 0.0;
      for (std::size_t k = 0; k < rows; ++k)
        curvature += direction[k] * image[k];
      const double length = norm / curvature;
      double next = 0.0;
      for (std::size_t k = 0; k < rows; ++k) {
        weights[k] += length * direction[k];
        residual[k] -= length * image[k];
        next += residual[k] * residual[k];
      }
      const double turn = next / norm;
      for (std::size_t k = 0; k < rows; ++k)
        direction[k] = residual[k] + turn * direction[k];
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

  void apply(std::span<const std::uint32_t> coalitions, std::span<const double> weights,
             std::vector<double>& image, double nugget) {
    smooth(coalitions, weights);
    for (std::size_t k = 0; k < weights.size(); ++k)
      image[k] = work_[coalitions[k]] + nugget * weights[k];
  }

  std::vector<double> prior_;
  std::vector<double> work_;
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
