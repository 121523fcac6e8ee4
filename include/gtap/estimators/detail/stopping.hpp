#pragma once

#include <gtap/core/archive.hpp>
#include <gtap/estimators/estimate_options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

namespace gtap::detail {

/// Decides between rounds whether a run has reached what the options ask for.
class StoppingRules {
 public:
  /// Whether there is anything to look at between rounds.
  static bool any(const EstimateOptions& options) {
    return options.standard_error > 0.0 || options.half_width > 0.0 || options.stable_top > 0 ||
           static_cast<bool>(options.stop_when);
  }

  /// Looks so far; a rule that decides by an interval shares its error over them.
  std::size_t looks() const { return static_cast<std::size_t>(looks_); }
  void begin_look() { ++looks_; }

  std::optional<Stopped> check(const EstimateOptions& options, const Estimate& estimate) {
    if (options.standard_error > 0.0 &&
        *std::max_element(estimate.standard_errors.begin(), estimate.standard_errors.end()) <=
            options.standard_error) {
      return Stopped::standard_error;
    }
    if (options.half_width > 0.0 && narrow(options, estimate)) return Stopped::half_width;
    if (options.stable_top > 0 && stable(options, estimate)) return Stopped::stable_ranking;
    if (options.stop_when && options.stop_when(estimate)) return Stopped::rule;
    return std::nullopt;
  }

  void archive(Archive& fields) {
    fields(best_);
    fields(rounds_);
    fields(looks_);
  }

 private:
  static bool narrow(const EstimateOptions& options, const Estimate& estimate) {
    for (Player p = 0; p < estimate.players(); ++p) {
      const Estimate::Interval interval = estimate.interval_over_looks(p, options.confidence);
      if (!(interval.high - interval.low <= 2.0 * options.half_width)) return false;
    }
    return true;
  }

  bool stable(const EstimateOptions& options, const Estimate& estimate) {
    std::vector<std::uint64_t> order(estimate.players());
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    const std::size_t top = options.stable_top;  // at most all players
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                      [&](std::uint64_t a, std::uint64_t b) {
                        return estimate.values[a] != estimate.values[b]
                                   ? estimate.values[a] > estimate.values[b]
                                   : a < b;
                      });
    order.resize(top);
    std::sort(order.begin(), order.end());
    rounds_ = order == best_ ? rounds_ + 1 : 1;
    best_ = order;
    return rounds_ >= options.stable_rounds;
  }

  std::vector<std::uint64_t> best_;
  std::uint64_t rounds_ = 0;
  std::uint64_t looks_ = 0;
};

}  // namespace gtap::detail
