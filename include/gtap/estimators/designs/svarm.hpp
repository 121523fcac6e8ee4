#pragma once

#include <gtap/estimators/chosen_rows.hpp>
#include <gtap/estimators/coalition_log.hpp>
#include <gtap/estimators/design.hpp>
#include <gtap/estimators/sizes.hpp>
#include <gtap/estimators/variance_of_means.hpp>

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

/// SVARM (Kolpaczki et al., AAAI 2024), for any law: phi_i is the mean of v over coalitions with i
/// less that over coalitions without, each drawn so that every value serves half the players.
///
/// Plain: one coalition with size prop. to P(s-1)/s for the first mean, one with size prop. to
/// P(s)/(n-s) for the second; two evaluations a unit, unbiased once each player was seen in and
/// out. `stratified`: one mean for each player, size and side; sizes 0, 1, n-1 and n exactly
/// (2 n + 2 evaluations), one evaluation a unit; a stratum without a sample takes the mean over
/// all coalitions of its size. Stratified, 48 n^2 bytes and as much a thread.
struct Svarm {
  bool stratified = false;

  template <Semivalue Law>
  auto run(const Law& law, const RunContext& context) const;
  std::string name() const { return stratified ? "Svarm(stratified)" : "Svarm"; }
};

namespace detail {

/// Count, sum and sum of squares of the values in each of many cells, relative to a level; and the
/// samples as far as they matter to the players whose covariance is wanted.
struct Cells {
  std::vector<double> counts;
  std::vector<double> sums;
  std::vector<double> squares;
  ChosenRows rows;

  Cells(std::size_t cells, std::span<const Player> chosen)
      : counts(cells), sums(cells), squares(cells), rows(chosen) {}
  void add(std::size_t cell, double value) {
    counts[cell] += 1.0;
    sums[cell] += value;
    squares[cell] += value * value;
  }
  void merge(const Cells& other) {
    for (std::size_t c = 0; c < counts.size(); ++c) {
      counts[c] += other.counts[c];
      sums[c] += other.sums[c];
      squares[c] += other.squares[c];
    }
    rows.merge(other.rows);
  }
  double mean(std::size_t cell) const { return sums[cell] / counts[cell]; }
  /// Variance of the mean; infinite below two values.
  double mean_variance(std::size_t cell) const {
    const double n = counts[cell];
    if (n < 2.0) return std::numeric_limits<double>::infinity();
    return std::max(0.0, squares[cell] / n - mean(cell) * mean(cell)) / (n - 1.0);
  }
  /// What the cell's mean owes to one of its values; 0 where its variance is not known.
  double influence(std::size_t cell, double value) const {
    const double n = counts[cell];
    return n < 2.0 ? 0.0 : (value - mean(cell)) / std::sqrt(n * (n - 1.0));
  }
  template <class Archive>
  void archive(Archive& fields) {
    fields(counts);
    fields(sums);
    fields(squares);
    rows.archive(fields);
  }
};

class SvarmRun {
 public:
  SvarmRun(std::span<const double> log_weights, bool stratified, const RunContext& context)
      : players_(context.players),
        stratified_(stratified && players_ > 3),
        chosen_(context.covariance_of),
        sizes_(size_probabilities(log_weights)) {
    // One statistics for what is merged, and one for each chunk in flight.
    require_memory(
        stratified_ ? "Svarm(stratified)" : "Svarm",
        static_cast<double>(context.threads + 1) * 24.0 * static_cast<double>(cell_count()),
        "fewer threads, Stratified or Permutation");
    require_budget("Svarm", stratified_ ? 2 * players_ + 3 : 4, context.evaluations);
    std::vector<double> with(players_ + 1, 0.0);
    std::vector<double> without(players_ + 1, 0.0);
    std::vector<double> either(players_ + 1, 0.0);
    for (std::size_t s = 0; s < players_; ++s) {
      with[s + 1] = sizes_[s] / static_cast<double>(s + 1);
      without[s] = sizes_[s] / static_cast<double>(players_ - s);
    }
    // Stratified: each size in proportion to what its means weigh in the end.
    for (std::size_t s = 2; s + 1 < players_; ++s)
      either[s] = std::sqrt(sizes_[s - 1] * sizes_[s - 1] + sizes_[s] * sizes_[s]);
    with_ = Discrete(with);
    without_ = Discrete(without);
    if (stratified_) either_ = Discrete(either);
    everything_ = std::accumulate(either.begin(), either.end(), 0.0) == 0.0;
  }

  using Statistics = Cells;
  struct Scratch {
    Coalition coalition;
    std::vector<Player> order;
  };

  // Stratified: cell (size, player) of coalitions with, then without the player, then (size) of
  // all. Plain: cell (player) with, then without.
  Statistics statistics() const { return Cells(cell_count(), chosen_); }
  Scratch scratch() const { return {Coalition(players_), std::vector<Player>(players_)}; }
  std::size_t chunk() const { return stratified_ ? 2048 : 256; }

