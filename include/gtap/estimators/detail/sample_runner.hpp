#pragma once

#include <gtap/estimators/detail/erased_run.hpp>
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

/// Samples that were done one after another, and what they came to.
struct DoneSamples {
  AnyStatistics statistics;
  std::uint64_t sample = 0;  ///< the next one
  std::uint64_t spent = 0;   ///< evaluations

  void archive(Archive& fields) {
    fields(sample);
    fields(spent);
    statistics.archive(fields);
  }
};

/// What the samples done so far have come to: whole chunks, and the first samples of the next one
/// where a chunk takes long.
struct Merged {
  DoneSamples whole;
  std::optional<DoneSamples> begun{};
  bool damaged = false;  ///< memory ran out half-way through merging

  AnyStatistics all() const {
    AnyStatistics sum = whole.statistics;
    if (begun) sum.merge(begun->statistics);
    return sum;
  }
  std::uint64_t samples() const { return begun ? begun->sample : whole.sample; }
  std::uint64_t spent() const { return whole.spent + (begun ? begun->spent : 0); }
};

/// Works off the samples of a design's run on threads. Sample k draws from stream k of the seed.
/// Chunks end where their first sample says and are merged in order: so the same bits come from any
/// number of threads.
class SampleRunner {
 public:
  SampleRunner(const AnyGame& game, const ErasedRun& run, std::uint64_t seed, std::size_t threads,
               const EarlyEnd& early, Heartbeat& heartbeat)
      : game_(game),
        able_(game.abilities()),
        run_(run),
        seed_(seed),
        early_(early),
        heartbeat_(heartbeat),
        pool_(able_.concurrent ? threads : 1),
        threads_(pool_.size()),
        wave_(std::max<std::size_t>(pool_.size(), 4)) {}

  /// Threads free their own memory: from another's hands it would come to lie beside that thread's,
  /// on cache lines that both write.
  ~SampleRunner() {
    pool_.on_each_thread([this](std::size_t index) { threads_[index].reset(); });
  }
  SampleRunner(const SampleRunner&) = delete;
  SampleRunner& operator=(const SampleRunner&) = delete;

  /// The calling thread's access to the game.
  Worker& worker() { return thread(0).worker; }

  /// Does and merges the next samples, as many as take some tenths of a second but none from `end`
  /// on, or fewer: then it says why. What came before in order is merged, also when something is
  /// thrown. `noted()` is called now and then, on any thread, while `merged` is at rest.
  template <class Noted>
  std::optional<Stopped> run_wave(Merged& merged, std::uint64_t end, Noted&& noted) {
    const auto before = Clock::now();
    Wave wave{merged};
    for (std::uint64_t first = merged.whole.sample; first < end && wave.chunks.size() < wave_;) {
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
        run_chunk(thread(thread_index), chunk, [&](DoneSamples&& done) {
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
    Worker worker;
    std::unique_ptr<ErasedScratch> scratch;
    std::uint64_t stride = 1;  // samples between two looks at the clock
  };
  struct Chunk {
    std::uint64_t first, last;        // samples, up to last - 1
    std::optional<DoneSamples> done;  // and not yet merged
    std::optional<Stopped> cut;
    std::exception_ptr error;
  };
  struct Wave {
    Merged& merged;
    std::vector<Chunk> chunks{};
    std::mutex merging{};
    std::size_t next = 0;  // to merge, by whoever ends a chunk: nobody waits for it

    void take(Chunk& chunk, DoneSamples&& done) {
      try {
        chunk.done.emplace(std::move(done));
        for (; next < chunks.size() && chunks[next].done; ++next) {
          Chunk& first = chunks[next];
          if (first.done->sample != first.last) break;
          merged.whole.statistics.merge(first.done->statistics);
          merged.whole.spent += first.done->spent;
          merged.whole.sample = first.last;
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
    const std::size_t chunk = run_.chunk();
    return !able_.batch && run_.merges_exactly() ? std::max<std::size_t>(chunk / 16, 1) : chunk;
  }

  /// A thread's evaluator is made when it has its first work.
  Thread& thread(std::size_t index) {
    if (!threads_[index]) {
      const std::lock_guard lock(making_);
      threads_[index].reset(new Thread{{game_, early_, heartbeat_, index == 0}, run_.scratch()});
    }
    return *threads_[index];
  }

  /// Does the samples of a chunk and hands them to `take`: all at the end, and where they take long
  /// those done so far, now and then. A batch goes to an evaluator that has this rung as a whole
  /// chunk.
  template <class Take>
  void run_chunk(Thread& thread, const Chunk& chunk, Take&& take) const {
    constexpr auto tick = std::chrono::milliseconds(10);
    const bool batched = able_.batch && run_.in_ranges();
    DoneSamples done = chunk.done ? *chunk.done : DoneSamples{run_.statistics(), chunk.first, 0};
    auto told = Clock::now();
    auto began = told;
    while (true) {
      const std::uint64_t last =
          thread.stride < chunk.last - done.sample ? done.sample + thread.stride : chunk.last;
      run_samples(thread, done, batched ? chunk.last : last);
      if (done.sample == chunk.last) break;
      const auto now = Clock::now();
      if (now - began < tick) thread.stride *= 2;
      if (now - began > 2 * tick) thread.stride = std::max<std::uint64_t>(thread.stride / 2, 1);
      began = now;
      if (now - told < 2 * tick) continue;
      take(DoneSamples(done));
      told = now;
    }
    take(std::move(done));
  }

  void run_samples(Thread& thread, DoneSamples& done, std::uint64_t last) const {
    const std::size_t before = thread.worker.requested();
    run_.samples(done.sample, last, seed_, thread.worker, *thread.scratch, done.statistics);
    done.spent += thread.worker.requested() - before;
    done.sample = last;
  }

  const AnyGame& game_;
  Abilities able_;
  const ErasedRun& run_;
  std::uint64_t seed_;
  const EarlyEnd& early_;
  Heartbeat& heartbeat_;
  ThreadPool pool_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::mutex making_;
  std::size_t wave_;  // chunks; changes nothing but how often the user is heard
};

}  // namespace gtap::detail
