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

/// What the units done so far have come to.
template <class Statistics>
struct Merged {
  Statistics statistics;
  std::uint64_t unit = 0;   ///< the next one
  std::uint64_t spent = 0;  ///< evaluations
};

/// Works off the units of a design's run on threads. Unit k draws from stream k of the seed. Chunks
/// end where their first unit says and are merged in order: so the same bits come from any number
/// of threads.
template <class Game, DesignRun Run>
class UnitRunner {
 public:
  using Statistics = typename Run::Statistics;

  UnitRunner(const Game& game, const Run& run, const EstimateOptions& options, Heartbeat& heartbeat)
      : game_(game),
        run_(run),
        options_(options),
        heartbeat_(heartbeat),
        pool_(ConcurrentGame<Game> ? options.threads : 1),
        threads_(pool_.size()) {}

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
  /// on. When the user asks to stop or the game throws, what came before in order is still merged.
  void run_wave(Merged<Statistics>& merged, std::uint64_t end) {
    const auto before = std::chrono::steady_clock::now();
    std::vector<Chunk> chunks;
    for (auto first = merged.unit; first < end && chunks.size() < wave_; first = chunks.back().last)
      chunks.push_back({first, std::min(chunk_end(first, run_.chunk()), end), {}, 0, {}});
    std::atomic<std::size_t> failed = chunks.size();  // lowest chunk that ended early
    std::mutex merging;
    std::size_t next = 0;  // to merge, by whoever ends a chunk: nobody waits for it
    pool_.run(chunks.size(), [&](std::size_t index, std::size_t thread_index) {
      if (failed.load() < index) return;
      Chunk& chunk = chunks[index];
      try {
        Statistics statistics = run_chunk(thread(thread_index), chunk);
        const std::lock_guard lock(merging);
        chunk.statistics.emplace(std::move(statistics));
        for (; next < chunks.size() && chunks[next].statistics; ++next)
          merge(chunks[next], merged);
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
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
    if (took.count() < 0.1) wave_ = std::min<std::size_t>(2 * wave_, 4096);
    if (took.count() > 0.4) wave_ = std::max<std::size_t>(wave_ / 2, pool_.size());
  }

 private:
  struct Thread {
    Worker<evaluator_t<Game>> worker;
    typename Run::Scratch scratch;
  };
  struct Chunk {
    std::uint64_t first, last;             // units, up to last - 1
    std::optional<Statistics> statistics;  // done and not yet merged
    std::size_t requested = 0;
    std::exception_ptr error;
  };

  /// A thread's evaluator is made when it has its first work.
  Thread& thread(std::size_t index) {
    if (!threads_[index]) {
      const std::lock_guard lock(making_);
      threads_[index].reset(new Thread{
          {gtap::evaluator(game_), options_.stop, &heartbeat_, index == 0}, run_.scratch()});
    }
    return *threads_[index];
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

  static void merge(Chunk& chunk, Merged<Statistics>& merged) {
    merged.statistics.merge(*chunk.statistics);
    chunk.statistics.reset();
    merged.spent += chunk.requested;
    merged.unit = chunk.last;
  }

  const Game& game_;
  const Run& run_;
  const EstimateOptions& options_;
  Heartbeat& heartbeat_;
  ThreadPool pool_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::mutex making_;
  std::size_t wave_ = 4;  // chunks; changes nothing but how often the user is heard
};

}  // namespace gtap::detail
