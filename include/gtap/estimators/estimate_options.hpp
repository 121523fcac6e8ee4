#pragma once

#include <gtap/estimators/estimate.hpp>
#include <gtap/execution/progress.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace gtap {

/// What an estimation may spend, when it stops, and where it reports.
struct EstimateOptions {
  /// Coalitions that may be asked for. Counts requests, so a cache changes no result. Exact
  /// enumeration always asks for all 2^n.
  std::size_t evaluations = 20'000;
  std::uint64_t seed = 0;   ///< the same seed gives the same bits, for any number of threads
  std::size_t threads = 0;  ///< 0: as many as the machine offers

  /// Enumerate when the budget allows all 2^n coalitions, whatever the design: exact, and cheaper.
  bool enumerate_small = true;

  // Rules that end a run before its budget; 0 or empty: not asked for. They are looked at between
  // rounds, each half as long as all before.
  double seconds = 0.0;         ///< wall-clock limit, heard between evaluations; not reproducible
  double standard_error = 0.0;  ///< end when every standard error is at most this
  /// End when every interval_over_looks is at most this to either side, so that the intervals hold
  /// with `confidence` although they were looked at after each round.
  double half_width = 0.0;
  double confidence = 0.95;
  std::size_t stable_top = 0;     ///< end when the best this many are the same players...
  std::size_t stable_rounds = 3;  ///< ...in this many rounds one after another, whatever the
                                  ///< errors: top_k says how sure a cut is
  std::function<bool(const Estimate&)> stop_when{};  ///< end when this says so; must not keep state

  std::vector<Player> covariance_of{};  ///< players whose covariance is wanted

  ProgressCallback progress{};  ///< in evaluations
  std::stop_token stop{};       ///< end soon and return what is known

  /// The file in which to keep the state of the run, replaced atomically; empty: nowhere. When the
  /// file is there at the start, the run goes on from it (same game, law, design, seed and rules,
  /// or gtap::Error); it stays after the run, so a larger budget can go on from it. Not with
  /// Surrogate, LeverageShap and Stratified, which plan by the whole budget: these refuse another.
  std::string checkpoint{};
  double checkpoint_seconds = 60.0;  ///< from one save to the next
};

}  // namespace gtap
