#pragma once

/// Everything that needs only Eigen and xsimd; what is listed here brings in the rest. Programs
/// that need a part of it compile faster with one of its doors, or with single headers: each stands
/// alone.

#include <gtap/estimate.hpp>
#include <gtap/games/classic.hpp>
#include <gtap/games/closed_form.hpp>
#include <gtap/io/estimate_csv.hpp>
#include <gtap/io/stored_tensor.hpp>
#include <gtap/network.hpp>
#include <gtap/nn/kernels/gradient.hpp>
#include <gtap/prune.hpp>
#include <gtap/version.hpp>
