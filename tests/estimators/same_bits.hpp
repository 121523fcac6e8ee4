#pragma once

#include <gtap/estimators/estimate.hpp>

/// Whether two runs came to the same result to the last bit, and for the same reason.
inline bool same_bits(const gtap::Estimate& a, const gtap::Estimate& b) {
  return a.values == b.values && a.standard_errors == b.standard_errors &&
         a.degrees_of_freedom == b.degrees_of_freedom && a.covariance == b.covariance &&
         a.evaluations == b.evaluations && a.saved == b.saved && a.samples == b.samples &&
         a.looks == b.looks && a.stopped == b.stopped;
}
