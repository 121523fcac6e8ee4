#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/options.hpp>
#include <gtap/estimators/worker.hpp>
#include <gtap/execution/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace gtap::detail {

/// Units that were done one after another, and what they came to.
template <class Statistics>
struct DoneUnits {
  Statistics statistics;
  std::uint64_t unit = 0;   ///< the next one
  std::uint64_t spent = 0;  ///< evaluations

  template <class Archive>
  void archive(Archive& fields) {
    fields(unit);
    fields(spent);
    statistics.archive(fields);
  }
};

/// What the units done so far have come to: whole chunks, and the first units of the next one where
/// a chunk takes long.
template <class Statistics>
struct Merged {
  DoneUnits<Statistics> whole;
  std::optional<DoneUnits<Statistics>> begun;
  bool damaged = false;  ///< memory ran out half-way through merging
};

/// Works off the units of a design's run on threads. Unit k draws from stream k of the seed. Chunks
/// end where their first unit says and are merged in order: so the same bits come from any number
/// of threads.
template <class Game, DesignRun Run>
class UnitRunner {
 public:
  using Statistics = typename Run::Statistics;
  using Done = DoneUnits<Statistics>;

  UnitRunner(const Game& game, const Run& run, const EstimateOptions& options,
             const EarlyEnd& early, Heartbeat& heartbeat)
      : game_(game),
        run_(run),
        seed_(options.seed),
        early_(early),
        heartbeat_(heartbeat),
        pool_(ConcurrentGame<Game> ? options.threads : 1),
        threads_(pool_.size()),
        wave_(std::max<std::size_t>(pool_.size(), 4)) {}

  /// Threads free their own memory: from another's hands it would come to lie beside that thread's,
  /// on cache lines that both write.
  ~UnitRunner() {
    pool_.on_each_thread([this](std::size_t index) { threads_[index].reset(); });
  }
  UnitRunner(const UnitRunner&) = delete;
  UnitRunner& operator=(const UnitRunner&) = delete;

  /// The calling thread's access to the game.
  Worker<evaluator_t<Game>>& worker() { return thread(0).worker; }

  /// Does and merges the next units, as many as take some tenths of a second but none from `end`
  /// on, or fewer: then it says why. What came before in order is merged, also when something is
  /// thrown. `noted()` is called now and then, on any thread, while `merged` is at rest.
  template <class Noted>
  std::optional<Stopped> run_wave(Merged<Statistics>& merged, std::uint64_t end, Noted&& noted) {
    const auto before = Clock::now();
    Wave wave{merged};
    for (std::uint64_t first = merged.whole.unit; first < end && wave.chunks.size() < wave_;) {
      const std::uint64_t last = std::min(chunk_end(first, least_chunk()), end);
      wave.chunks.push_back({first, last, {}, {}, {}});
      first = last;
    }
    wave.chunks.front().done = merged.begun;
    std::atomic<std::size_t> failed = wave.chunks.size();  // lowest chunk that ended early
    pool_.run(wave.chunks.size(), [&](std::size_t index, std::size_t thread_index) {
      if (failed.load() < index) return;
      Chunk& chunk = wave.chunks[index];
      try {
        run_chunk(thread(thread_index), chunk, [&](Done&& done) {
          const std::lock_guard lock(wave.merging);
          if (merged.damaged) return;
          wave.take(chunk, std::move(done));
          noted();
        });
        return;
      } catch (const CutShort& cut) {
        chunk.cut = cut.why;
      } catch (...) {
        chunk.error = std::current_exception();
      }
      std::size_t lowest = failed.load();
      while (index < lowest && !failed.compare_exchange_weak(lowest, index)) {
      }
    });
    for (const Chunk& chunk : wave.chunks) {
      if (chunk.error) std::rethrow_exception(chunk.error);
    }
    const std::chrono::duration<double> took = Clock::now() - before;
    if (took.count() < 0.1) wave_ = std::min<std::size_t>(2 * wave_, 4096);
    if (took.count() > 0.4) wave_ = std::max<std::size_t>(wave_ / 2, pool_.size());
    return wave.next < wave.chunks.size() ? wave.chunks[wave.next].cut : std::nullopt;
  }

 private:
  using Clock = std::chrono::steady_clock;

