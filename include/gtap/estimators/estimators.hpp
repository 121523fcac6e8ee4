#pragma once

#include <gtap/estimators/beta_shapley.hpp>
#include <gtap/estimators/designs/adjusted_reuse.hpp>
#include <gtap/estimators/designs/exact.hpp>
#include <gtap/estimators/designs/kernel_shap.hpp>
#include <gtap/estimators/designs/owen.hpp>
#include <gtap/estimators/designs/permutation.hpp>
#include <gtap/estimators/designs/regression.hpp>
#include <gtap/estimators/designs/sample_reuse.hpp>
#include <gtap/estimators/designs/shared_coalition.hpp>
#include <gtap/estimators/designs/short_chains.hpp>
#include <gtap/estimators/designs/stratified.hpp>
#include <gtap/estimators/designs/surrogate.hpp>
#include <gtap/estimators/designs/svarm.hpp>
#include <gtap/estimators/designs/truncated_permutation.hpp>
#include <gtap/estimators/engine.hpp>
#include <gtap/estimators/law.hpp>
#include <gtap/estimators/options.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gtap {
namespace detail {

inline void check_options(std::size_t players, const EstimateOptions& options) {
  if (players == 0) fail("estimate", "a game with players", "0 players");
  if (options.evaluations == 0) fail("estimate", "a budget of at least 1 evaluation", "0");
  if (!(options.confidence > 0.0 && options.confidence < 1.0))
    fail("estimate", "a confidence between 0 and 1", text(options.confidence));
  const auto require_amount = [](const char* name, double amount) {
    if (!(amount >= 0.0)) fail("estimate", text(name, " of 0 or more"), text(amount));
  };
  require_amount("seconds", options.seconds);
  require_amount("standard_error", options.standard_error);
  require_amount("half_width", options.half_width);
  require_amount("checkpoint_seconds", options.checkpoint_seconds);
  if (options.stable_top > players)
    fail("estimate", text("stable_top of at most ", players), text(options.stable_top));
  if (options.stable_rounds == 0) fail("estimate", "stable_rounds of at least 1", "0");
  for (const Player p : options.covariance_of) {
    if (p >= players)
      fail("estimate", text("covariance_of players below ", players), text("player ", p));
  }
}

/// "players 3 1 4", or of many how many, and a checksum that tells them apart.
inline std::string list_of(const std::vector<Player>& players) {
  std::string list;
  for (const Player p : players)
    list += text(' ', p);
  return players.empty()        ? "no players"
         : players.size() <= 16 ? text("players", list)
                                : text(players.size(), " players ", std::hex, checksum(list));
}

/// What two runs must have in common to go on from one another's checkpoint.
template <Semivalue Law>
std::string identity(std::size_t players, const Law& law, const std::string& design,
                     const EstimateOptions& options, std::size_t planned_budget) {
  std::uint64_t weights = 0xCBF29CE484222325u;
  for (const double log_weight : law.log_weights(players))
    weights = (weights ^ std::bit_cast<std::uint64_t>(log_weight)) * 0x100000001B3u;
  return text("a run of ", players, " players, ", name_of(law), " (", std::hex, weights, std::dec,
              ") by ", design, ", seed ", options.seed, ", covariance of ",
              list_of(options.covariance_of), ", stopping rules ", options.standard_error, '/',
              options.half_width, '/', options.confidence, '/', options.stable_top, '/',
              options.stable_rounds, '/', options.stop_when ? "own" : "none",
              planned_budget == 0 ? "" : ", planned for ",
              planned_budget == 0 ? "" : std::to_string(planned_budget));
}

/// The budget, if the run lays it out at the start, so that no larger one can go on from it; else
/// 0.
template <class Run>
std::size_t planned_budget(const Run& run, const EstimateOptions& options) {
  if constexpr (requires { run.planned_by_budget(); }) {
    return run.planned_by_budget() ? options.evaluations : 0;
  } else {
    return 0;
  }
}

/// Whether one coalition's neighbours are all that a law asks for.
template <class Law>
bool asks_for_one_star(const Law& law) {
  if constexpr (PointLaw<Law>) {
    return law.point() == 0.0 || law.point() == 1.0;
  } else {
    return false;
  }
}

template <class Game, Semivalue Law, class D>
Estimate run_design(const Game& game, const Law& law, const D& design,
                    const EstimateOptions& options) {
  const auto players = static_cast<std::size_t>(game.players());
  // No thread works without an evaluation of its own.
  const std::size_t threads =
      std::min(thread_count(options.threads), std::max<std::size_t>(options.evaluations, 1));
  const RunContext context{players, options.evaluations, options.seed, options.covariance_of,
                           ConcurrentGame<Game> ? threads : 1};
  const std::string name = name_of(design);
  auto run = design.run(law, context);
  static_assert(DesignRun<decltype(run)>,
                "gtap: a design's run needs the members that DesignRun lists; see "
                "gtap/estimators/design.hpp");
  std::string same = identity(players, law, name, options, planned_budget(run, options));
  Engine<Game, decltype(run)> engine(game, std::move(run), options, std::move(same));
  Estimate estimate = engine.estimate();
  estimate.law = name_of(law);
  estimate.design = name;
  return estimate;
}

}  // namespace detail

