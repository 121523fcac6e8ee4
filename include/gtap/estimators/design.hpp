#pragma once

#include <gtap/core/random.hpp>
#include <gtap/estimators/estimate.hpp>
#include <gtap/estimators/law.hpp>

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
  std::uint64_t seed = 0;       ///< for choices of the plan; units have streams of their own
  std::vector<Player> covariance_of;
  std::size_t threads = 1;  ///< at work at once
};

namespace detail {

/// Stands for the engine's fields when a run's state is saved or restored.
struct AnyArchive {
  template <class Field>
  void operator()(Field&) {}
};

}  // namespace detail

/// The state of one run of a design. The engine owns it and calls, in this order:
/// - `begin(worker)` once, for evaluations that all units share;
/// - `plan(merged, evaluations)` before each round: how many units come next. They must cost at
///   most `evaluations`; 0 ends the run. It may look at the statistics merged so far, so that
///   allocations can be learnt;
/// - `unit(k, random, worker, scratch, statistics)` for each unit, on any thread, in any order:
///   const, with all randomness from `random`, so that results do not depend on the threads;
/// - `summarise(merged, estimate)`: fills in values, standard errors, degrees of freedom.
///
/// A run that asks for many coalitions at once has `units(first, last, seed, worker, scratch,
/// statistics)` instead of `unit`: it adds units first to last - 1, in order, with unit k's
/// randomness from RandomStream(seed, k); how a range is cut into calls must not change a bit.
///
/// `statistics()` makes empty ones, with `merge(other)`: chunks of `chunk()` units (more in long
/// runs) are merged in order. `merges_exactly` says of statistics that merging only lines values
/// up, so that the size of chunks changes no bit. `scratch()` makes one thread's memory, so that
/// units do not allocate. `archive(fields)` of the run and of its statistics hands every field that
/// changes to a checkpoint.
template <class R>
concept DesignRun = requires(R& run, const R& fixed, const typename R::Statistics& merged,
                             typename R::Statistics& statistics, Estimate& estimate,
                             detail::AnyArchive& fields) {
  { fixed.statistics() } -> std::same_as<typename R::Statistics>;
  { fixed.scratch() } -> std::same_as<typename R::Scratch>;
  { fixed.chunk() } -> std::convertible_to<std::size_t>;
  { run.plan(merged, std::size_t{}) } -> std::convertible_to<std::uint64_t>;
  {fixed.summarise(merged, estimate)};
  {statistics.merge(merged)};
  {statistics.archive(fields)};
  {run.archive(fields)};
};

/// A sampling design for a law: settings, of which `run(law, context)` makes the state of a run.
/// Settings and state are two types, because settings are copied, compared and printed by users
/// while the state belongs to the engine. Optional: `std::string name() const`.
template <class D, class Law>
concept Design = requires(const D& design, const Law& law, const RunContext& context) {
  { design.run(law, context) } -> DesignRun;
};

namespace detail {

/// A budget that does not even pay for one unit.
inline void require_budget(const std::string& design, std::size_t needed, std::size_t budget) {
  if (budget < needed) {
    fail(design, text("a budget of at least ", needed, " evaluations"), text(budget));
  }
}

/// How many units of this cost make a chunk: enough that merging is cheap, few enough that a
/// request to stop is soon heard.
inline std::size_t units_a_chunk(std::size_t unit_cost) {
  return unit_cost >= 256 ? 1 : 256 / (unit_cost == 0 ? 1 : unit_cost);
}

/// Where the chunk that begins with unit `first` ends. Chunks grow with what is behind them: cheap
/// units are merged seldom, and yet no chunk takes more than a small part of the time so far.
inline std::uint64_t chunk_end(std::uint64_t first, std::size_t chunk) {
  const std::uint64_t least = std::max<std::uint64_t>(chunk, 1);
  return first + least * std::clamp<std::uint64_t>(first / (512 * least), 1, 64);
}

}  // namespace detail
}  // namespace gtap