  template <class Worker>
  void begin(Worker& worker) {
    level_ = worker.value(Coalition::grand(players_));
    if (!stratified_) return;
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
    if (stratified_) return everything_ ? 0 : evaluations;
    return evaluations / 2;
  }

  template <class Worker>
  void unit(std::uint64_t, RandomStream& random, Worker& worker, Scratch& scratch,
            Statistics& cells) const {
    if (stratified_) {
      const std::size_t size = either_.draw(random);
      const double value = draw(size, random, worker, scratch);
      for (Player i = 0; i < players_; ++i)
        cells.add(cell(size, i, scratch.coalition.contains(i)), value);
      cells.add(pooled(size), value);
      cells.rows.add(scratch.coalition, value, size);
      return;
    }
    const double with = draw(with_.draw(random), random, worker, scratch);
    scratch.coalition.for_each([&](Player i) { cells.add(i, with); });
    cells.rows.add(scratch.coalition, with, 1);
    const double without = draw(without_.draw(random), random, worker, scratch);
    for (Player i = 0; i < players_; ++i) {
      if (!scratch.coalition.contains(i)) cells.add(players_ + i, without);
    }
    cells.rows.add(scratch.coalition, without, 0);
  }

  void summarise(const Statistics& cells, Estimate& estimate) const {
    const double infinity = std::numeric_limits<double>::infinity();
    estimate.values.assign(players_, 0.0);
    estimate.standard_errors.assign(players_, infinity);
    for (Player i = 0; i < players_; ++i) {
      VarianceOfMeans variance;
      if (!stratified_) {
        if (cells.counts[i] == 0.0 || cells.counts[players_ + i] == 0.0) continue;
        estimate.values[i] = cells.mean(i) - cells.mean(players_ + i);
        variance.add(cells.counts[i], cells.mean_variance(i));
        variance.add(cells.counts[players_ + i], cells.mean_variance(players_ + i));
      } else if (!boundary_.empty()) {
        for (std::size_t s = 0; s < players_; ++s) {
          if (sizes_[s] == 0.0) continue;
          const Side with = side(cells, s + 1, i, true);
          const Side without = side(cells, s, i, false);
          estimate.values[i] += sizes_[s] * (with.mean - without.mean);
          variance.add(with.count, sizes_[s] * sizes_[s] * with.variance);
          variance.add(without.count, sizes_[s] * sizes_[s] * without.variance);
        }
      } else {
        continue;
      }
      estimate.standard_errors[i] = std::sqrt(variance.sum());
      estimate.degrees_of_freedom =
          std::min(estimate.degrees_of_freedom, variance.degrees_of_freedom());
    }
    estimate.covariance_players = chosen_;
    estimate.covariance = cells.rows.covariance(
        1, [&](std::size_t row, std::size_t c) { return influence(cells, row, c); });
    mark_unknown_covariance(estimate);
  }

  template <class Archive>
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

  std::size_t cell_count() const {
    return stratified_ ? (2 * players_ + 1) * (players_ + 1) : 2 * players_;
  }
  std::size_t cell(std::size_t size, std::size_t player, bool inside) const {
    return (2 * size + (inside ? 0 : 1)) * players_ + player;
  }
  std::size_t pooled(std::size_t size) const { return 2 * players_ * (players_ + 1) + size; }

  /// What a chosen player's value owes to a sample.
  double influence(const Cells& cells, std::size_t row, std::size_t c) const {
    const Player i = chosen_[c];
    const bool in = cells.rows.contains(row, c);
    const std::size_t kind = cells.rows.kind(row);
    const double value = cells.rows.value(row);
    if (stratified_) {
      const double weight = in ? sizes_[kind - 1] : -sizes_[kind];
      return weight * cells.influence(cell(kind, i, in), value);
    }
    if (in != (kind == 1)) return 0.0;
    return in ? cells.influence(i, value) : -cells.influence(players_ + i, value);
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
      return {cells.mean(pooled(size)), std::numeric_limits<double>::infinity()};
    return {boundary_[0] * (1.0 - static_cast<double>(size) / static_cast<double>(players_)),
            std::numeric_limits<double>::infinity()};
  }

  template <class Worker>
  double draw(std::size_t size, RandomStream& random, Worker& worker, Scratch& scratch) const {
    std::iota(scratch.order.begin(), scratch.order.end(), Player{0});
    random_subset(random, scratch.order, size, scratch.coalition);
    return worker.value(scratch.coalition) - level_;
  }

  std::size_t players_;
  bool stratified_;
  std::vector<Player> chosen_;
  std::vector<double> sizes_;
  Discrete with_;
  Discrete without_;
  Discrete either_;
  bool everything_ = false;
  double level_ = 0.0;
  std::vector<double> boundary_;  // v({}), v({i}), v(N - i), less the level v(N)
};

}  // namespace detail

template <Semivalue Law>
auto Svarm::run(const Law& law, const RunContext& context) const {
  return detail::SvarmRun(detail::checked_log_weights(law, context.players), stratified, context);
}

}  // namespace gtap
