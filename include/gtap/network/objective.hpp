#pragma once

#include <gtap/core/error.hpp>
#include <gtap/nn/kernels/losses.hpp>
#include <gtap/nn/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gtap {

/// Value of a network game: the share of images whose largest output is their label's, in [0, 1].
struct Accuracy {};

/// Value of a network game: minus the mean cross-entropy of the labels, in nats; at most 0.
struct CrossEntropy {};

/// Value of a network game: agreement with the unpruned network, which is minus the mean
/// Kullback-Leibler divergence KL(unpruned || pruned) of the output distributions, in nats; at
/// most 0. Needs no labels.
struct Agreement {};

}  // namespace gtap