/// Estimates every player's semivalue under `law` by sampling as `design` says. Evaluates on
/// several threads when the game allows it (ConcurrentGame). When the budget allows all 2^n
/// coalitions, or there is one player, they are enumerated instead (EstimateOptions).
///
/// Throws gtap::Error for a game without players, a budget that does not pay for one unit of work,
/// a value that is not finite (naming the coalition), a law and a design that do not go together,
/// or a checkpoint of another run; and what the value function throws, after all threads ended.
template <class Game, Semivalue Law, class D>
requires(!std::convertible_to<D, EstimateOptions>) Estimate
    estimate(const Game& game, const Law& law, const D& design,
             const EstimateOptions& options = {}) {
  detail::require_value_function<Game>();
  const auto players = static_cast<std::size_t>(game.players());
  detail::check_options(players, options);
  const bool small = players < 40 && options.evaluations >> players != 0;
  if (std::same_as<D, Exact> || players == 1 || (options.enumerate_small && small)) {
    if constexpr (PointLaw<Law> && !std::same_as<D, Exact>) {
      if (players > 1 && detail::asks_for_one_star(law))
        return detail::run_design(game, law, SharedCoalition{}, options);
    }
    EstimateOptions all = options;
    all.evaluations = std::size_t{1} << std::min<std::size_t>(players, 62);
    return detail::run_design(game, law, Exact{}, all);
  }
  return detail::run_design(game, law, design, options);
}

namespace detail {

/// Where regression's n x n matrices become the burden.
inline constexpr std::size_t regression_players = 4000;

}  // namespace detail

/// Estimates by the design that measurements chose for the law (docs/estimators.md):
/// - Shapley, Banzhaf and dropout: Surrogate; SharedCoalition beyond 4,000 players, or SampleReuse
///   where the budget does not pay for that;
/// - Shapley where chains make steps cheap, more than 16 players, at least 10 n evaluations:
///   antithetic Permutation, which then gets many times the coalitions in the same time;
/// - retention 0 or 1, such as leave-one-out: SharedCoalition, exact at n + 1 evaluations;
/// - other laws: AdjustedReuse; Permutation beyond 4,000 players.
template <class Game, Semivalue Law>
Estimate estimate(const Game& game, const Law& law, const EstimateOptions& options = {}) {
  detail::require_value_function<Game>();
  const auto players = static_cast<std::size_t>(game.players());
  if constexpr (PointLaw<Law>) {
    const double p = law.point();
    if (p <= 0.0 || p >= 1.0) return estimate(game, law, SharedCoalition{}, options);
    if (players <= detail::regression_players) return estimate(game, law, Surrogate{}, options);
    if (options.evaluations > 2 * players) return estimate(game, law, SharedCoalition{}, options);
    return estimate(game, law, SampleReuse{}, options);
  } else if constexpr (std::same_as<Law, Shapley>) {
    const bool chains =
        ChainEvaluator<evaluator_t<Game>> && players > 16 && options.evaluations >= 10 * players;
    if (players <= detail::regression_players && !chains)
      return estimate(game, law, Surrogate{}, options);
    return estimate(game, law, Permutation{.antithetic = true}, options);
  } else {
    if (players <= detail::regression_players) return estimate(game, law, AdjustedReuse{}, options);
    return estimate(game, law, Permutation{}, options);
  }
}

}  // namespace gtap
