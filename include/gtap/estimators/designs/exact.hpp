#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/detail/table_fold.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// Every coalition once: exact for any law, at 2^n evaluations whatever the budget says, for at
/// most 40 players. Memory does not grow with 2^n. Stopped before the last coalition, it knows
/// nothing: values are 0 with infinite standard errors.
///
/// A sample is a block of coalitions that share their high players. It is walked in
/// Gray-code order where the evaluator has chains, then folded one player at a time.
struct Exact {
  static constexpr bool enumerates = true;

  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return "exact"; }
};

namespace detail {

class ExactRun {
 public:
  static constexpr std::size_t largest = 40;
  static constexpr std::size_t block_players = 9;

  ExactRun(const LawTable& law, std::vector<Player> chosen)
      : players_(law.players()),
        low_(std::min(players_, block_players)),
        chosen_(std::move(chosen)),
        fold_(law.log_weights) {
    if (players_ > largest) {
      fail("exact", text("at most ", largest, " players"),
           text(players_, "; take permutation or another sampling design"));
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
    void archive(Archive& fields) {
      fields(sums);
      fields(blocks);
    }
  };
  struct Scratch {
    Coalition coalition;
    std::vector<Player> toggles;
    std::vector<double> values;  // in Gray-code order
    std::vector<double> table;   // by the low players' bits
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

  void begin(Worker&) {}

  std::uint64_t plan(const Statistics&, std::size_t) {
    if (planned_ != 0) return 0;
    planned_ = 1;
    return blocks();
  }
  bool finished() const { return true; }

  void sample(std::uint64_t high, RandomStream&, Worker& worker, Scratch& scratch,
              Statistics& statistics) const {
    ++statistics.blocks;
    scratch.coalition.words()[0] = high << low_;
    worker.chain(scratch.coalition, scratch.toggles, scratch.values);

    for (std::size_t k = 0; k < scratch.table.size(); ++k)
      scratch.table[k ^ (k >> 1)] = scratch.values[k];
    const auto [lost, all] =
        fold_.add(scratch.table, static_cast<std::size_t>(std::popcount(high)), statistics.sums);
    statistics.sums[players_] += lost;
    for (std::uint64_t rest = high; rest != 0; rest &= rest - 1)
      statistics.sums[low_ + static_cast<std::size_t>(std::countr_zero(rest))] += all;
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

  void archive(Archive& fields) { fields(planned_); }

 private:
  std::uint64_t blocks() const { return std::uint64_t{1} << (players_ - low_); }

  std::size_t players_;
  std::size_t low_;
  std::vector<Player> chosen_;
  TableFold fold_;
  std::uint64_t planned_ = 0;
};

}  // namespace detail

inline auto Exact::run(const LawTable& law, const RunContext& context) const {
  return detail::ExactRun(law, context.covariance_of);
}

}  // namespace gtap
