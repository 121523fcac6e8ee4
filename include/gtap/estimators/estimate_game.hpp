#pragma once

#include <gtap/estimators/any_design.hpp>
#include <gtap/estimators/any_law.hpp>
#include <gtap/estimators/designs/adjusted_reuse.hpp>
#include <gtap/estimators/designs/exact.hpp>
#include <gtap/estimators/designs/permutation.hpp>
#include <gtap/estimators/designs/sample_reuse.hpp>
#include <gtap/estimators/designs/shared_coalition.hpp>
#include <gtap/estimators/designs/short_chains.hpp>
#include <gtap/estimators/designs/surrogate.hpp>
#include <gtap/estimators/detail/engine.hpp>
#include <gtap/estimators/detail/exact_at_last.hpp>
#include <gtap/estimators/estimate_options.hpp>
#include <gtap/games/any_game.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
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
inline std::string identity(const LawTable& law, const std::string& design,
                            const EstimateOptions& options, std::size_t planned_budget) {
  std::uint64_t weights = 0xCBF29CE484222325u;
  for (const double log_weight : law.log_weights)
    weights = (weights ^ std::bit_cast<std::uint64_t>(log_weight)) * 0x100000001B3u;
  return text("a run of ", law.players(), " players, ", law.name, " (", std::hex, weights, std::dec,
              ") by ", design, ", seed ", options.seed, ", covariance of ",
              list_of(options.covariance_of), ", stopping rules ", options.standard_error, '/',
              options.half_width, '/', options.confidence, '/', options.stable_top, '/',
              options.stable_rounds, '/', options.stop_when ? "own" : "none",
              planned_budget == 0 ? "" : ", planned for ",
              planned_budget == 0 ? "" : std::to_string(planned_budget));
}

/// Whether all 2^n coalitions are to be asked for, because the budget pays for them.
inline bool enumerates(std::size_t players, const EstimateOptions& options) {
  const bool small = players < 40 && options.evaluations >> players != 0;
  return players == 1 || (options.enumerate_small && small);
}

/// A template, though of one game: so what it runs is compiled where it is used.
template <std::same_as<AnyGame> Game>
Estimate run_design(const Game& game, const LawTable& law, const AnyDesign& design,
                    const EstimateOptions& options) {
  // No thread works without an evaluation of its own.
  const std::size_t threads =
      std::min(thread_count(options.threads), std::max<std::size_t>(options.evaluations, 1));
  const RunContext context{law.players(), options.evaluations, options.seed, options.covariance_of,
                           game.abilities().concurrent ? threads : 1};
  std::unique_ptr<ErasedRun> run = design.run(law, context);
  if (!design.enumerates() && enumerates(law.players(), options))
    run = std::make_unique<ExactAtLast<ExactRun>>(std::move(run), law, context);
  const std::string name = design.name();
  const RunEnd end =
      Engine(game, *run, options,
             identity(law, name, options, run->planned_by_budget() ? options.evaluations : 0))
          .run();
  Estimate estimate;
  run->summarise(end.statistics, estimate);
  end.note(estimate);
  estimate.law = law.name;
  if (estimate.design.empty()) estimate.design = name;
  return estimate;
}

/// A template for the same reason.
template <std::same_as<AnyGame> Game, class ChosenDesign>
Estimate estimate_any(const Game& game, const AnyLaw& any_law, const EstimateOptions& options,
                      const ChosenDesign& chosen) {
  const std::size_t players = game.players();
  check_options(players, options);
  const LawTable law = any_law.table(players);
  const AnyDesign design = chosen(law, game.abilities(), options.evaluations);
  const bool ruled = StoppingRules::any(options) && players > 1;
  if (!design.enumerates() && (ruled || !enumerates(players, options)))
    return run_design(game, law, design, options);
  // Retention 0 or 1: one coalition and its neighbours are all there is to ask for.
  if (!design.enumerates() && players > 1 && law.point && (*law.point == 0.0 || *law.point == 1.0))
    return run_design(game, law, SharedCoalition{}, options);
  EstimateOptions all = options;
  all.evaluations = std::size_t{1} << std::min<std::size_t>(players, 62);
  return run_design(game, law, Exact{}, all);
}

