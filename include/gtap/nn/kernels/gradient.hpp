#pragma once

/// All gradient kernels, for training.
#include <gtap/nn/kernels/conv2d_gradient.hpp>
#include <gtap/nn/kernels/dense_gradient.hpp>
#include <gtap/nn/kernels/pointwise_gradient.hpp>
