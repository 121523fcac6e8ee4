#pragma once

#include <gtap/estimators/estimate.hpp>
#include <gtap/execution/progress.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <utility>

namespace gtap::detail {

/// When a run ends early: as its user asks, or when its seconds are used up.
class EarlyEnd {
 public:
  /// Without a limit, `seconds` is 0.
  EarlyEnd(std::stop_token stop, double seconds, double already)
      : stop_(std::move(stop)), limited_(seconds > 0.0), left_(seconds - already) {}

  /// The clock is read only where there is a limit.
  std::optional<Stopped> why() const {
    if (stop_.stop_requested()) return Stopped::request;
    if (limited_ && std::chrono::duration<double>(Clock::now() - begin_).count() >= left_)
      return Stopped::time;
    return std::nullopt;
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::stop_token stop_;
  bool limited_;
  double left_;
  Clock::time_point begin_ = Clock::now();
};

/// Thrown through a sample that is cut short.
struct CutShort {
  Stopped why;
};

/// Counts evaluations for the progress report, which the calling thread makes a few times a
/// second, also from within long samples.
class Heartbeat {
 public:
  Heartbeat(const ProgressCallback& callback, std::size_t total, std::size_t already)
      : wanted_(static_cast<bool>(callback)), meter_(callback, total, already), done_(already) {}

  bool wanted() const { return wanted_; }
  void count(std::size_t evaluations) { done_.fetch_add(evaluations, std::memory_order_relaxed); }
  void report() const { meter_.report(done_.load(std::memory_order_relaxed)); }
  void report_now_and_then() {
    const double now = meter_.seconds();
    if (now < next_) return;
    next_ = now + 0.2;
    report();
  }

 private:
  bool wanted_;
  ProgressMeter meter_;
  std::atomic<std::size_t> done_;
  double next_ = 0.0;
};

}  // namespace gtap::detail
