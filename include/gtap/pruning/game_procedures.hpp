#pragma once

#include <gtap/core/random.hpp>
#include <gtap/core/value_function.hpp>
#include <gtap/estimators/estimators.hpp>
#include <gtap/games/subgame.hpp>
#include <gtap/pruning/procedures.hpp>

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
           options_.checkpoint.string());
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
    const Estimate estimate = [&] {
      if constexpr (direction == Direction::pruning) {
        return estimate_game_(restricted(*game_, coalition), options);
      } else {
        return estimate_game_(conditioned(*game_, coalition), options);
      }
    }();
    evaluations_ += estimate.evaluations;
    if (!options_.stop.stop_requested()) require_knowledge(estimate);
    return estimate.values;
  }

  std::size_t evaluations() const { return evaluations_; }

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
};

template <Direction direction, class Game, class EstimateGame>
auto estimate_scorer(const char* where, const Game& game, EstimateGame estimate_game,
                     const PruneOptions& options) {
  return EstimateScorer<direction, Game, EstimateGame>(where, game, std::move(estimate_game),
                                                       options);
}

/// A function that estimates any game under a law, by the law's default design or a given one.
template <class... LawAndDesign>
auto estimates_by(const LawAndDesign&... law_and_design) {
  return [&](const auto& game, const EstimateOptions& options) {
    return estimate(game, law_and_design..., options);
  };
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
  return top_n(game.players(),
               detail::estimate_scorer<detail::Direction::pruning>(
                   "top_n", game, detail::estimates_by(law), options),
               options);
}
template <ValueFunction Game, Semivalue Law, detail::DesignArgument D>
PruningPath top_n(const Game& game, const Law& law, const D& design,
                  const PruneOptions& options = {}) {
  return top_n(game.players(),
               detail::estimate_scorer<detail::Direction::pruning>(
                   "top_n", game, detail::estimates_by(law, design), options),
               options);
}

/// Each round estimates the game of those still in, and the lowest leave.
template <ValueFunction Game, Semivalue Law>
PruningPath iterated_pruning(const Game& game, const Law& law, const PruneOptions& options = {}) {
  return iterated_pruning(game.players(),
                          detail::estimate_scorer<detail::Direction::pruning>(
                              "iterated_pruning", game, detail::estimates_by(law), options),
                          options);
}
template <ValueFunction Game, Semivalue Law, detail::DesignArgument D>
PruningPath iterated_pruning(const Game& game, const Law& law, const D& design,
                             const PruneOptions& options = {}) {
  return iterated_pruning(game.players(),
                          detail::estimate_scorer<detail::Direction::pruning>(
                              "iterated_pruning", game, detail::estimates_by(law, design), options),
                          options);
}

/// Each round estimates the game of those not yet in, with those that are always in, and the
/// highest come in.
template <ValueFunction Game, Semivalue Law>
PruningPath iterated_building(const Game& game, const Law& law, const PruneOptions& options = {}) {
  return iterated_building(game.players(),
                           detail::estimate_scorer<detail::Direction::building>(
                               "iterated_building", game, detail::estimates_by(law), options),
                           options);
}
template <ValueFunction Game, Semivalue Law, detail::DesignArgument D>
PruningPath iterated_building(const Game& game, const Law& law, const D& design,
                              const PruneOptions& options = {}) {
  return iterated_building(
      game.players(),
      detail::estimate_scorer<detail::Direction::building>(
          "iterated_building", game, detail::estimates_by(law, design), options),
      options);
}

}  // namespace gtap
