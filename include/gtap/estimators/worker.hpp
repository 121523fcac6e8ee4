#pragma once

#include <gtap/core/value_function.hpp>
#include <gtap/estimators/detail/early_end.hpp>
#include <gtap/games/any_game.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace gtap {

/// What the samples of a design ask for values: one thread's access to the game. It counts what is
/// asked, refuses values that are not finite, or beyond 1e147, and ends the run early where it has
/// to: between evaluations, or between calls of the rungs that the game has. Asks for values one
/// after another where the game lacks a rung.
class Worker {
 public:
  double value(const Coalition& coalition) {
    ask(1);
    const double v = evaluator_(coalition);
    if (!usable(v)) refuse(v, coalition);
    return v;
  }

  /// out[k] is the value of coalitions[k].
  void batch(std::span<const Coalition> coalitions, std::span<double> out) {
    if (able_.batch) {
      ask(coalitions.size());
      detail::require_size("Worker::batch", coalitions.size(), out.size());
      evaluator_.batch(coalitions, out);
      for (std::size_t k = 0; k < out.size(); ++k) {
        if (!usable(out[k])) refuse(out[k], coalitions[k]);
      }
    } else {
      OneByOne plain{this};
      evaluate_batch(plain, coalitions, out);
    }
  }

  /// out[0] is the value of `state`, out[k] the value after k toggles; `state` ends at the last.
  void chain(Coalition& state, std::span<const Player> toggles, std::span<double> out) {
    if (able_.chain) {
      ask(out.size());
      leave_last(state);
      evaluate_chain(evaluator_, state, toggles, out);
      last_ = state;
      if (!all_usable(out)) refuse_chain(state, toggles, out);
    } else if (able_.batch) {
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

  /// out[0] is the value of `centre`, out[1 + k] the value with players[k] toggled.
  void star(Coalition& centre, std::span<const Player> players, std::span<double> out) {
    if (able_.star) {
      ask(out.size());
      evaluate_star(evaluator_, centre, players, out);
      for (std::size_t k = 0; k < out.size(); ++k) {
        if (usable(out[k])) continue;
        if (k > 0) centre.toggle(players[k - 1]);
        refuse(out[k], centre);
      }
    } else if (able_.batch) {
      coalitions_.assign(players.size() + 1, centre);
      for (std::size_t k = 0; k < players.size(); ++k)
        coalitions_[k + 1].toggle(players[k]);
      batch(coalitions_, out);
    } else {
      OneByOne plain{this};
      evaluate_star(plain, centre, players, out);
    }
  }

  // What follows is the engine's.

  /// `caller`: this is the thread that the user called from.
  Worker(const AnyGame& game, const detail::EarlyEnd& end, detail::Heartbeat& heartbeat,
         bool caller)
      : evaluator_(game.evaluator()),
        able_(game.abilities()),
        end_(&end),
        heartbeat_(&heartbeat),
        caller_(caller) {}

  /// Called before each sample.
  void begin_sample() { fresh_ = true; }

  /// Coalitions asked for so far.
  std::size_t requested() const { return requested_; }

 private:
  /// Stands for an evaluator without rungs, so that a run may end between any two evaluations.
  struct OneByOne {
    Worker* worker;
    std::size_t players() const { return worker->evaluator_.players(); }
    double operator()(const Coalition& coalition) { return worker->value(coalition); }
  };

  void ask(std::size_t coalitions) {
    if (const auto why = end_->why()) throw detail::CutShort{*why};
    requested_ += coalitions;
    if (heartbeat_->wanted()) {
      heartbeat_->count(coalitions);
      if (caller_) heartbeat_->report_now_and_then();
    }
  }

  // An evaluator goes on from where its last chain ended. Between samples that would let rounding
  // depend on which sample a thread had before: such a coincidence is broken by a detour.
  void leave_last(const Coalition& start) {
    if (fresh_ && last_ == start && start.players() > 0) {
      last_.toggle(0);
      double unused = 0.0;
      evaluate_chain(evaluator_, last_, {}, std::span<double>(&unused, 1));
    }
    fresh_ = false;
  }

  /// Whether sums of a value's squares stay finite.
  static bool usable(double value) {
    constexpr std::uint64_t exponent = 0x7FF0000000000000u;
    constexpr std::uint64_t most = std::uint64_t{1023 + 490} << 52;
    return (std::bit_cast<std::uint64_t>(value) & exponent) < most;
  }

  static bool all_usable(std::span<const double> values) {
    bool all = true;
    for (const double value : values)
      all &= usable(value);
    return all;
  }

  [[noreturn]] static void refuse(double value, const Coalition& coalition) {
    detail::fail("value function",
                 std::isfinite(value) ? "a value between -1e147 and 1e147" : "a finite value",
                 detail::text(value, " for the coalition ", coalition));
  }

  [[noreturn]] static void refuse_chain(Coalition state, std::span<const Player> toggles,
                                        std::span<const double> out) {
    std::size_t first = 0;
    while (usable(out[first]))
      ++first;
    for (std::size_t k = toggles.size(); k > first; --k)
      state.toggle(toggles[k - 1]);
    refuse(out[first], state);
  }

  AnyEvaluator evaluator_;
  Abilities able_;
  const detail::EarlyEnd* end_;
  detail::Heartbeat* heartbeat_;
  bool caller_;
  std::size_t requested_ = 0;
  Coalition last_;
  std::vector<Coalition> coalitions_;
  bool fresh_ = true;
};

}  // namespace gtap
