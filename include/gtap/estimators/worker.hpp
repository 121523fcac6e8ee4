#pragma once

#include <gtap/core/value_function.hpp>
#include <gtap/estimators/estimate.hpp>
#include <gtap/execution/progress.hpp>

#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

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

/// Thrown through a unit of work that is cut short.
struct CutShort {
  Stopped why;
};

/// Counts evaluations for the progress report, which the calling thread makes a few times a
/// second, also from within long units.
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

/// One thread's access to the game: counts what is asked, refuses values that are not finite, and
/// ends early where it has to: between evaluations, or between calls of the rungs that the
/// evaluator has.
template <Evaluator E>
class Worker {
 public:
  /// `caller`: this is the thread that the user called from.
  Worker(E evaluator, const EarlyEnd* end, Heartbeat* heartbeat, bool caller)
      : evaluator_(std::move(evaluator)), end_(end), heartbeat_(heartbeat), caller_(caller) {}

  std::size_t players() const { return evaluator_.players(); }

  double value(const Coalition& coalition) {
    ask(1);
    const double v = static_cast<double>(evaluator_(coalition));
    if (!std::isfinite(v)) refuse(v, coalition);
    return v;
  }

  void batch(std::span<const Coalition> coalitions, std::span<double> out) {
    if constexpr (BatchEvaluator<E>) {
      ask(coalitions.size());
      evaluate_batch(evaluator_, coalitions, out);
      for (std::size_t k = 0; k < out.size(); ++k) {
        if (!std::isfinite(out[k])) refuse(out[k], coalitions[k]);
      }
    } else {
      OneByOne plain{this};
      evaluate_batch(plain, coalitions, out);
    }
  }

  /// out[0] is the value of `state`, out[k] the value after k toggles; `state` ends at the last.
  void chain(Coalition& state, std::span<const Player> toggles, std::span<double> out) {
    if constexpr (ChainEvaluator<E>) {
      ask(out.size());
      leave_last(state);
      evaluate_chain(evaluator_, state, toggles, out);
      last_ = state;
      if (!all_finite(out)) refuse_chain(state, toggles, out);
    } else if constexpr (BatchEvaluator<E>) {
      coalitions_.assign(1, state);
      for (const Player p : toggles) {
        state.toggle(p);
        coalitions_.push_back(state);
      }
      batch(coalitions_, out);
    } else {
      OneByOne plain{this};
      evaluate_chain(plain, state, toggles, out);
    }
  }

  /// The value once `player` has changed sides in `state`, for chains whose every step hangs on the
  /// values before: a chain of one step, from where the last one ended, which asks for one value
  /// more. `first`: the last one ended elsewhere, and no value but this is wanted.
  double step(Coalition& state, Player player, bool first) {
    if constexpr (ChainEvaluator<E>) {
      ask(1);
      double values[2] = {};
      if (first) {
        state.toggle(player);
        leave_last(state);
        evaluate_chain(evaluator_, state, {}, std::span<double>(values + 1, 1));
      } else {
        evaluate_chain(evaluator_, state, std::span<const Player>(&player, 1), values);
      }
      last_ = state;
      if (!std::isfinite(values[1])) refuse(values[1], state);
      return values[1];
    } else {
      state.toggle(player);
      return value(state);
    }
  }

  /// out[0] is the value of `centre`, out[1 + k] the value with players[k] toggled.
  void star(Coalition& centre, std::span<const Player> players, std::span<double> out) {
    if constexpr (StarEvaluator<E>) {
      ask(out.size());
      evaluate_star(evaluator_, centre, players, out);
      for (std::size_t k = 0; k < out.size(); ++k) {
        if (std::isfinite(out[k])) continue;
        if (k > 0) centre.toggle(players[k - 1]);
        refuse(out[k], centre);
      }
    } else if constexpr (BatchEvaluator<E>) {
      coalitions_.assign(players.size() + 1, centre);
      for (std::size_t k = 0; k < players.size(); ++k)
        coalitions_[k + 1].toggle(players[k]);
      batch(coalitions_, out);
    } else {
      OneByOne plain{this};
      evaluate_star(plain, centre, players, out);
    }
  }

  /// Called before each unit of work.
  void begin_unit() { fresh_ = true; }

  /// Coalitions asked for so far.
  std::size_t requested() const { return requested_; }

 private:
  /// Stands for an evaluator without rungs, so that a run may end between any two evaluations.
  struct OneByOne {
    Worker* worker;
    std::size_t players() const { return worker->players(); }
    double operator()(const Coalition& coalition) { return worker->value(coalition); }
  };

  void ask(std::size_t coalitions) {
    if (const auto why = end_->why()) throw CutShort{*why};
    requested_ += coalitions;
    if (heartbeat_->wanted()) {
      heartbeat_->count(coalitions);
      if (caller_) heartbeat_->report_now_and_then();
    }
  }

  // An evaluator goes on from where its last chain ended. Between units that would let rounding
  // depend on which unit a thread had before: such a coincidence is broken by a detour.
  void leave_last(const Coalition& start) {
    if (fresh_ && last_ == start && start.players() > 0) {
      last_.toggle(0);
      double unused = 0.0;
      evaluate_chain(evaluator_, last_, {}, std::span<double>(&unused, 1));
    }
    fresh_ = false;
  }

  static bool all_finite(std::span<const double> values) {
    constexpr std::uint64_t exponent = 0x7FF0000000000000u;
    bool finite = true;
    for (const double value : values)
      finite &= (std::bit_cast<std::uint64_t>(value) & exponent) != exponent;
    return finite;
  }

  [[noreturn]] static void refuse(double value, const Coalition& coalition) {
    fail("value function", "a finite value", text(value, " for the coalition ", coalition));
  }

  [[noreturn]] static void refuse_chain(Coalition state, std::span<const Player> toggles,
                                        std::span<const double> out) {
    std::size_t first = 0;
    while (std::isfinite(out[first]))
      ++first;
    for (std::size_t k = toggles.size(); k > first; --k)
      state.toggle(toggles[k - 1]);
    refuse(out[first], state);
  }

  E evaluator_;
  const EarlyEnd* end_;
  Heartbeat* heartbeat_;
  bool caller_;
  std::size_t requested_ = 0;
  Coalition last_;
  std::vector<Coalition> coalitions_;
  bool fresh_ = true;
};

}  // namespace gtap::detail
