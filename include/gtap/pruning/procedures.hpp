#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>
#include <gtap/pruning/options.hpp>
#include <gtap/pruning/path.hpp>
#include <gtap/pruning/walk.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace gtap {

/// What a procedure ranks by; pruning/scorers.hpp says what is asked of it, and has some.
template <class S>
concept Scorer = requires(S& scorer, const Coalition& coalition) {
  { scorer(coalition) } -> std::convertible_to<std::vector<double>>;
};

/// Ranks once, by a pruning scorer, and keeps the best: players leave from the worst score up until
/// the budget is met. The path has a coalition for every number of units from all players down to
/// the result.
///
/// This and the other procedures throw gtap::Error for no players, NaN as a score (naming the
/// player), more or fewer scores than were asked for, a budget that leaves no unit, a cost or drop
/// that is not finite (naming the coalition), a cost that grows when a unit leaves (naming it) and
/// constraints that contradict each other. A budget that the constraints do not allow is not an
/// error: the path's report says so. Beside scores, budget and sorting a step costs the same
/// however many players there are.
template <Scorer S>
PruningPath top_n(std::size_t players, S&& scorer, PruneOptions options = {}) {
  options.schedule = Schedule::one_round();
  return detail::Walk("top_n", players, options, detail::Direction::pruning).run(scorer);
}

/// The same by one score for each player.
inline PruningPath top_n(std::span<const double> scores, PruneOptions options = {}) {
  const auto scorer = [scores](const Coalition&) {
    return std::vector<double>(scores.begin(), scores.end());
  };
  return top_n(scores.size(), scorer, std::move(options));
}

/// The same by the scores in `values`, such as those of an Estimate.
template <class Scored>
requires requires(const Scored& scored) {
  {std::span<const double>(scored.values)};
}
PruningPath top_n(const Scored& scored, PruneOptions options = {}) {
  return top_n(std::span<const double>(scored.values), std::move(options));
}

/// Starts from all players; each round scores those that are still in and lets the lowest leave,
/// as many as the schedule says.
template <Scorer S>
PruningPath iterated_pruning(std::size_t players, S&& scorer, const PruneOptions& options = {}) {
  return detail::Walk("iterated_pruning", players, options, detail::Direction::pruning).run(scorer);
}

/// Starts from the players that must stay (none by default); each round scores those that are not
/// in and takes in the highest, as many as the schedule says.
template <Scorer S>
PruningPath iterated_building(std::size_t players, S&& scorer, const PruneOptions& options = {}) {
  return detail::Walk("iterated_building", players, options, detail::Direction::building)
      .run(scorer);
}

}  // namespace gtap
