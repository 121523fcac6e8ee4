#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/detail/chosen_rows.hpp>
#include <gtap/estimators/detail/coalition_log.hpp>
#include <gtap/estimators/random_subset.hpp>
#include <gtap/math/discrete.hpp>
#include <gtap/math/variance_of_means.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// Stratified SVARM (Kolpaczki et al., AAAI 2024), for any law: phi_i is the mean of v over
/// coalitions with i less that over coalitions without, with one mean for each player, size and
/// side, so that every value serves all players. Sizes 0, 1, n-1 and n exactly (2 n + 2
/// evaluations), one evaluation a sample; a stratum without a sample takes the mean over all
/// coalitions of its size. 48 n^2 bytes and as much a thread.
struct Svarm {
  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return "svarm"; }
};

namespace detail {

/// Count, sum and sum of squares of the values in each of many cells, relative to a level; and the
/// samples as far as they matter to the players whose covariance is wanted.
struct Cells {
  std::vector<double> counts;
  std::vector<double> sums;
  std::vector<double> squares;
  double low = 0.0;  // the range of all values, with the level
  double high = 0.0;
  ChosenRows rows;

  Cells(std::size_t cells, std::span<const Player> chosen)
      : counts(cells), sums(cells), squares(cells), rows(chosen) {}
  void add(std::size_t cell, double value) {
    counts[cell] += 1.0;
    sums[cell] += value;
    squares[cell] += value * value;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void merge(const Cells& other) {
    for (std::size_t c = 0; c < counts.size(); ++c) {
      counts[c] += other.counts[c];
      sums[c] += other.sums[c];
      squares[c] += other.squares[c];
    }
    low = std::min(low, other.low);
    high = std::max(high, other.high);
    rows.merge(other.rows);
  }
  double mean(std::size_t cell) const { return sums[cell] / counts[cell]; }
  /// Variance of the mean; below two values it may be off by the range of all that were seen.
  double mean_variance(std::size_t cell) const {
    const double n = counts[cell];
    if (n < 2.0)
      return high == low ? std::numeric_limits<double>::infinity() : (high - low) * (high - low);
    return std::max(0.0, squares[cell] / n - mean(cell) * mean(cell)) / (n - 1.0);
  }
  /// What the cell's mean owes to one of its values; 0 where its variance is not known.
  double influence(std::size_t cell, double value) const {
    const double n = counts[cell];
    return n < 2.0 ? 0.0 : (value - mean(cell)) / std::sqrt(n * (n - 1.0));
  }
  void archive(Archive& fields) {
    fields(counts);
    fields(sums);
    fields(squares);
    fields(low);
    fields(high);
    rows.archive(fields);
  }
};

class SvarmRun {
 public:
  SvarmRun(const LawTable& law, const RunContext& context)
      : players_(context.players), chosen_(context.covariance_of), sizes_(law.sizes()) {
    // One statistics for what is merged, and one for each chunk in flight.
    require_memory(
        "svarm",
        static_cast<double>(context.threads + 1) * 24.0 * static_cast<double>(cell_count()),
        "fewer threads, stratified or permutation");
    require_budget("svarm", 2 * players_ + 3, context.evaluations);
    // Each size in proportion to what its means weigh in the end.
    std::vector<double> weights(players_ + 1, 0.0);
    for (std::size_t s = 2; s + 1 < players_; ++s)
      weights[s] = std::sqrt(sizes_[s - 1] * sizes_[s - 1] + sizes_[s] * sizes_[s]);
    draw_ = math::Discrete(weights);
    everything_ = std::accumulate(weights.begin(), weights.end(), 0.0) == 0.0;
  }

  using Statistics = Cells;
  struct Scratch {
    Coalition coalition;
    std::vector<Player> order;
  };

  // Cell (size, player) of coalitions with, then without the player, then (size) of all.
  Statistics statistics() const { return Cells(cell_count(), chosen_); }
  Scratch scratch() const { return {Coalition(players_), std::vector<Player>(players_)}; }
  std::size_t chunk() const { return 2048; }

  void begin(Worker& worker) {
    level_ = worker.value(Coalition::grand(players_));
    // Kept when complete only: a request to stop may end this at any value.
    std::vector<double> boundary = {worker.value(Coalition(players_)) - level_};
    Coalition coalition(players_);
    for (Player i = 0; i < players_; ++i) {
      coalition.insert(i);
      boundary.push_back(worker.value(coalition) - level_);
      coalition.erase(i);
    }
    coalition = Coalition::grand(players_);
    for (Player i = 0; i < players_; ++i) {
      coalition.erase(i);
      boundary.push_back(worker.value(coalition) - level_);
      coalition.insert(i);
    }
    boundary_ = std::move(boundary);
  }

