#pragma once

#include <gtap/core/random.hpp>
#include <gtap/core/value_function.hpp>
#include <gtap/estimators/estimate_game.hpp>
#include <gtap/games/subgame.hpp>
#include <gtap/pruning/procedures.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace gtap {
namespace detail {

/// Scores by estimates on sub-games: of the players still in (pruning) among themselves, or of
/// those not yet in (building) on top of those that are.
///
/// Each round is an estimation of its own with a seed of its own; the first one has the user's, so
/// that it is what estimate() gives. A resumed run counts its rounds on.
template <Direction direction, class Game, class EstimateGame>
class EstimateScorer {
 public:
  EstimateScorer(const char* where, const Game& game, EstimateGame estimate_game,
                 const PruneOptions& options)
      : where_(where),
        game_(&game),
        estimate_game_(std::move(estimate_game)),
        options_(options.estimate),
        round_(options.from.steps().empty() ? 0 : options.from.steps().size() - 1) {
    // One file cannot hold several runs, nor a covariance be of players that change their numbers.
    if (!options_.checkpoint.empty()) {
      fail(where, "estimate options without a checkpoint (save the path instead)",
           options_.checkpoint);
    }
    if (!options_.covariance_of.empty()) {
      fail(where, "estimate options without covariance_of",
           text(options_.covariance_of.size(), " players"));
    }
    options_.stop = options.stop;
  }

  std::vector<double> operator()(const Coalition& coalition) {
    EstimateOptions options = options_;
    if (round_ > 0) options.seed = derive_seed(options_.seed, round_);
    ++round_;
    const auto estimate_part = [&](const auto& part) {
      // Of a round with fewer players, the best are all.
      options.stable_top = std::min(options.stable_top, part.players());
      return estimate_game_(part, options);
    };
    const Estimate estimate = [&] {
      if constexpr (direction == Direction::pruning) {
        return estimate_part(restricted(*game_, coalition));
      } else {
        return estimate_part(conditioned(*game_, coalition));
      }
    }();
    evaluations_ += estimate.evaluations;
    if (!options_.stop.stop_requested()) require_knowledge(estimate);
    standard_errors_ = estimate.standard_errors;
    return estimate.values;
  }

  std::size_t evaluations() const { return evaluations_; }
  const std::vector<double>& standard_errors() const { return standard_errors_; }

 private:
  void require_knowledge(const Estimate& estimate) const {
    for (std::size_t p = 0; p < estimate.players(); ++p) {
      if (estimate.values[p] == 0.0 && std::isinf(estimate.standard_errors[p])) {
        fail(where_,
             text("evaluations enough to know something of all ", estimate.players(),
                  " players of a round"),
             text(estimate.evaluations, ", with nothing known of one of them"));
      }
    }
  }

  const char* where_;
  const Game* game_;
  EstimateGame estimate_game_;
  EstimateOptions options_;
  std::size_t round_;
  std::size_t evaluations_ = 0;
  std::vector<double> standard_errors_;  // of the last scores
};

/// The scorer of the procedure named `where`, by estimates under a law and, if given, a design.
template <Direction direction, class Game, class... LawAndDesign>
auto estimate_scorer(const char* where, const Game& game, const PruneOptions& options,
                     const LawAndDesign&... law_and_design) {
  auto estimate_game = [&](const auto& part, const EstimateOptions& of_round) {
    return estimate(part, law_and_design..., of_round);
  };
  return EstimateScorer<direction, Game, decltype(estimate_game)>(where, game, estimate_game,
                                                                  options);
}
template <class... Arguments>
auto pruning_scorer(Arguments&&... arguments) {
  return estimate_scorer<Direction::pruning>(std::forward<Arguments>(arguments)...);
}

/// The options with what the game calls its players, where they do not say so themselves.
template <class Game>
PruneOptions labelled(const Game& game, const PruneOptions& options) {
  PruneOptions all = options;
  if constexpr (requires(Player p) { std::string(game.label(p)); }) {
    for (Player p = 0; all.labels.size() < game.players() && options.labels.empty(); ++p)
      all.labels.push_back(game.label(p));
  }
  return all;
}

/// iterated_pruning or iterated_building by such a scorer.
template <Direction direction, class Game, class... LawAndDesign>
PruningPath iterated(const Game& game, const PruneOptions& options,
                     const LawAndDesign&... law_and_design) {
  const char* where = direction == Direction::pruning ? "iterated_pruning" : "iterated_building";
  auto scorer = estimate_scorer<direction>(where, game, options, law_and_design...);
  const PruneOptions with_labels = labelled(game, options);
  return run_procedure(where, game.players(), scorer, with_labels, direction);
}

template <class D>
concept DesignArgument = !std::convertible_to<D, PruneOptions>;

}  // namespace detail

// The procedures on a game: what they rank by is estimated under a law, by a design or the law's
// default one. `options.estimate` sets evaluations, seed and threads of every round; its stop
// token is replaced by `options.stop`. What else they throw is what estimate() throws, and a
// gtap::Error when a round's evaluations tell nothing of some player.

/// Estimates once and keeps the best.
template <ValueFunction Game, Semivalue Law>
PruningPath top_n(const Game& game, const Law& law, const PruneOptions& options = {}) {
  return top_n(game.players(), detail::pruning_scorer("top_n", game, options, law),
               detail::labelled(game, options));
}
template <ValueFunction Game, Semivalue Law, detail::DesignArgument D>
PruningPath top_n(const Game& game, const Law& law, const D& design,
                  const PruneOptions& options = {}) {
  return top_n(game.players(), detail::pruning_scorer("top_n", game, options, law, design),
               detail::labelled(game, options));
}

/// Each round estimates the game of those still in, and the lowest leave.
template <ValueFunction Game, Semivalue Law>
PruningPath iterated_pruning(const Game& game, const Law& law, const PruneOptions& options = {}) {
  return detail::iterated<detail::Direction::pruning>(game, options, law);
}
template <ValueFunction Game, Semivalue Law, detail::DesignArgument D>
PruningPath iterated_pruning(const Game& game, const Law& law, const D& design,
                             const PruneOptions& options = {}) {
  return detail::iterated<detail::Direction::pruning>(game, options, law, design);
}

/// Each round estimates the game of those not yet in, with those that are always in, and the
/// highest come in.
template <ValueFunction Game, Semivalue Law>
PruningPath iterated_building(const Game& game, const Law& law, const PruneOptions& options = {}) {
  return detail::iterated<detail::Direction::building>(game, options, law);
}
template <ValueFunction Game, Semivalue Law, detail::DesignArgument D>
PruningPath iterated_building(const Game& game, const Law& law, const D& design,
                              const PruneOptions& options = {}) {
  return detail::iterated<detail::Direction::building>(game, options, law, design);
}

}  // namespace gtap
