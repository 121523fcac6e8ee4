#pragma once

/// Everything that needs only Eigen and xsimd; what is listed here brings in the rest. Each header
/// also stands alone: programs that need one room compile faster with that room's headers.

#include <gtap/estimators/averaged_estimate.hpp>
#include <gtap/estimators/evaluation_log.hpp>
#include <gtap/estimators/uncertainty_band.hpp>
#include <gtap/games/cached.hpp>
#include <gtap/games/callable.hpp>
#include <gtap/games/classic.hpp>
#include <gtap/games/closed_form.hpp>
#include <gtap/games/grouped.hpp>
#include <gtap/io/estimate_csv.hpp>
#include <gtap/io/stored_tensor.hpp>
#include <gtap/network/baselines.hpp>
#include <gtap/network/compensation.hpp>
#include <gtap/network/costs.hpp>
#include <gtap/network/image_blocks.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/prune_network.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/kernels/gradient.hpp>
#include <gtap/nn/train.hpp>
#include <gtap/pruning/scorers.hpp>
#include <gtap/pruning/top_k.hpp>
#include <gtap/version.hpp>
