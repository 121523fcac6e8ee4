#pragma once

#include <gtap/math/cholesky.hpp>
#include <gtap/math/walsh_hadamard.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace gtap::detail {

/// A smooth guess at a function of few players from some of its values: the most likely one when
/// interactions of d players have independent normal coefficients of variance prop. to decay^d
/// (a Gaussian process on the hypercube, its kernel diagonal under the Walsh-Hadamard transform).
/// Few values are solved for by Cholesky's factor, many by conjugate gradients, O(n 2^n) a step,
/// preconditioned by the interactions of low order. Either converges so far that rounding of the
/// values moves the guess no more than rounding does.
class SpectralSurrogate {
 public:
  /// `odd`: the function changes its sign under complement; it is then given, and guessed, on the
  /// coalitions with player 0 only, numbered by the other players.
  SpectralSurrogate(std::size_t players, double decay, bool odd)
      : prior_(std::size_t{1} << (odd ? players - 1 : players)), work_(prior_.size()) {
    const std::size_t bits = odd ? players - 1 : players;
    std::vector<double> by_bits(bits + 1);
    for (std::size_t b = 0; b <= bits; ++b) {
      // When odd, player 0 makes the interaction odd.
      const std::size_t order = odd && b % 2 == 0 ? b + 1 : b;
      // Level and single players are left free: ten times what the decay would have them.
      by_bits[b] = std::pow(decay, static_cast<double>(order)) * (order < 2 ? 10.0 : 1.0);
    }
    double total = 0.0;
    for (std::size_t t = 0; t < prior_.size(); ++t) {
      prior_[t] = by_bits[static_cast<std::size_t>(std::popcount(t))];
      total += prior_[t];
    }
    for (double& variance : prior_)
      variance /= total;
    work_ = prior_;
    math::walsh_hadamard(work_);
    for (std::size_t b = 0; b <= bits; ++b)
      covariance_.push_back(work_[(std::size_t{1} << b) - 1]);
  }

  /// The coalitions at which values will be given.
  void set_rows(std::vector<std::uint32_t> coalitions) {
    rows_ = std::move(coalitions);
    if (rows_.size() <= most_direct) {
      factor(rows_.size(), [&](std::size_t a, std::size_t b) {
        return covariance_[static_cast<std::size_t>(std::popcount(rows_[a] ^ rows_[b]))] +
               (a == b ? nugget : 0.0);
      });
      return;
    }
    choose_low_orders();
    // Of two interactions the inner product over the rows is the transform at their difference.
    std::fill(work_.begin(), work_.end(), 0.0);
    for (const std::uint32_t row : rows_)
      work_[row] += 1.0;
    math::walsh_hadamard(work_);
    factor(low_.size(), [&](std::size_t a, std::size_t b) {
      return work_[low_[a] ^ low_[b]] + (a == b ? rest_ / prior_[low_[a]] : 0.0);
    });
  }

  /// The guess everywhere, from a value for each row; valid until the next call.
  std::span<const double> fit(std::span<const double> values) {
    if (rows_.size() <= most_direct) {
      weights_.assign(values.begin(), values.end());
      factor_.solve(weights_);
    } else {
      iterate(values);
    }
    smooth(weights_);
    return work_;
  }

 private:
  static constexpr std::size_t most_direct = 640;
  static constexpr std::size_t most_low = 700;
  static constexpr double nugget = 1e-6;  // keeps the system regular

  template <class Entry>
  void factor(std::size_t size, Entry&& entry) {
    math::Matrix matrix(size, size);
    for (std::size_t a = 0; a < size; ++a) {
      for (std::size_t b = a; b < size; ++b)
        matrix(b, a) = entry(b, a);
    }
    factor_ = math::Cholesky(std::move(matrix));
  }

  /// Orders whose interactions stand out of what is left of the kernel, lowest first.
  void choose_low_orders() {
    low_.clear();
    rest_ = 1.0 + nugget;
    std::vector<std::uint32_t> order(prior_.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::sort(order.begin(), order.end(), [&](std::uint32_t s, std::uint32_t t) {
      return prior_[s] != prior_[t] ? prior_[s] > prior_[t] : s < t;
    });
    for (std::size_t first = 0; first < order.size();) {
      const double variance = prior_[order[first]];
      std::size_t last = first;
      while (last < order.size() && prior_[order[last]] == variance)
        ++last;
      const double rest = rest_ - variance * static_cast<double>(last - first);
      if (last > most_low || variance * static_cast<double>(rows_.size()) < 4.0 * rest) return;
      low_.assign(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(last));
      rest_ = rest;
      first = last;
    }
  }

  /// weights_ of the rows, (kernel + nugget)^-1 values.
  void iterate(std::span<const double> values) {
    constexpr double tolerance = 3e-4;  // of the values; preconditioned, the error is less
    constexpr int most_steps = 300;
    weights_.assign(values.size(), 0.0);
    std::vector<double> residual(values.begin(), values.end());
    std::vector<double> direction = preconditioned(residual);
    double progress = math::dot(residual, direction);
    const double enough = tolerance * tolerance * math::dot(values, values);
    for (int step = 0; step < most_steps && math::dot(residual, residual) > enough; ++step) {
      smooth(direction);
      std::vector<double> image = at_rows();
      math::add_scaled(nugget, direction, image);
      const double length = progress / math::dot(direction, image);
      math::add_scaled(length, direction, weights_);
      math::add_scaled(-length, image, residual);
      std::vector<double> next = preconditioned(residual);
      const double before = std::exchange(progress, math::dot(residual, next));
      math::add_scaled(progress / before, direction, next);
      direction = std::move(next);
    }
  }

  /// (rest + low orders)^-1 x, by the identity of Woodbury.
  std::vector<double> preconditioned(std::span<const double> x) {
    spread(x);
    math::walsh_hadamard(work_);
    std::vector<double> low(low_.size());
    for (std::size_t t = 0; t < low_.size(); ++t)
      low[t] = work_[low_[t]];
    factor_.solve(low);
    std::fill(work_.begin(), work_.end(), 0.0);
    for (std::size_t t = 0; t < low_.size(); ++t)
      work_[low_[t]] = low[t];
    math::walsh_hadamard(work_);
    std::vector<double> solved = at_rows();
    for (std::size_t k = 0; k < x.size(); ++k)
      solved[k] = (x[k] - solved[k]) / rest_;
    return solved;
  }

  /// work_ = kernel (weights at the rows), everywhere.
  void smooth(std::span<const double> weights) {
    spread(weights);
    math::walsh_hadamard(work_);
    for (std::size_t t = 0; t < work_.size(); ++t)
      work_[t] *= prior_[t];
    math::walsh_hadamard(work_);
  }

  void spread(std::span<const double> x) {
    std::fill(work_.begin(), work_.end(), 0.0);
    for (std::size_t k = 0; k < rows_.size(); ++k)
      work_[rows_[k]] += x[k];
  }

  std::vector<double> at_rows() const {
    std::vector<double> x(rows_.size());
    for (std::size_t k = 0; k < rows_.size(); ++k)
      x[k] = work_[rows_[k]];
    return x;
  }

  std::vector<double> prior_;       // of interactions
  std::vector<double> covariance_;  // of values, by the players in which coalitions differ
  std::vector<double> work_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint32_t> low_;  // interactions of low order
  double rest_ = 0.0;               // a value's variance without them
  std::vector<double> weights_;
  math::Cholesky factor_;
};

}  // namespace gtap::detail
