#pragma once

#include <gtap/core/archive.hpp>
#include <gtap/core/coalition.hpp>
#include <gtap/estimators/estimate.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace gtap::detail {

/// Which of the players whose covariance is wanted each sampled coalition had, its value, and one
/// number more (its size, or which draw it was): what designs that keep sums by player cannot tell
/// afterwards. Nothing is kept when no covariance is wanted; else k / 8 + 16 bytes a coalition.
class ChosenRows {
 public:
  explicit ChosenRows(std::span<const Player> chosen = {})
      : chosen_(chosen.begin(), chosen.end()), words_((chosen.size() + 63) / 64) {}

  void add(const Coalition& coalition, double value, std::uint64_t kind = 0) {
    if (chosen_.empty()) return;
    bits_.resize(bits_.size() + words_, 0);
    std::uint64_t* const row = bits_.data() + bits_.size() - words_;
    for (std::size_t c = 0; c < chosen_.size(); ++c)
      row[c / 64] |= std::uint64_t{coalition.contains(chosen_[c])} << (c % 64);
    values_.push_back(value);
    kinds_.push_back(kind);
  }

  void merge(const ChosenRows& other) {
    bits_.insert(bits_.end(), other.bits_.begin(), other.bits_.end());
    values_.insert(values_.end(), other.values_.begin(), other.values_.end());
    kinds_.insert(kinds_.end(), other.kinds_.begin(), other.kinds_.end());
  }

  const std::vector<Player>& chosen() const { return chosen_; }
  std::size_t size() const { return values_.size(); }
  bool contains(std::size_t row, std::size_t c) const {
    return (bits_[row * words_ + c / 64] >> (c % 64) & 1) != 0;
  }
  double value(std::size_t row) const { return values_[row]; }
  std::size_t kind(std::size_t row) const { return static_cast<std::size_t>(kinds_[row]); }

  /// Sum over samples of `rows` rows each of the products of what two players' estimates owe to
  /// the sample: `influence(row, c)` for chosen player c. k x k, row by row.
  template <class Influence>
  std::vector<double> covariance(std::size_t rows, Influence&& influence) const {
    const std::size_t k = chosen_.size();
    std::vector<double> result(k * k, 0.0);
    std::vector<double> owed(k);
    for (std::size_t first = 0; first + rows <= size(); first += rows) {
      for (std::size_t c = 0; c < k; ++c) {
        owed[c] = 0.0;
        for (std::size_t row = first; row < first + rows; ++row)
          owed[c] += influence(row, c);
      }
      for (std::size_t a = 0; a < k; ++a) {
        for (std::size_t b = 0; b < k; ++b)
          result[a * k + b] += owed[a] * owed[b];
      }
    }
    return result;
  }

  void archive(Archive& fields) {
    fields(bits_);
    fields(values_);
    fields(kinds_);
  }

 private:
  std::vector<Player> chosen_;
  std::size_t words_;
  std::vector<std::uint64_t> bits_;
  std::vector<double> values_;
  std::vector<std::uint64_t> kinds_;
};

/// Where a player's standard error is not known, no covariance with it is.
inline void mark_unknown_covariance(Estimate& estimate) {
  const std::vector<Player>& chosen = estimate.covariance_players;
  for (std::size_t a = 0; a < chosen.size(); ++a) {
    for (std::size_t b = 0; b < chosen.size(); ++b) {
      if (std::isinf(estimate.standard_errors[chosen[a]]) ||
          std::isinf(estimate.standard_errors[chosen[b]]))
        estimate.covariance[a * chosen.size() + b] = std::numeric_limits<double>::infinity();
    }
  }
}

}  // namespace gtap::detail