  std::uint64_t plan(const Statistics&, std::size_t evaluations) {
    return everything_ ? 0 : evaluations;
  }

  void sample(std::uint64_t, RandomStream& random, Worker& worker, Scratch& scratch,
              Statistics& cells) const {
    const std::size_t size = draw_.draw(random);
    random_subset_of_all(random, size, scratch.order, scratch.coalition);
    const double value = worker.value(scratch.coalition) - level_;
    for (Player i = 0; i < players_; ++i)
      cells.add(cell(size, i, scratch.coalition.contains(i)), value);
    cells.add(pooled(size), value);
    cells.rows.add(scratch.coalition, value, size);
  }

  void summarise(const Statistics& cells, Estimate& estimate) const {
    const double infinity = std::numeric_limits<double>::infinity();
    estimate.values.assign(players_, 0.0);
    estimate.standard_errors.assign(players_, infinity);
    for (Player i = 0; i < players_ && !boundary_.empty(); ++i) {
      math::VarianceOfMeans variance;
      for (std::size_t s = 0; s < players_; ++s) {
        if (sizes_[s] == 0.0) continue;
        const Side with = side(cells, s + 1, i, true);
        const Side without = side(cells, s, i, false);
        estimate.values[i] += sizes_[s] * (with.mean - without.mean);
        variance.add(with.count, sizes_[s] * sizes_[s] * with.variance);
        variance.add(without.count, sizes_[s] * sizes_[s] * without.variance);
      }
      estimate.standard_errors[i] = std::sqrt(variance.sum());
      estimate.degrees_of_freedom =
          std::min(estimate.degrees_of_freedom, variance.degrees_of_freedom());
    }
    estimate.covariance_players = chosen_;
    estimate.covariance = cells.rows.covariance(
        1, [&](std::size_t row, std::size_t c) { return influence(cells, row, c); });
    for (std::size_t c = 0; c < chosen_.size(); ++c)
      estimate.covariance[c * (chosen_.size() + 1)] =
          std::pow(estimate.standard_errors[chosen_[c]], 2);
    mark_unknown_covariance(estimate);
  }

  void archive(Archive& fields) {
    fields(level_);
    fields(boundary_);
  }

 private:
  struct Side {
    double mean;
    double variance;
    double count = 0.0;  // of the values that tell the variance
  };

  std::size_t cell_count() const { return (2 * players_ + 1) * (players_ + 1); }
  std::size_t cell(std::size_t size, std::size_t player, bool inside) const {
    return (2 * size + (inside ? 0 : 1)) * players_ + player;
  }
  std::size_t pooled(std::size_t size) const { return 2 * players_ * (players_ + 1) + size; }

  /// What a chosen player's value owes to a sample.
  double influence(const Cells& cells, std::size_t row, std::size_t c) const {
    const Player i = chosen_[c];
    const bool in = cells.rows.contains(row, c);
    const std::size_t size = cells.rows.kind(row);
    const double value = cells.rows.value(row);
    const double weight = in ? sizes_[size - 1] : -sizes_[size];
    return weight * cells.influence(cell(size, i, in), value);
  }

  /// The mean of v over coalitions of this size with or without the player.
  Side side(const Cells& cells, std::size_t size, Player player, bool inside) const {
    if (size == 0) return {boundary_[0], 0.0};
    if (size == players_) return {0.0, 0.0};
    if (size == 1 && inside) return {boundary_[1 + player], 0.0};
    if (size + 1 == players_ && !inside) return {boundary_[1 + players_ + player], 0.0};
    if (size == 1 || size + 1 == players_) {  // all others of these sizes, known exactly
      const std::size_t first = size == 1 ? 1 : 1 + players_;
      double sum = -boundary_[first + player];
      for (std::size_t j = 0; j < players_; ++j)
        sum += boundary_[first + j];
      return {sum / static_cast<double>(players_ - 1), 0.0};
    }
    const std::size_t own = cell(size, player, inside);
    if (cells.counts[own] >= 1.0)
      return {cells.mean(own), cells.mean_variance(own), cells.counts[own]};
    if (cells.counts[pooled(size)] >= 1.0)
      return {cells.mean(pooled(size)), cells.mean_variance(own)};
    const double guess =
        boundary_[0] * (1.0 - static_cast<double>(size) / static_cast<double>(players_));
    return {guess, cells.mean_variance(own)};
  }

  std::size_t players_;
  std::vector<Player> chosen_;
  std::vector<double> sizes_;
  math::Discrete draw_;
  bool everything_ = false;
  double level_ = 0.0;
  std::vector<double> boundary_;  // v({}), v({i}), v(N - i), less the level v(N)
};

}  // namespace detail

inline auto Svarm::run(const LawTable& law, const RunContext& context) const {
  return detail::SvarmRun(law, context);
}

}  // namespace gtap