/// Where regression's n x n matrices become the burden.
inline constexpr std::size_t regression_players = 4000;

/// The design that the caller named.
struct GivenDesign {
  const AnyDesign& design;
  const AnyDesign& operator()(const LawTable&, const Abilities&, std::size_t) const {
    return design;
  }
};

/// The design that measurements chose for the law (see estimate). Only those are compiled that the
/// type of the law lets come in question.
template <class AskedLaw>
struct DefaultDesign {
  AnyDesign operator()(const LawTable& law, const Abilities& able, std::size_t evaluations) const {
    constexpr bool any = std::same_as<AskedLaw, AnyLaw>;
    const std::size_t players = law.players();
    const bool few = players <= regression_players;
    if constexpr (any || PointLaw<AskedLaw>) {
      if (law.point) {
        if (*law.point <= 0.0 || *law.point >= 1.0) return SharedCoalition{};
        if (few) return Surrogate{};
        if (evaluations > 2 * players) return SharedCoalition{};
        return SampleReuse{};
      }
    }
    if constexpr (any || std::same_as<AskedLaw, Shapley>) {
      if (law.uniform()) {
        const bool chains = able.chain && players > 16 && evaluations >= 10 * players;
        if (chains) return Permutation{.antithetic = true};
        if (few) return Surrogate{};
      }
    }
    if constexpr (any || !(PointLaw<AskedLaw> || std::same_as<AskedLaw, Shapley>)) {
      if (few) return AdjustedReuse{};
    }
    if (law.quantile) return SharedCoalition{};
    return ShortChains{};
  }
};

}  // namespace detail

/// Estimates every player's semivalue under `law` by sampling as `design` says. Evaluates on
/// several threads when the game allows it (ConcurrentGame). When the budget allows all 2^n
/// coalitions, or there is one player, they are enumerated instead (EstimateOptions); with rules
/// that may end the run, after the design spent as much without an end.
///
/// Throws gtap::Error for a game without players, a budget that does not pay for one sample, a
/// value that is not finite (naming the coalition), a law and a design that do not go together, or
/// a checkpoint of another run; and what the value function throws, after all threads ended.
template <class Game, class Law, class D>
requires(!std::convertible_to<D, EstimateOptions>) Estimate
    estimate(const Game& game, const Law& law, const D& design,
             const EstimateOptions& options = {}) {
  detail::require_value_function<Game>();
  constexpr bool law_fits = detail::require_law<Law>();
  if constexpr (ValueFunction<Game> && law_fits) {
    const AnyDesign any(design);
    return detail::estimate_any(AnyGame::view(game), AnyLaw(law), options,
                                detail::GivenDesign{any});
  } else {
    return {};
  }
}

/// Estimates by the design that measurements chose for the law (docs/estimators.md):
/// - Shapley, Banzhaf and dropout: Surrogate; SharedCoalition beyond 4,000 players, or, but for
///   Shapley, SampleReuse where the budget does not pay for that;
/// - Shapley where chains make steps cheap, more than 16 players, at least 10 n evaluations:
///   antithetic Permutation, which then gets many times the coalitions in the same time;
/// - retention 0 or 1, such as leave-one-out: SharedCoalition, exact at n + 1 evaluations;
/// - other laws: AdjustedReuse; beyond 4,000 players SharedCoalition, or ShortChains where the law
///   is none of the retention probability.
template <class Game, class Law>
Estimate estimate(const Game& game, const Law& law, const EstimateOptions& options = {}) {
  detail::require_value_function<Game>();
  constexpr bool law_fits = detail::require_law<Law>();
  if constexpr (ValueFunction<Game> && law_fits) {
    return detail::estimate_any(AnyGame::view(game), AnyLaw(law), options,
                                detail::DefaultDesign<Law>{});
  } else {
    return {};
  }
}

}  // namespace gtap
