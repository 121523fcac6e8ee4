#pragma once

#include <gtap/estimators/coalition_log.hpp>
#include <gtap/estimators/design.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace gtap {

/// Maximum sample reuse (Wang & Jia 2023; any retention probability: Li & Yu 2023): coalitions by
/// independent coin tosses, and phi_i = mean of v over those with i - mean over those without.
/// Unbiased while both counts are positive. One evaluation a unit; uses batches. Its variance
/// scales with that of v, not of marginal contributions: Regression is better almost always.
struct SampleReuse {
  template <Semivalue Law>
  auto run(const Law& law, const RunContext& context) const;
  std::string name() const { return "SampleReuse"; }
};

namespace detail {

/// The point of a law that coin tosses can serve.
template <class Law>
double tossing_point(const std::string& design, const Law& law) {
  static_assert(PointLaw<Law>,
                "gtap: this design tosses a coin for each player, which serves laws with one "
                "retention probability (Banzhaf, Dropout); take Permutation, SharedCoalition or "
                "KernelShap for others");
  const double p = law.point();
  if (!(p > 0.0 && p < 1.0)) {
    fail(design, "a retention probability strictly between 0 and 1",
         text(p, "; take SharedCoalition"));
  }
  return p;
}

/// Count, sum and sum of squares, for each player, of the values of coalitions with it; and of
/// all. Values are taken relative to one of them, so that a common level costs no digits.
class ReuseSums {
 public:
  explicit ReuseSums(std::size_t players)
      : count_(players + 1), sum_(players + 1), squares_(players + 1) {}

  void add(const Coalition& coalition, double value) {
    if (count_.back() == 0.0) level_ = value;
    const double v = value - level_;
    const auto credit = [&](std::size_t i) {
      count_[i] += 1.0;
      sum_[i] += v;
      squares_[i] += v * v;
    };
    coalition.for_each(credit);
    credit(count_.size() - 1);
  }

  void merge(const ReuseSums& other) {
    if (other.count_.back() == 0.0) return;
    if (count_.back() == 0.0) level_ = other.level_;
    const double shift = other.level_ - level_;
    for (std::size_t i = 0; i < count_.size(); ++i) {
      squares_[i] += other.squares_[i] + shift * (2.0 * other.sum_[i] + shift * other.count_[i]);
      sum_[i] += other.sum_[i] + shift * other.count_[i];
      count_[i] += other.count_[i];
    }
  }

  void summarise(Estimate& estimate) const {
    const std::size_t players = count_.size() - 1;
    estimate.values.assign(players, 0.0);
    estimate.standard_errors.assign(players, std::numeric_limits<double>::infinity());
    estimate.degrees_of_freedom = std::max(1.0, count_.back() - 2.0);
    for (std::size_t i = 0; i < players; ++i) {
      const double with = count_[i];
      const double without = count_.back() - with;
      if (with < 1.0 || without < 1.0) continue;
      const double mean_with = sum_[i] / with;
      const double mean_without = (sum_.back() - sum_[i]) / without;
      estimate.values[i] = mean_with - mean_without;
      if (with < 2.0 || without < 2.0) continue;
      const double spread_with = squares_[i] - with * mean_with * mean_with;
      const double spread_without =
          squares_.back() - squares_[i] - without * mean_without * mean_without;
      estimate.standard_errors[i] =
          std::sqrt(std::max(0.0, spread_with) / (with * (with - 1.0)) +
                    std::max(0.0, spread_without) / (without * (without - 1.0)));
    }
  }

  template <class Archive>
  void archive(Archive& fields) {
    fields(level_);
    fields(count_);
    fields(sum_);
    fields(squares_);
  }

 private:
  double level_ = 0.0;
  std::vector<double> count_;
  std::vector<double> sum_;
  std::vector<double> squares_;
};

class SampleReuseRun {
 public:
  SampleReuseRun(double p, std::size_t players) : p_(p), players_(players) {}

  using Statistics = ReuseSums;
  using Scratch = BatchScratch;
  Statistics statistics() const { return ReuseSums(players_); }
  Scratch scratch() const { return {}; }
  std::size_t chunk() const { return 256; }

  template <class Worker>
  void begin(Worker&) {}
  std::uint64_t plan(const Statistics&, std::size_t evaluations) { return evaluations; }

  template <class Worker>
  void units(std::uint64_t first, std::uint64_t last, std::uint64_t seed, Worker& worker,
             Scratch& scratch, Statistics& statistics) const {
    toss_batch(p_, players_, first, last, seed, worker, scratch);
    for (std::size_t k = 0; k < scratch.coalitions.size(); ++k)
      statistics.add(scratch.coalitions[k], scratch.values[k]);
  }

  void summarise(const Statistics& merged, Estimate& estimate) const { merged.summarise(estimate); }

  template <class Archive>
  void archive(Archive&) {}

  /// Evaluates one coin-toss coalition for each unit.
  template <class Worker>
  static void toss_batch(double p, std::size_t players, std::uint64_t first, std::uint64_t last,
                         std::uint64_t seed, Worker& worker, Scratch& scratch) {
    const auto count = static_cast<std::size_t>(last - first);
    scratch.coalitions.resize(count, Coalition(players));
    scratch.values.resize(count);
    for (std::size_t k = 0; k < count; ++k)
      RandomStream(seed, first + k).bernoulli_mask(p, scratch.coalitions[k]);
    worker.batch(scratch.coalitions, scratch.values);
  }

 private:
  double p_;
  std::size_t players_;
};

}  // namespace detail

template <Semivalue Law>
auto SampleReuse::run(const Law& law, const RunContext& context) const {
  const double p = detail::tossing_point("SampleReuse", law);
  detail::require_budget("SampleReuse", 2, context.evaluations);
  return detail::SampleReuseRun(p, context.players);
}

}  // namespace gtap
