#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/sizes.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// Every coalition once: exact for any law, at 2^n evaluations whatever the budget says, for at
/// most 40 players. Memory does not grow with 2^n. Stopped before the last coalition, it knows
/// nothing: values are 0 with infinite standard errors.
///
/// With g(S) = (p_{s-1} + p_s) v(S) and C = sum of p_s v(S), phi_i = (sum of g over S with i) - C.
/// A unit of work is a block of coalitions that share their high players. It is walked in
/// Gray-code order where the evaluator has chains, then folded one player at a time.
struct Exact {
  template <Semivalue Law>
  auto run(const Law& law, const RunContext& context) const;
  std::string name() const { return "Exact"; }
};

namespace detail {

class ExactRun {
 public:
  static constexpr std::size_t largest = 40;
  static constexpr std::size_t block_players = 9;

  ExactRun(std::span<const double> log_weights, std::vector<Player> chosen)
      : players_(log_weights.size()),
        low_(std::min(players_, block_players)),
        chosen_(std::move(chosen)) {
    if (players_ > largest) {
      fail("Exact", text("at most ", largest, " players"),
           text(players_, "; take Permutation or another sampling design"));
    }
    for (std::size_t s = 0; s <= players_; ++s) {
      const double with = s == 0 ? 0.0 : std::exp(log_weights[s - 1]);
      const double without = s == players_ ? 0.0 : std::exp(log_weights[s]);
      gain_.push_back(with + without);
      loss_.push_back(without);
    }
  }

  struct Statistics {
    std::vector<double> sums;  // of g, over coalitions with each player; the last is C
    std::uint64_t blocks = 0;

    void merge(const Statistics& other) {
      blocks += other.blocks;
      for (std::size_t i = 0; i < sums.size(); ++i)
        sums[i] += other.sums[i];
    }
    template <class Archive>
    void archive(Archive& fields) {
      fields(sums);
      fields(blocks);
    }
  };
  struct Scratch {
    Coalition coalition;
    std::vector<Player> toggles;
    std::vector<double> values;  // in Gray-code order
    std::vector<double> table;   // g by the low players' bits
  };

  Statistics statistics() const { return {std::vector<double>(players_ + 1, 0.0), 0}; }
  Scratch scratch() const {
    const std::size_t block = std::size_t{1} << low_;
    Scratch scratch{
        Coalition(players_), {}, std::vector<double>(block), std::vector<double>(block)};
    for (std::size_t k = 1; k < block; ++k)
      scratch.toggles.push_back(static_cast<Player>(std::countr_zero(k)));
    return scratch;
  }
  std::size_t chunk() const { return 16; }

  template <class Worker>
  void begin(Worker&) {}

  std::uint64_t plan(const Statistics&, std::size_t) {
    if (planned_ != 0) return 0;
    planned_ = 1;
    return blocks();
  }
  bool finished() const { return true; }

  template <class Worker>
  void unit(std::uint64_t high, RandomStream&, Worker& worker, Scratch& scratch,
            Statistics& statistics) const {
    ++statistics.blocks;
    scratch.coalition.words()[0] = high << low_;
    worker.chain(scratch.coalition, scratch.toggles, scratch.values);

    const auto high_size = static_cast<std::size_t>(std::popcount(high));
    std::vector<double>& table = scratch.table;
    double lost = 0.0;
    for (std::size_t k = 0; k < table.size(); ++k) {
      const std::size_t bits = k ^ (k >> 1);
      const std::size_t size = high_size + static_cast<std::size_t>(std::popcount(bits));
      table[bits] = gain_[size] * scratch.values[k];
      lost += loss_[size] * scratch.values[k];
    }
    statistics.sums[players_] += lost;
    std::size_t length = table.size();
    for (std::size_t player = 0; player < low_; ++player) {
      length /= 2;
      double with = 0.0;
      for (std::size_t k = 0; k < length; ++k) {
        with += table[2 * k + 1];
        table[k] = table[2 * k] + table[2 * k + 1];
      }
      statistics.sums[player] += with;
    }
    for (std::uint64_t rest = high; rest != 0; rest &= rest - 1) {
      statistics.sums[low_ + static_cast<std::size_t>(std::countr_zero(rest))] += table[0];
    }
  }

  void summarise(const Statistics& merged, Estimate& estimate) const {
    // Part of a sum says nothing of the whole: the blocks are in no random order.
    const bool whole = merged.blocks == blocks();
    const double error = whole ? 0.0 : std::numeric_limits<double>::infinity();
    estimate.values.assign(players_, 0.0);
    for (std::size_t i = 0; whole && i < players_; ++i)
      estimate.values[i] = merged.sums[i] - merged.sums[players_];
    estimate.standard_errors.assign(players_, error);
    estimate.covariance_players = chosen_;
    estimate.covariance.assign(chosen_.size() * chosen_.size(), error);
  }

  template <class Archive>
  void archive(Archive& fields) {
    fields(planned_);
  }

 private:
  std::uint64_t blocks() const { return std::uint64_t{1} << (players_ - low_); }

  std::size_t players_;
  std::size_t low_;
  std::vector<Player> chosen_;
  std::vector<double> gain_;
  std::vector<double> loss_;
  std::uint64_t planned_ = 0;
};

}  // namespace detail

template <Semivalue Law>
auto Exact::run(const Law& law, const RunContext& context) const {
  return detail::ExactRun(detail::checked_log_weights(law, context.players), context.covariance_of);
}

}  // namespace gtap
