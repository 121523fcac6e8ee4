#pragma once

#include <gtap/estimators/checkpoint.hpp>
#include <gtap/estimators/design.hpp>
#include <gtap/estimators/options.hpp>
#include <gtap/estimators/stopping.hpp>
#include <gtap/estimators/worker.hpp>
#include <gtap/execution/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gtap::detail {

/// Runs any design on any game: rounds, chunks, threads, budget, stopping, checkpoints.
/// Unit k draws from stream k of the seed. Chunks end where their first unit says and are merged in
/// order, and every decision is taken between rounds on merged statistics: so the same bits come
/// from any number of threads, and from a run that was stopped and resumed.
template <class Game, DesignRun Run>
class Engine {
 public:
  /// `identity` says what a checkpoint has to agree with.
  Engine(const Game& game, Run run, const EstimateOptions& options, std::string identity)
      : game_(game),
        run_(std::move(run)),
        options_(options),
        identity_(std::move(identity)),
        merged_(run_.statistics()),
        pool_(ConcurrentGame<Game> ? options.threads : 1),
        workers_(pool_.size()) {}

  /// Threads free their own memory: from another's hands it would come to lie beside that thread's,
  /// on cache lines that both write.
  ~Engine() {
    pool_.on_each_thread([this](std::size_t index) { workers_[index].reset(); });
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Once.
  Estimate estimate() {
    const std::size_t hits_before = cache_hits();
    const bool resumed = resume();
    heartbeat_.emplace(options_.progress, options_.evaluations, spent_);
    std::optional<Stopped> why;
    try {
      if (!resumed) why = start();
      while (!why) {
        if (StoppingRules::any(options_) && unit_ == round_end_ && unit_ > looked_at_) {
          why = look();
        } else if (plan_round()) {
          why = finish_round();
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
    if (heartbeat_->wanted()) heartbeat_->report();
    return result;
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Evaluator = evaluator_t<Game>;
  using Statistics = typename Run::Statistics;

  struct Thread {
    Worker<Evaluator> worker;
    typename Run::Scratch scratch;
  };
  struct Chunk {
    std::uint64_t first, last;             // units, up to last - 1
    std::optional<Statistics> statistics;  // none: not done
    std::size_t requested = 0;
    std::exception_ptr error;
  };

  /// A thread's evaluator is made when it has its first work.
  Thread& thread(std::size_t index) {
    if (!workers_[index]) {
      const std::lock_guard lock(making_);
      workers_[index].reset(new Thread{
          {gtap::evaluator(game_), options_.stop, &*heartbeat_, index == 0}, run_.scratch()});
    }
    return *workers_[index];
  }

  std::optional<Stopped> start() {
    try {
      Worker<Evaluator>& worker = thread(0).worker;
      run_.begin(worker);
      spent_ = worker.requested();
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
      looked_at_ = unit_;
    }
    return why;
  }

  /// Plans the next round, unless one is under way; false: there is none.
  bool plan_round() {
    if (unit_ < round_end_) return true;
    const std::size_t left = options_.evaluations > spent_ ? options_.evaluations - spent_ : 0;
    std::uint64_t units = 0;
    if (StoppingRules::any(options_)) {
      const std::size_t share = std::max(options_.evaluations / 20, spent_ / 2);
      units = run_.plan(merged_, std::min(left, share));
    }
    if (units == 0) units = run_.plan(merged_, left);
    round_end_ = unit_ + units;
    return units != 0;
  }

  /// Works off the round in waves of chunks; between waves the user may stop it and its state may
  /// be saved.
  std::optional<Stopped> finish_round() {
    while (unit_ < round_end_) {
      if (options_.stop.stop_requested()) return Stopped::request;
      if (options_.seconds > 0.0 && seconds_ + elapsed() >= options_.seconds) return Stopped::time;
      const Clock::time_point before = Clock::now();
      run_wave();
      if (options_.stop.stop_requested()) return Stopped::request;
      const double took = std::chrono::duration<double>(Clock::now() - before).count();
      if (took < 0.1) wave_ = std::min<std::size_t>(2 * wave_, 4096);
      if (took > 0.4) wave_ = std::max<std::size_t>(wave_ / 2, pool_.size());
      if (std::chrono::duration<double>(Clock::now() - saved_).count() >=
          options_.checkpoint_seconds) {
        save();
      }
    }
    return std::nullopt;
  }

  /// Whoever ends a chunk merges what is then next in order, so that nobody waits for the merging.
  void run_wave() {
    std::vector<Chunk> chunks;
    for (auto first = unit_; first < round_end_ && chunks.size() < wave_;
         first = chunks.back().last)
      chunks.push_back({first, std::min(chunk_end(first, run_.chunk()), round_end_), {}, 0, {}});
    std::atomic<std::size_t> failed = chunks.size();  // lowest chunk that ended early
    std::mutex merging;
    std::size_t next = 0;  // to merge
    pool_.run(chunks.size(), [&](std::size_t index, std::size_t thread_index) {
      if (failed.load() < index) return;
      Chunk& chunk = chunks[index];
      try {
        Thread& own = thread(thread_index);
        Statistics statistics = run_chunk(own, chunk);
        const std::lock_guard lock(merging);
        chunk.statistics.emplace(std::move(statistics));
        for (; next < chunks.size() && chunks[next].statistics; ++next)
          merge(chunks[next]);
        return;
      } catch (const StopRequest&) {
      } catch (...) {
        chunk.error = std::current_exception();
      }
      std::size_t lowest = failed.load();
      while (index < lowest && !failed.compare_exchange_weak(lowest, index)) {
      }
    });
    if (next < chunks.size() && chunks[next].error) std::rethrow_exception(chunks[next].error);
  }

  void merge(Chunk& chunk) {
    merged_.merge(*chunk.statistics);
    chunk.statistics.reset();
    spent_ += chunk.requested;
    unit_ = chunk.last;
  }

  Statistics run_chunk(Thread& thread, Chunk& chunk) const {
    const std::size_t before = thread.worker.requested();
    Statistics statistics = run_.statistics();
    if constexpr (requires { run_.units(0, 0, 0, thread.worker, thread.scratch, statistics); }) {
      thread.worker.begin_unit();
      run_.units(chunk.first, chunk.last, options_.seed, thread.worker, thread.scratch, statistics);
    } else {
      for (std::uint64_t unit = chunk.first; unit < chunk.last; ++unit) {
        RandomStream random(options_.seed, unit);
        thread.worker.begin_unit();
        run_.unit(unit, random, thread.worker, thread.scratch, statistics);
      }
    }
    chunk.requested = thread.worker.requested() - before;
    return statistics;
  }

  Estimate summary(std::size_t looks) const {
    Estimate estimate;
    run_.summarise(merged_, estimate);
    estimate.evaluations = spent_;
    estimate.cached = cached_;
    estimate.units = unit_;
    estimate.looks = looks;
    estimate.seconds = seconds_ + elapsed();
    return estimate;
  }

  bool run_is_finished() const {
    if constexpr (requires {
                    { run_.finished() } -> std::convertible_to<bool>;
                  }) {
      return run_.finished() && unit_ == round_end_;
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
    fields(unit_);
    fields(round_end_);
    fields(spent_);
    fields(cached_);
    fields(seconds_);
    rules_.archive(fields);
    fields(looked_at_);
    run_.archive(fields);
    merged_.archive(fields);
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
  Statistics merged_;
  ThreadPool pool_;
  std::vector<std::unique_ptr<Thread>> workers_;
  std::mutex making_;
  std::optional<Heartbeat> heartbeat_;
  StoppingRules rules_;
  std::optional<StoppingRules> last_look_;  // that ended the run
  std::uint64_t unit_ = 0;                  // the next one
  std::uint64_t round_end_ = 0;             // the first one of the next round
  std::uint64_t looked_at_ = 0;             // units when the rules last looked
  std::uint64_t spent_ = 0;                 // evaluations
  std::uint64_t cached_ = 0;
  double seconds_ = 0.0;  // in runs before this one
  std::size_t wave_ = 4;  // chunks; changes nothing but how often the user is heard
  bool begun_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::time_point saved_ = Clock::now();
};

}  // namespace gtap::detail
