#pragma once

#include <gtap/core/archive.hpp>
#include <gtap/core/random.hpp>
#include <gtap/estimators/estimate.hpp>
#include <gtap/estimators/law_table.hpp>
#include <gtap/estimators/worker.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gtap {

/// What a design is told of the run that it prepares.
struct RunContext {
  std::size_t players = 0;
  std::size_t evaluations = 0;  ///< the whole budget
  std::uint64_t seed = 0;       ///< for choices of the plan; samples have streams of their own
  std::vector<Player> covariance_of{};
  std::size_t threads = 1;  ///< at work at once
};

/// A run that draws sample after sample, or, what is faster where many coalitions are asked for at
/// once, a range of them.
template <class R>
concept SamplesOneByOne = requires(const R& run, RandomStream& random, Worker& worker,
                                   typename R::Scratch& scratch,
                                   typename R::Statistics& statistics) {
  run.sample(std::uint64_t{}, random, worker, scratch, statistics);
};
template <class R>
concept SamplesInRanges = requires(const R& run, Worker& worker, typename R::Scratch& scratch,
                                   typename R::Statistics& statistics) {
  run.samples(std::uint64_t{}, std::uint64_t{}, std::uint64_t{}, worker, scratch, statistics);
};

namespace detail {

/// What the engine needs of a run, whatever becomes of its statistics.
template <class R>
concept SamplingRun = requires(R& run, const R& fixed, Worker& worker, Archive& fields,
                               const typename R::Statistics& merged,
                               typename R::Statistics& statistics) {
  { fixed.statistics() } -> std::same_as<typename R::Statistics>;
  { fixed.scratch() } -> std::same_as<typename R::Scratch>;
  { fixed.chunk() } -> std::convertible_to<std::size_t>;
  {run.begin(worker)};
  { run.plan(merged, std::size_t{}) } -> std::convertible_to<std::uint64_t>;
  {statistics.merge(merged)};
  {statistics.archive(fields)};
  {run.archive(fields)};
}
&&(SamplesOneByOne<R> || SamplesInRanges<R>);

}  // namespace detail

/// The state of one run of a design. The engine owns it and calls, in this order:
/// - `begin(worker)` once, for evaluations that all samples share;
/// - `plan(merged, evaluations)` before each round: how many samples come next. They must cost at
///   most `evaluations`; 0 ends the run. It may look at the statistics merged so far, so that
///   allocations can be learnt;
/// - `sample(k, random, worker, scratch, statistics)` for each sample, on any thread, in any order:
///   const, with all randomness from `random`, so that results do not depend on the threads;
/// - `summarise(merged, estimate)`: fills in values, standard errors, degrees of freedom.
///
/// A run that asks for many coalitions at once has `samples(first, last, seed, worker, scratch,
/// statistics)` instead of `sample`: it adds samples first to last - 1, in order, with sample k's
/// randomness from RandomStream(seed, k); how a range is cut into calls must not change a bit.
///
/// `statistics()` makes empty ones, with `merge(other)`: chunks of `chunk()` samples (more in long
/// runs) are merged in order. `scratch()` makes one thread's memory, so that samples do not
/// allocate. `archive(fields)` of the run and of its statistics hands every field that changes to a
/// checkpoint (Archive).
///
/// Optional: `finished()`, whether a run that plans no more samples has asked for all there is;
/// `planned_by_budget()`, whether the plan is made for the whole budget, so that no larger one can
/// go on from it; and `Statistics::merges_exactly`, true where merging only lines values up, so
/// that the size of chunks changes no bit.
template <class R>
concept DesignRun = detail::SamplingRun<R> &&
    requires(const R& run, const typename R::Statistics& merged, Estimate& estimate) {
  {run.summarise(merged, estimate)};
};

/// A sampling design: settings, of which `run(law, context)` makes the state of a run. Settings and
/// state are two types, because settings are copied, compared and printed by users while the state
/// belongs to the engine. Optional: `std::string name() const`, and `enumerates`, true where all
/// coalitions are asked for, whatever the budget.
template <class D>
concept Design = requires(const D& design, const LawTable& law, const RunContext& context) {
  { design.run(law, context) } -> DesignRun;
};

namespace detail {

/// A budget that does not even pay for one sample.
inline void require_budget(const std::string& design, std::size_t needed, std::size_t budget) {
  if (budget < needed) {
    fail(design, text("a budget of at least ", needed, " evaluations"), text(budget));
  }
}

/// Refuses statistics that a machine would not hold, before anything is sampled.
inline void require_memory(const std::string& design, double bytes, const std::string& advice) {
  constexpr double most = 8e9;
  if (bytes > most) {
    fail(design, "statistics of at most 8 GB", text(bytes / 1e9, " GB; take ", advice));
  }
}

/// How many samples of this cost make a chunk: enough that merging is cheap, few enough that a
/// request to stop is soon heard.
inline std::size_t samples_a_chunk(std::size_t cost) {
  return cost >= 256 ? 1 : 256 / (cost == 0 ? 1 : cost);
}

/// Where the chunk that begins with sample `first` ends. Chunks grow with what is behind them:
/// cheap samples are merged seldom, and yet no chunk takes more than a small part of the time so
/// far.
inline std::uint64_t chunk_end(std::uint64_t first, std::size_t chunk) {
  const std::uint64_t least = std::max<std::uint64_t>(chunk, 1);
  return first + least * std::clamp<std::uint64_t>(first / (512 * least), 1, 64);
}

}  // namespace detail
}  // namespace gtap
