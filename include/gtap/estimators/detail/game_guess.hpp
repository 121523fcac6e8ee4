#pragma once

#include <gtap/estimators/detail/coalition_log.hpp>
#include <gtap/estimators/detail/spectral_surrogate.hpp>
#include <gtap/estimators/detail/table_fold.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace gtap::detail {

/// Every player's semivalue from the table of all 2^n values; `table` is used up.
inline std::vector<double> semivalues_of_table(std::span<double> table,
                                               std::span<const double> log_weights) {
  std::vector<double> values(log_weights.size(), 0.0);
  const double lost = TableFold(log_weights).add(table, 0, values).lost;
  for (double& value : values)
    value -= lost;
  return values;
}

/// A guess at a game from evaluated coalitions, cross-fitted: what a row is told comes from rows
/// of other folds. The guess is a mean by size, where that helps, plus a SpectralSurrogate of the
/// rest; which, and how fast interactions fade, is what guesses the first fold best.
class GameGuess {
 public:
  static constexpr std::size_t most_players = 16;
  static constexpr std::size_t folds = 5;
  static constexpr std::size_t most_compared = 600;  // rows from which guesses are compared

  /// `odd`: values are half differences between a coalition and its complement.
  /// `importance` weighs rows' errors where guesses are compared.
  GameGuess(const CoalitionLog& log, bool odd, std::span<const double> importance)
      : players_(log.players()), odd_(odd), rows_(log.size()) {
    for (std::size_t k = 0; k < rows_; ++k) {
      const auto bits = static_cast<std::uint32_t>(log.words(k)[0]);
      double value = log.value(k);
      if (odd_ && (bits & 1) == 0) {
        bits_.push_back(~bits & static_cast<std::uint32_t>((std::uint64_t{1} << players_) - 1));
        value = -value;
      } else {
        bits_.push_back(bits);
      }
      cells_.push_back(odd_ ? bits_[k] >> 1 : bits_[k]);
      values_.push_back(value);
    }
    choose(importance);
  }

  /// Takes from each row's value (in the log's order and sign) what the other folds guess for it.
  /// Returns the semivalues of the guess: the folds' mean, but at each row what was taken there.
  /// So nothing is left to chance for coalitions that were all drawn, although every fold's guess
  /// goes through its own rows. With `share`, the guess is told what v(N) - v({}) is.
  std::vector<double> subtract(const CoalitionLog& log, std::span<const double> log_weights,
                               std::vector<double>& rest, std::optional<double> share) {
    std::vector<double> mean;
    std::vector<double> taken(rows_);
    SpectralSurrogate surrogate(players_, best_.decay, odd_);
    for (std::size_t fold = 0; fold < folds; ++fold) {
      train(surrogate, fold, rows_);
      guess(surrogate, best_.by_size);
      mean.resize(guess_.size(), 0.0);
      for (std::size_t c = 0; c < mean.size(); ++c)
        mean[c] += guess_[c] / static_cast<double>(folds);
      for (std::size_t k = fold; k < rows_; k += folds)
        taken[k] = guess_[cells_[k]];
    }
    for (std::size_t k = 0; k < rows_; ++k) {
      const bool turned = odd_ && (log.words(k)[0] & 1) == 0;
      rest[k] -= turned ? -taken[k] : taken[k];
      mean[cells_[k]] = taken[k];
    }
    std::vector<double> table = odd_ ? both_halves(mean) : std::move(mean);
    if (share) {
      table.back() = 0.5 * *share;
      table.front() = -0.5 * *share;
    }
    return semivalues_of_table(table, log_weights);
  }

 private:
  struct Choice {
    double decay;
    bool by_size;
  };

  /// By the rows that a guess from the first ones, without their first fold, was not told.
  void choose(std::span<const double> importance) {
    const std::size_t first_ones = std::min(rows_, most_compared);
    double least = std::numeric_limits<double>::infinity();
    for (const double decay : {0.6, 0.15, 0.04, 0.01}) {
      SpectralSurrogate surrogate(players_, decay, odd_);
      train(surrogate, 0, first_ones);
      for (const bool by_size : {false, true}) {
        guess(surrogate, by_size);
        double error = 0.0;
        for (std::size_t k = 0; k < rows_; ++k) {
          if (k < first_ones && k % folds != 0) continue;
          error += importance[k] * std::pow(values_[k] - guess_[cells_[k]], 2);
        }
        if (error < least) {
          least = error;
          best_ = {decay, by_size};
        }
      }
    }
  }

  /// All of the first `count` rows but one fold's are told.
  void train(SpectralSurrogate& surrogate, std::size_t fold, std::size_t count) {
    told_.clear();
    std::vector<std::uint32_t> cells;
    for (std::size_t k = 0; k < count; ++k) {
      if (k % folds == fold) continue;
      told_.push_back(k);
      cells.push_back(cells_[k]);
    }
    surrogate.set_rows(std::move(cells));
  }

  /// guess_ by cell.
  void guess(SpectralSurrogate& surrogate, bool by_size) {
    double level = 0.0;
    for (const std::size_t k : told_)
      level += odd_ ? 0.0 : values_[k] / static_cast<double>(told_.size());
    std::vector<double> sizes(players_ + 1, level);
    if (by_size) add_size_means(level, sizes);
    std::vector<double> rest(told_.size());
    for (std::size_t t = 0; t < told_.size(); ++t)
      rest[t] = values_[told_[t]] - sizes[size_of(bits_[told_[t]])];
    const std::span<const double> smooth = surrogate.fit(rest);
    guess_.resize(smooth.size());
    for (std::size_t c = 0; c < guess_.size(); ++c)
      guess_[c] = smooth[c] + sizes[size_of(odd_ ? 2 * c + 1 : c)];
  }

  /// Means by size, drawn towards the level by one row's worth.
  void add_size_means(double level, std::vector<double>& sizes) const {
    std::vector<double> counts(players_ + 1, 1.0);
    std::vector<double> sums(players_ + 1, 0.0);
    for (const std::size_t k : told_) {
      const std::size_t size = size_of(bits_[k]);
      sums[size] += values_[k] - level;
      counts[size] += 1.0;
      if (!odd_) continue;
      sums[players_ - size] -= values_[k];
      counts[players_ - size] += 1.0;
    }
    for (std::size_t s = 0; s <= players_; ++s)
      sizes[s] += sums[s] / counts[s];
  }

  /// An odd function on all coalitions, from those with player 0.
  static std::vector<double> both_halves(std::span<const double> half) {
    std::vector<double> table(2 * half.size());
    for (std::size_t c = 0; c < half.size(); ++c) {
      table[2 * c + 1] = half[c];
      table[(table.size() - 1) ^ (2 * c + 1)] = -half[c];
    }
    return table;
  }

  static std::size_t size_of(std::size_t bits) {
    return static_cast<std::size_t>(std::popcount(bits));
  }

  std::size_t players_;
  bool odd_;
  std::size_t rows_;
  std::vector<std::uint32_t> bits_;   // when odd, of the one with player 0
  std::vector<std::uint32_t> cells_;  // its number for the surrogate
  std::vector<double> values_;
  std::vector<std::size_t> told_;  // rows of which the next guess knows
  std::vector<double> guess_;
  Choice best_{0.04, false};
};

}  // namespace gtap::detail