  struct Thread {
    Worker<evaluator_t<Game>> worker;
    typename Run::Scratch scratch;
    std::uint64_t stride = 1;  // units between two looks at the clock
  };
  struct Chunk {
    std::uint64_t first, last;  // units, up to last - 1
    std::optional<Done> done;   // and not yet merged
    std::optional<Stopped> cut;
    std::exception_ptr error;
  };
  struct Wave {
    Merged<Statistics>& merged;
    std::vector<Chunk> chunks{};
    std::mutex merging{};
    std::size_t next = 0;  // to merge, by whoever ends a chunk: nobody waits for it

    void take(Chunk& chunk, Done&& done) {
      try {
        chunk.done.emplace(std::move(done));
        for (; next < chunks.size() && chunks[next].done; ++next) {
          Chunk& first = chunks[next];
          if (first.done->unit != first.last) break;
          merged.whole.statistics.merge(first.done->statistics);
          merged.whole.spent += first.done->spent;
          merged.whole.unit = first.last;
          first.done.reset();
        }
        merged.begun = next < chunks.size() ? chunks[next].done : std::nullopt;
      } catch (...) {
        merged.damaged = true;
        throw;
      }
    }
  };

  /// Where merging only lines values up, chunks may be as short as evaluations without a batch are
  /// slow: more threads have work, and less is lost at an end.
  std::size_t least_chunk() const {
    if constexpr (!BatchEvaluator<evaluator_t<Game>> &&
                  requires { requires Statistics::merges_exactly; }) {
      return std::max<std::size_t>(run_.chunk() / 16, 1);
    } else {
      return run_.chunk();
    }
  }

  /// A thread's evaluator is made when it has its first work.
  Thread& thread(std::size_t index) {
    if (!threads_[index]) {
      const std::lock_guard lock(making_);
      threads_[index].reset(
          new Thread{{gtap::evaluator(game_), &early_, &heartbeat_, index == 0}, run_.scratch()});
    }
    return *threads_[index];
  }

  /// Does the units of a chunk and hands them to `take`: all at the end, and where they take long
  /// those done so far, now and then.
  template <class Take>
  void run_chunk(Thread& thread, const Chunk& chunk, Take&& take) const {
    constexpr auto tick = std::chrono::milliseconds(10);
    Done done = chunk.done ? *chunk.done : Done{run_.statistics(), chunk.first, 0};
    auto told = Clock::now();
    auto began = told;
    while (true) {
      const std::uint64_t last =
          thread.stride < chunk.last - done.unit ? done.unit + thread.stride : chunk.last;
      run_units(thread, done, batched ? chunk.last : last);
      if (done.unit == chunk.last) break;
      const auto now = Clock::now();
      if (now - began < tick) thread.stride *= 2;
      if (now - began > 2 * tick) thread.stride = std::max<std::uint64_t>(thread.stride / 2, 1);
      began = now;
      if (now - told < 2 * tick) continue;
      take(Done(done));
      told = now;
    }
    take(std::move(done));
  }

  /// A batch goes to an evaluator that has this rung as a whole chunk.
  static constexpr bool in_ranges =
      requires(const Run& run, Worker<evaluator_t<Game>>& worker, typename Run::Scratch& scratch,
               Statistics& statistics) {
    run.units(0, 0, 0, worker, scratch, statistics);
  };
  static constexpr bool batched = in_ranges && BatchEvaluator<evaluator_t<Game>>;

  void run_units(Thread& thread, Done& done, std::uint64_t last) const {
    const std::size_t before = thread.worker.requested();
    if constexpr (in_ranges) {
      thread.worker.begin_unit();
      run_.units(done.unit, last, seed_, thread.worker, thread.scratch, done.statistics);
    } else {
      for (std::uint64_t unit = done.unit; unit < last; ++unit) {
        RandomStream random(seed_, unit);
        thread.worker.begin_unit();
        run_.unit(unit, random, thread.worker, thread.scratch, done.statistics);
      }
    }
    done.spent += thread.worker.requested() - before;
    done.unit = last;
  }

  const Game& game_;
  const Run& run_;
  std::uint64_t seed_;
  const EarlyEnd& early_;
  Heartbeat& heartbeat_;
  ThreadPool pool_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::mutex making_;
  std::size_t wave_;  // chunks; changes nothing but how often the user is heard
};

}  // namespace gtap::detail
