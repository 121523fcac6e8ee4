#pragma once

/// Pruning any game: rankings, budgets, procedures, scorers and the best k.

#include <gtap/pruning/game_procedures.hpp>
#include <gtap/pruning/scorers.hpp>
#include <gtap/pruning/top_k.hpp>
