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
  using Statistics = typename Run::Statistics;

 public:
  /// `identity` says what a checkpoint has to agree with.
  Engine(const Game& game, Run run, const EstimateOptions& options, std::string identity)
      : game_(game),
        run_(std::move(run)),
        options_(options),
        identity_(std::move(identity)),
        merged_{{run_.statistics()}, {}, false} {}

  /// Once.
  Estimate estimate() {
    hits_before_ = cache_hits();
    const bool resumed = resume();
    const EarlyEnd early(options_.stop, options_.seconds, seconds_);
    Heartbeat heartbeat(options_.progress, options_.evaluations, spent());
    UnitRunner<Game, Run> runner(game_, run_, options_, early, heartbeat);
    std::optional<Stopped> why;
    try {
      if (!resumed) why = start(runner.worker());
      while (!why) {
        if (StoppingRules::any(options_) && merged_.whole.unit == round_end_ &&
            merged_.whole.unit > looked_at_) {
          why = look();
        } else if (plan_round()) {
          why = finish_round(runner, early);
        } else {
          break;
        }
      }
    } catch (...) {
      save_after_error();
      throw;
    }
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
      merged_.whole.spent = worker.requested();
      begun_ = true;
      return std::nullopt;
    } catch (const CutShort& cut) {
      return cut.why;
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
      looked_at_ = merged_.whole.unit;
    }
    return why;
  }

  /// Plans the next round, unless one is under way; false: there is none.
  bool plan_round() {
    const auto& whole = merged_.whole;
    if (whole.unit < round_end_) return true;
    const std::size_t left =
        options_.evaluations > whole.spent ? options_.evaluations - whole.spent : 0;
    std::uint64_t units = 0;
    if (StoppingRules::any(options_)) {
      const std::size_t share = std::max<std::size_t>(options_.evaluations / 20, whole.spent / 2);
      units = run_.plan(whole.statistics, std::min(left, share));
    }
    if (units == 0) units = run_.plan(whole.statistics, left);
    round_end_ = whole.unit + units;
    return units != 0;
  }

  /// Works off the round, unless it has to end early; its state is saved from time to time.
  std::optional<Stopped> finish_round(UnitRunner<Game, Run>& runner, const EarlyEnd& early) {
    while (merged_.whole.unit < round_end_) {
      if (const auto why = early.why()) return why;
      if (!options_.checkpoint.empty()) plan_bytes_ = plan_bytes();
      const auto why = runner.run_wave(merged_, round_end_, [this] {
        const std::chrono::duration<double> since = Clock::now() - saved_;
        if (since.count() >= options_.checkpoint_seconds) save_progress();
      });
      if (why) return why;
    }
    return std::nullopt;
  }

  Estimate summary(std::size_t looks) const {
    Estimate estimate;
    if (merged_.begun) {
      auto all = merged_.whole.statistics;
      all.merge(merged_.begun->statistics);
      run_.summarise(all, estimate);
    } else {
      run_.summarise(merged_.whole.statistics, estimate);
    }
    estimate.evaluations = spent();
    estimate.cached = cached();
    estimate.units = merged_.begun ? merged_.begun->unit : merged_.whole.unit;
    estimate.looks = looks;
    estimate.seconds = seconds();
    return estimate;
  }

  bool run_is_finished() const {
    if constexpr (requires {
                    { run_.finished() } -> std::convertible_to<bool>;
                  }) {
      return run_.finished() && merged_.whole.unit == round_end_;
    } else {
      return false;
    }
  }

  std::size_t spent() const {
    return merged_.whole.spent + (merged_.begun ? merged_.begun->spent : 0);
  }

  std::size_t cache_hits() const {
    if constexpr (CachingGame<Game>) {
      return game_.cache_hits();
    } else {
      return 0;
    }
  }
  std::uint64_t cached() const { return cached_ + (cache_hits() - hits_before_); }

  double seconds() const {
    return seconds_ + std::chrono::duration<double>(Clock::now() - began_).count();
  }

  /// What stays as it is while units are done.
  template <class Archive>
  void archive_plan(Archive& fields, std::uint64_t& cached) {
    fields(cached);
    fields(round_end_);
    rules_.archive(fields);
    fields(looked_at_);
    run_.archive(fields);
  }

  template <class Archive>
  void archive_progress(Archive& fields, double& seconds) {
    fields(seconds);
    merged_.whole.archive(fields);
    std::uint64_t begun = merged_.begun ? 1 : 0;
    fields(begun);
    if (begun == 0) return;
    if (!merged_.begun) merged_.begun.emplace(DoneUnits<Statistics>{run_.statistics()});
    merged_.begun->archive(fields);
  }

  std::string plan_bytes() {
    StateWriter fields;
    fields(identity_);
    std::uint64_t cached_by_now = cached();
    archive_plan(fields, cached_by_now);
    return fields.bytes();
  }

  void save() {
    if (options_.checkpoint.empty()) return;
    plan_bytes_ = plan_bytes();
    save_progress();
  }

  /// On any thread, while others do units: the plan's bytes were written before.
  void save_progress() {
    if (options_.checkpoint.empty()) return;
    saved_ = Clock::now();
    StateWriter fields(plan_bytes_);
    double seconds_by_now = seconds();
    archive_progress(fields, seconds_by_now);
    write_checkpoint(options_.checkpoint, fields.bytes());
  }

  /// What was merged is not lost. Should it not be possible to save it, the error that came first
  /// is the one to be told.
  void save_after_error() {
    if (!begun_ || merged_.damaged) return;
    try {
      save();
    } catch (...) {
    }
  }

  bool resume() {
    if (options_.checkpoint.empty() || !std::filesystem::exists(options_.checkpoint)) return false;
    StateReader fields(read_checkpoint(options_.checkpoint), options_.checkpoint.string());
    std::string identity;
    fields(identity);
    if (identity != identity_) fail("checkpoint", identity_, identity);
    archive_plan(fields, cached_);
    archive_progress(fields, seconds_);
    fields.finish();
    begun_ = true;
    return true;
  }

  const Game& game_;
  Run run_;
  const EstimateOptions& options_;
  std::string identity_;
  Merged<Statistics> merged_;
  StoppingRules rules_;
  std::optional<StoppingRules> last_look_;  // that ended the run
  std::uint64_t round_end_ = 0;             // the first one of the next round
  std::uint64_t looked_at_ = 0;             // units when the rules last looked
  std::string plan_bytes_;
  std::uint64_t cached_ = 0;  // in runs before this one
  double seconds_ = 0.0;      // in runs before this one
  std::size_t hits_before_ = 0;
  bool begun_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::time_point saved_ = Clock::now();
};

}  // namespace gtap::detail
