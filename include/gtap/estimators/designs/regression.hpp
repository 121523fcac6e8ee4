#pragma once

#include <gtap/estimators/designs/sample_reuse.hpp>
#include <gtap/estimators/detail/fit_run.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace gtap {

/// Kernel Banzhaf for any retention probability p (Liu et al. 2024; Marichal & Mathonet 2011):
/// least squares of v on an intercept and 1[i in S] - p, coalitions by independent coin tosses.
/// Exact on additive games; its variance is that of what is not additive in v. Consistent, not
/// unbiased; with fewer than 3 n rows the coefficients are shrunk a little (ridge). Standard
/// errors are the jackknife's over samples. One evaluation a sample, in batches: coalitions drawn
/// apart differ in about 2 p (1 - p) n players, and a chain from one to the next would toggle them
/// all, which saves nothing. O(n^2) work a sample and 24 n^2 bytes at the end, n / 8 + 8 bytes a
/// sample.
struct Regression {
  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return "regression"; }
};

namespace detail {

/// The probability of each size 0 .. n of a coalition by coin tosses.
inline std::vector<double> tossed_sizes(std::size_t players, double p) {
  std::vector<double> sizes = math::log_binomials(players);
  for (std::size_t s = 0; s <= players; ++s) {
    sizes[s] = std::exp(sizes[s] + math::times_log(static_cast<double>(s), p) +
                        math::times_log(static_cast<double>(players - s), 1.0 - p));
  }
  return sizes;
}

}  // namespace detail

inline auto Regression::run(const LawTable& law, const RunContext& context) const {
  const double p = detail::tossing_point(name(), law);
  detail::FitSettings settings;
  settings.name = name();
  settings.centre = p;
  settings.sizes = settings.target = detail::tossed_sizes(context.players, p);
  return detail::FitRun(std::move(settings), context);
}

}  // namespace gtap
