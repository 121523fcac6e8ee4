#pragma once

#include <gtap/estimators/detail/checkpoint.hpp>
#include <gtap/estimators/detail/sample_runner.hpp>
#include <gtap/estimators/detail/stopping.hpp>
#include <gtap/estimators/estimate_options.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace gtap::detail {

/// What a run has come to, and how it ended.
struct RunEnd {
  AnyStatistics statistics;
  Stopped stopped = Stopped::budget;
  std::size_t evaluations = 0;
  std::size_t cached = 0;
  std::uint64_t samples = 0;
  std::size_t looks = 0;
  double seconds = 0.0;

  /// Writes down all but what the statistics tell.
  void note(Estimate& estimate) const {
    estimate.stopped = stopped;
    estimate.evaluations = evaluations;
    estimate.cached = cached;
    estimate.samples = samples;
    estimate.looks = looks;
    estimate.seconds = seconds;
  }
};

/// Runs any design on any game: budget, rounds, stopping, checkpoints. Every decision is taken
/// between rounds on merged statistics: so the same bits come from any number of threads, and from
/// a run that was stopped and resumed. A template, though of one game: so it is compiled where
/// something is estimated, and not where its header is included.
template <std::same_as<AnyGame> Game>
class Engine {
 public:
  /// `identity` says what a checkpoint has to agree with.
  Engine(const Game& game, ErasedRun& run, const EstimateOptions& options, std::string identity)
      : game_(game),
        run_(run),
        options_(options),
        identity_(std::move(identity)),
        merged_{{run_.statistics()}} {}

  /// Once.
  RunEnd run() {
    hits_before_ = game_.cache_hits();
    const bool resumed = resume();
    const EarlyEnd early(options_.stop, options_.seconds, seconds_);
    Heartbeat heartbeat(options_.progress, options_.evaluations, merged_.spent());
    SampleRunner runner(game_, run_, options_.seed, options_.threads, early, heartbeat);
    std::optional<Stopped> why;
    try {
      if (!resumed) why = start(runner.worker());
      while (!why) {
        if (StoppingRules::any(options_) && merged_.whole.sample == round_end_ &&
            merged_.whole.sample > looked_at_) {
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
    RunEnd end = so_far(last_look_ ? last_look_->looks() : rules_.looks());
    const bool finished = run_.finished() && merged_.whole.sample == round_end_;
    end.stopped = why ? *why : finished ? Stopped::finished : Stopped::budget;
    if (heartbeat.wanted()) heartbeat.report();
    return end;
  }

 private:
  using Clock = std::chrono::steady_clock;

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
    const RunEnd now = so_far(rules.looks());
    Estimate estimate;
    run_.summarise(now.statistics, estimate);
    now.note(estimate);
    const auto why = rules.check(options_, estimate);
    if (why) {
      last_look_ = std::move(rules);
    } else {
      rules_ = std::move(rules);
      looked_at_ = merged_.whole.sample;
    }
    return why;
  }

  /// Plans the next round, unless one is under way; false: there is none.
  bool plan_round() {
    const auto& whole = merged_.whole;
    if (whole.sample < round_end_) return true;
    const std::size_t left =
        options_.evaluations > whole.spent ? options_.evaluations - whole.spent : 0;
    // Rules look first at what tells them something, then after each half more: so what a run comes
    // to when they end it does not hang on its budget.
    std::size_t share = left;
    if (StoppingRules::any(options_))
      share = std::min<std::size_t>(left, std::max<std::size_t>(first_look(), whole.spent / 2));
    std::uint64_t samples = run_.plan(whole.statistics, share);
    while (samples == 0 && share < left) {
      share = std::min(left, 2 * share);
      samples = run_.plan(whole.statistics, share);
    }
    round_end_ = whole.sample + samples;
    return samples != 0;
  }

  /// Works off the round, unless it has to end early; its state is saved from time to time.
  std::optional<Stopped> finish_round(SampleRunner& runner, const EarlyEnd& early) {
    while (merged_.whole.sample < round_end_) {
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

  RunEnd so_far(std::size_t looks) const {
    RunEnd end{merged_.all()};
    end.evaluations = merged_.spent();
    end.cached = cached();
    end.samples = merged_.samples();
    end.looks = looks;
    end.seconds = seconds();
    return end;
  }

  std::size_t first_look() const { return std::max<std::size_t>(100, 10 * game_.players()); }

  std::uint64_t cached() const { return cached_ + (game_.cache_hits() - hits_before_); }

  double seconds() const {
    return seconds_ + std::chrono::duration<double>(Clock::now() - began_).count();
  }

  /// What stays as it is while samples are done.
  void archive_plan(Archive& fields, std::uint64_t& cached) {
    fields(cached);
    fields(round_end_);
    rules_.archive(fields);
    fields(looked_at_);
    run_.archive(fields);
  }

  void archive_progress(Archive& fields, double& seconds) {
    fields(seconds);
    merged_.whole.archive(fields);
    std::uint64_t begun = merged_.begun ? 1 : 0;
    fields(begun);
    if (begun == 0) return;
    if (!merged_.begun) merged_.begun.emplace(DoneSamples{run_.statistics()});
    merged_.begun->archive(fields);
  }

  std::string plan_bytes() {
    Archive fields = Archive::writer();
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

  /// On any thread, while others do samples: the plan's bytes were written before.
  void save_progress() {
    if (options_.checkpoint.empty()) return;
    saved_ = Clock::now();
    Archive fields = Archive::writer(plan_bytes_);
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
    if (options_.checkpoint.empty() || !file_exists(options_.checkpoint)) return false;
    Archive fields = Archive::reader(read_checkpoint(options_.checkpoint), options_.checkpoint);
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
  ErasedRun& run_;
  const EstimateOptions& options_;
  std::string identity_;
  Merged merged_;
  StoppingRules rules_;
  std::optional<StoppingRules> last_look_;  // that ended the run
  std::uint64_t round_end_ = 0;             // the first one of the next round
  std::uint64_t looked_at_ = 0;             // samples when the rules last looked
  std::string plan_bytes_;
  std::uint64_t cached_ = 0;  // in runs before this one
  double seconds_ = 0.0;      // in runs before this one
  std::size_t hits_before_ = 0;
  bool begun_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::time_point saved_ = Clock::now();
};

/// A run that has ended, and what it came to.
template <SamplingRun Run>
struct Ended {
  Run run;
  RunEnd end;

  const typename Run::Statistics& statistics() const {
    return end.statistics.template as<typename Run::Statistics>();
  }
  /// The run's summary of its statistics.
  Estimate estimate() const {
    Estimate estimate;
    run.summarise(statistics(), estimate);
    end.note(estimate);
    return estimate;
  }
};

/// Runs to its end.
template <SamplingRun Run>
Ended<Run> run_to_end(const AnyGame& game, Run run, const EstimateOptions& options,
                      std::string identity) {
  HeldRun<Run> held(std::move(run));
  RunEnd end = Engine(game, held, options, std::move(identity)).run();
  return {held.run(), std::move(end)};
}

}  // namespace gtap::detail
