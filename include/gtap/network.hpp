#pragma once

/// Networks: building, training, the network game, baselines, compaction and what follows it.

#include <gtap/network/baselines.hpp>
#include <gtap/network/compensation.hpp>
#include <gtap/network/costs.hpp>
#include <gtap/network/image_blocks.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/prune_network.hpp>
#include <gtap/network/removable_branches.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/train.hpp>
