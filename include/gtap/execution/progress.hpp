#pragma once

#include <gtap/core/target.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <utility>

namespace gtap {

/// How far a long procedure has come. The unit (evaluations, images, rounds) is the procedure's.
struct Progress {
  std::size_t done = 0;
  std::size_t total = 0;      ///< 0: not known ahead
  double seconds = 0.0;       ///< since the procedure began
  double rate = 0.0;          ///< units a second so far; 0 before the first
  double seconds_left = 0.0;  ///< at that rate; 0 when nothing is known
};

/// Called now and then by a long procedure, always from the thread that called it. An empty
/// function is not called. What it throws ends the procedure and reaches the caller.
using ProgressCallback = std::function<void(const Progress&)>;

/// Measures a procedure for its callback. `already` units were done before (a resumed run): they
/// count as done, not towards the rate.
class ProgressMeter {
 public:
  ProgressMeter(ProgressCallback callback, std::size_t total, std::size_t already = 0)
      : callback_(std::move(callback)), total_(total), already_(already), begin_(Clock::now()) {}

  /// Seconds since construction.
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  /// Tells the callback that `done` units are finished in all.
  void report(std::size_t done) const {
    if (!callback_) return;
    Progress progress{.done = done, .total = total_, .seconds = seconds()};
    const auto since = static_cast<double>(done > already_ ? done - already_ : 0);
    if (progress.seconds > 0.0) progress.rate = since / progress.seconds;
    if (progress.rate > 0.0 && total_ > done) {
      progress.seconds_left = static_cast<double>(total_ - done) / progress.rate;
    }
    callback_(progress);
  }

 private:
  using Clock = std::chrono::steady_clock;

  ProgressCallback callback_;
  std::size_t total_;
  std::size_t already_;
  Clock::time_point begin_;
};

}  // namespace gtap
