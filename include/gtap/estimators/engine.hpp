#pragma once

#include <gtap/estimators/checkpoint.hpp>
#include <gtap/estimators/design.hpp>
#include <gtap/estimators/options.hpp>
#include <gtap/estimators/stopping.hpp>
#include <gtap/estimators/unit_runner.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace gtap::detail {

/// Runs any design on any game: budget, rounds, stopping, checkpoints. Every decision is taken
/// between rounds on merged statistics: so the same bits come from any number of threads, and from
/// a run that was stopped and resumed.
template <class Game, DesignRun Run>
class Engine {
 public:
  /// `identity` says what a checkpoint has to agree with.
  Engine(const Game& game, Run run, const EstimateOptions& options, std::string identity)
      : game_(game),
        run_(std::move(run)),
        options_(options),
        identity_(std::move(identity)),
        merged_{run_.statistics()} {}

  /// Once.
  Estimate estimate() {
    const std::size_t hits_before = cache_hits();
    const bool resumed = resume();
    Heartbeat heartbeat(options_.progress, options_.evaluations, merged_.spent);
    UnitRunner<Game, Run> runner(game_, run_, options_, heartbeat);
    std::optional<Stopped> why;
    try {
      if (!resumed) why = start(runner.worker());
      while (!why) {
        if (StoppingRules::any(options_) && merged_.unit == round_end_ &&
            merged_.unit > looked_at_) {
          why = look();
        } else if (plan_round()) {
          why = finish_round(runner);
        } else {
          break;
        }
      }
    } catch (...) {
      if (begun_) save();  // what was merged is not lost
      throw;
    }
    cached_ += cache_hits() - hits_before;
    seconds_ += elapsed();
    began_ = Clock::now();
    if (begun_) save();
    Estimate result = summary(last_look_ ? last_look_->looks() : rules_.looks());
    result.stopped = why ? *why : run_is_finished() ? Stopped::finished : Stopped::budget;
    if (heartbeat.wanted()) heartbeat.report();
    return result;
  }

 private:
  using Clock = std::chrono::steady_clock;

  template <class Worker>
  std::optional<Stopped> start(Worker& worker) {
    try {
      run_.begin(worker);
      merged_.spent = worker.requested();
      begun_ = true;
      return std::nullopt;
    } catch (const StopRequest&) {
      return Stopped::request;
    }
  }

  /// Asks the rules. A look that ends the run is not saved: resumed, the run looks and ends again.
  std::optional<Stopped> look() {
    StoppingRules rules = rules_;
    rules.begin_look();
    const auto why = rules.check(options_, summary(rules.looks()));
    if (why) {
      last_look_ = std::move(rules);
    } else {
      rules_ = std::move(rules);
      looked_at_ = merged_.unit;
    }
    return why;
  }

  /// Plans the next round, unless one is under way; false: there is none.
  bool plan_round() {
    if (merged_.unit < round_end_) return true;
    const std::size_t left =
        options_.evaluations > merged_.spent ? options_.evaluations - merged_.spent : 0;
    std::uint64_t units = 0;
    if (StoppingRules::any(options_)) {
      const std::size_t share = std::max(options_.evaluations / 20, merged_.spent / 2);
      units = run_.plan(merged_.statistics, std::min(left, share));
    }
    if (units == 0) units = run_.plan(merged_.statistics, left);
    round_end_ = merged_.unit + units;
    return units != 0;
  }

  /// Works off the round; from time to time the user may stop it and its state may be saved.
  std::optional<Stopped> finish_round(UnitRunner<Game, Run>& runner) {
    while (merged_.unit < round_end_) {
      if (options_.stop.stop_requested()) return Stopped::request;
      if (options_.seconds > 0.0 && seconds_ + elapsed() >= options_.seconds) return Stopped::time;
      runner.run_wave(merged_, round_end_);
      if (options_.stop.stop_requested()) return Stopped::request;
      if (std::chrono::duration<double>(Clock::now() - saved_).count() >=
          options_.checkpoint_seconds) {
        save();
      }
    }
    return std::nullopt;
  }

  Estimate summary(std::size_t looks) const {
    Estimate estimate;
    run_.summarise(merged_.statistics, estimate);
    estimate.evaluations = merged_.spent;
    estimate.cached = cached_;
    estimate.units = merged_.unit;
    estimate.looks = looks;
    estimate.seconds = seconds_ + elapsed();
    return estimate;
  }

  bool run_is_finished() const {
    if constexpr (requires {
                    { run_.finished() } -> std::convertible_to<bool>;
                  }) {
      return run_.finished() && merged_.unit == round_end_;
    } else {
      return false;
    }
  }

  std::size_t cache_hits() const {
    if constexpr (requires {
                    { game_.cache_hits() } -> std::convertible_to<std::size_t>;
                  }) {
      return game_.cache_hits();
    } else {
      return 0;
    }
  }

  double elapsed() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

  template <class Archive>
  void archive(Archive& fields) {
    fields(merged_.unit);
    fields(round_end_);
    fields(merged_.spent);
    fields(cached_);
    fields(seconds_);
    rules_.archive(fields);
    fields(looked_at_);
    run_.archive(fields);
    merged_.statistics.archive(fields);
  }

  void save() {
    saved_ = Clock::now();
    if (options_.checkpoint.empty()) return;
    const double seconds = std::exchange(seconds_, seconds_ + elapsed());
    StateWriter fields;
    fields(identity_);
    archive(fields);
    seconds_ = seconds;
    write_checkpoint(options_.checkpoint, fields.bytes());
  }

  bool resume() {
    if (options_.checkpoint.empty() || !std::filesystem::exists(options_.checkpoint)) return false;
    StateReader fields(read_checkpoint(options_.checkpoint), options_.checkpoint.string());
    std::string identity;
    fields(identity);
    if (identity != identity_) fail("checkpoint", identity_, identity);
    archive(fields);
    fields.finish();
    begun_ = true;
    return true;
  }

  const Game& game_;
  Run run_;
  const EstimateOptions& options_;
  std::string identity_;
  Merged<typename Run::Statistics> merged_;
  StoppingRules rules_;
  std::optional<StoppingRules> last_look_;  // that ended the run
  std::uint64_t round_end_ = 0;             // the first one of the next round
  std::uint64_t looked_at_ = 0;             // units when the rules last looked
  std::uint64_t cached_ = 0;
  double seconds_ = 0.0;  // in runs before this one
  bool begun_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::time_point saved_ = Clock::now();
};

}  // namespace gtap::detail
