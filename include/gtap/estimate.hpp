#pragma once

/// Estimating: games of one's own, laws, designs, the estimate and what else is measured of a game.

#include <gtap/estimators/averaged_estimate.hpp>
#include <gtap/estimators/beta_shapley.hpp>
#include <gtap/estimators/designs/kernel_shap.hpp>
#include <gtap/estimators/designs/owen.hpp>
#include <gtap/estimators/designs/regression.hpp>
#include <gtap/estimators/designs/short_chains.hpp>
#include <gtap/estimators/designs/stratified.hpp>
#include <gtap/estimators/designs/svarm.hpp>
#include <gtap/estimators/estimate_game.hpp>
#include <gtap/estimators/evaluation_log.hpp>
#include <gtap/estimators/named.hpp>
#include <gtap/estimators/uncertainty_band.hpp>
#include <gtap/games/cached.hpp>
#include <gtap/games/callable.hpp>
#include <gtap/games/grouped.hpp>
#include <gtap/games/subgame.hpp>
