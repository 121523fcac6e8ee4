#pragma once

#include <gtap/estimators/estimate_options.hpp>
#include <gtap/execution/progress.hpp>
#include <gtap/pruning/budget.hpp>
#include <gtap/pruning/constraints.hpp>
#include <gtap/pruning/path.hpp>
#include <gtap/pruning/schedule.hpp>

#include <stop_token>
#include <string>
#include <vector>

namespace gtap {

/// Settings of top_n, iterated_pruning and iterated_building.
struct PruneOptions {
  Budget keep{};                                ///< empty: as far as the constraints allow
  Schedule schedule = Schedule::fraction(0.1);  ///< top_n has one round whatever it says
  Constraints constraints{};
  EstimateOptions estimate{};   ///< of every round, where a game is given instead of a scorer
  ProgressCallback progress{};  ///< after each round; the unit is a player that left or came
  std::stop_token stop{};       ///< ends the procedure soon; whole rounds are returned
  /// What reports, errors and the path call the players: a label each, or none. Without, a game is
  /// asked for game.label(player) if it has that.
  std::vector<std::string> labels{};
  bool keep_scores = true;  ///< of each round in the path: 16 bytes a ranked player
  PruningPath from{};  ///< go on from the end of this path of the same procedure, saved earlier;
                       ///< the budget counts what both have done
};

}  // namespace gtap
