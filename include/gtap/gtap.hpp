#pragma once

/// Everything that needs only Eigen and xsimd. Each header also stands alone; programs that need
/// one room, such as the estimators, compile faster with that room's headers.

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>
#include <gtap/core/random.hpp>
#include <gtap/core/value_function.hpp>
#include <gtap/execution/progress.hpp>
#include <gtap/execution/thread_pool.hpp>
#include <gtap/games/cached.hpp>
#include <gtap/games/callable.hpp>
#include <gtap/games/classic.hpp>
#include <gtap/games/closed_form.hpp>
#include <gtap/games/grouped.hpp>
#include <gtap/games/subgame.hpp>
#include <gtap/io/file.hpp>
#include <gtap/nn/aligned.hpp>
#include <gtap/nn/kernels/accumulate.hpp>
#include <gtap/nn/kernels/arch.hpp>
#include <gtap/nn/kernels/conv2d.hpp>
#include <gtap/nn/kernels/dense.hpp>
#include <gtap/nn/kernels/elementary.hpp>
#include <gtap/nn/kernels/losses.hpp>
#include <gtap/nn/kernels/pointwise.hpp>
#include <gtap/nn/kernels/pool.hpp>
#include <gtap/nn/layer.hpp>
#include <gtap/nn/layer_shape.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/shape.hpp>
#include <gtap/nn/stages.hpp>
#include <gtap/nn/tensor.hpp>
#include <gtap/pruning/budget.hpp>
#include <gtap/pruning/constraints.hpp>
#include <gtap/pruning/options.hpp>
#include <gtap/pruning/path.hpp>
#include <gtap/pruning/procedures.hpp>
#include <gtap/pruning/ranking.hpp>
#include <gtap/pruning/schedule.hpp>
#include <gtap/pruning/scorers.hpp>
#include <gtap/version.hpp>
