#pragma once

#include <gtap/core/archive.hpp>
#include <gtap/core/coalition.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gtap::detail {

/// Evaluated coalitions with their values, in order: the statistics of designs that fit a model.
/// n / 8 + 8 bytes a coalition.
class CoalitionLog {
 public:
  static constexpr bool merges_exactly = true;

  explicit CoalitionLog(std::size_t players = 0) : players_(players), words_((players + 63) / 64) {}

  std::size_t players() const { return players_; }
  std::size_t size() const { return values_.size(); }
  double value(std::size_t k) const { return values_[k]; }
  std::span<const double> values() const { return values_; }
  std::span<const std::uint64_t> words(std::size_t k) const {
    return std::span(bits_).subspan(k * words_, words_);
  }
  Coalition coalition(std::size_t k) const {
    Coalition coalition(players_);
    const auto row = words(k);
    std::copy(row.begin(), row.end(), coalition.words().begin());
    return coalition;
  }
  bool contains(std::size_t k, std::size_t player) const {
    return (bits_[k * words_ + player / 64] >> (player % 64) & 1) != 0;
  }

  std::size_t coalition_size(std::size_t k) const {
    std::size_t size = 0;
    for (const std::uint64_t word : words(k))
      size += static_cast<std::size_t>(std::popcount(word));
    return size;
  }

  /// Writes a number a player: 1 for a member, 0 for the others, less `centre`.
  void fill(std::size_t k, double* out, double centre) const {
    const auto row = words(k);
    for (std::size_t i = 0; i < players_; ++i)
      out[i] = static_cast<double>(row[i / 64] >> (i % 64) & 1) - centre;
  }

  void add(const Coalition& coalition, double value) {
    const auto words = coalition.words();
    bits_.insert(bits_.end(), words.begin(), words.end());
    values_.push_back(value);
  }

  void merge(const CoalitionLog& other) {
    bits_.insert(bits_.end(), other.bits_.begin(), other.bits_.end());
    values_.insert(values_.end(), other.values_.begin(), other.values_.end());
  }

  void archive(Archive& fields) {
    fields(bits_);
    fields(values_);
  }

 private:
  std::size_t players_;
  std::size_t words_;
  std::vector<std::uint64_t> bits_;
  std::vector<double> values_;
};

/// Draws of one thread that are evaluated together.
struct BatchScratch {
  std::vector<Coalition> coalitions;
  std::vector<double> values;
};

}  // namespace gtap::detail
