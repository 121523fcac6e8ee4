#pragma once

#include <gtap/execution/progress.hpp>
#include <gtap/pruning/budget.hpp>
#include <gtap/pruning/constraints.hpp>
#include <gtap/pruning/schedule.hpp>

#include <stop_token>

namespace gtap {

/// Settings of top_n, iterated_pruning and iterated_building.
struct PruneOptions {
  Budget keep{};                                ///< empty: as far as the constraints allow
  Schedule schedule = Schedule::fraction(0.1);  ///< top_n has one round whatever it says
  Constraints constraints{};
  ProgressCallback progress{};  ///< after each round; the unit is a player that left or came
  std::stop_token stop{};       ///< asked for between rounds; the path so far is returned
};

}  // namespace gtap
