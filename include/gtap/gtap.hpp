#pragma once

/// Everything that needs only Eigen and xsimd. Each header also stands alone; programs that need
/// one room, such as the estimators, compile faster with that room's headers.

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>
#include <gtap/core/random.hpp>
#include <gtap/core/value_function.hpp>
#include <gtap/version.hpp>
