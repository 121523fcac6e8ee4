#pragma once

#include <gtap/estimators/detail/fit_run.hpp>
#include <gtap/estimators/moments.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// KernelSHAP (Lundberg & Lee 2017; paired: Covert & Lee 2021) for the Shapley value: weighted
/// least squares under the constraint that the values sum to v(N) - v({}). Sizes are drawn prop. to
/// 1 / (s (n - s)), each coalition with its complement: two evaluations a sample, two shared by
/// all. Exact for interactions of two. Consistent, not unbiased. Work and memory as Regression's.
struct KernelShap {
  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return "kernel-shap"; }
};

/// Leverage SHAP (Musco & Witter, ICLR 2025): the same least squares from sizes that are all as
/// likely, paired, without repetition, each row weighted back. Consistent; exact for interactions
/// of two, and once every coalition was drawn.
struct LeverageShap {
  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return "leverage-shap"; }
};

/// The unbiased form of KernelSHAP (Covert & Lee 2021), paired:
/// phi_i = D/n + (2 H_{n-1} / m) sum of (1[i in S] - s/n) (v(S) - f(s)), with f the mean by size
/// over the other half of the samples. Larger errors than KernelShap's, but no bias.
struct UnbiasedKernelShap {
  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return "unbiased-kernel-shap"; }
};

namespace detail {

/// 1 / (s (n - s)) for s = 1 .. n - 1, summing to 1; 0 at the ends.
inline std::vector<double> kernel_sizes(std::size_t players) {
  std::vector<double> sizes(players + 1, 0.0);
  double total = 0.0;
  for (std::size_t s = 1; s < players; ++s)
    total += sizes[s] = 1.0 / (static_cast<double>(s) * static_cast<double>(players - s));
  for (double& size : sizes)
    size /= total;
  return sizes;
}

/// All sizes but 0 and n alike.
inline std::vector<double> uniform_sizes(std::size_t players) {
  std::vector<double> sizes(players + 1, 1.0 / static_cast<double>(players - 1));
  sizes.front() = sizes.back() = 0.0;
  return sizes;
}

inline void require_shapley(const std::string& design, const LawTable& law) {
  if (!law.uniform())
    fail(design, "the Shapley law", law.name + "; take regression, permutation or surrogate");
}

/// What the three have in common: pairs, the efficiency constraint, the Shapley kernel.
inline FitSettings shapley_fit(const std::string& design, const LawTable& law) {
  require_shapley(design, law);
  FitSettings settings;
  settings.name = design;
  settings.efficient = settings.paired = true;
  settings.sizes = settings.target = kernel_sizes(law.players());
  return settings;
}

class UnbiasedKernelShapRun : public FitRun {
 public:
  UnbiasedKernelShapRun(FitSettings settings, const RunContext& context)
      : FitRun(std::move(settings), context),
        players_(context.players),
        chosen_(context.covariance_of) {
    for (std::size_t k = 1; k < players_; ++k)
      harmonic_ += 1.0 / static_cast<double>(k);
  }

  void summarise(const CoalitionLog& log, Estimate& estimate) const {
    // Mean half difference by size, for even and for odd samples.
    std::vector<double> sums[2];
    std::vector<double> counts[2];
    for (std::size_t half = 0; half < 2; ++half) {
      sums[half].assign(players_ + 1, 0.0);
      counts[half].assign(players_ + 1, 0.0);
    }
    for (std::size_t k = 0; k < log.size(); ++k) {
      const std::size_t size = log.coalition_size(k);
      sums[k % 2][size] += log.value(k);
      sums[k % 2][players_ - size] -= log.value(k);
      counts[k % 2][size] += 1.0;
      counts[k % 2][players_ - size] += 1.0;
    }
    const auto n = static_cast<double>(players_);
    const double share = grand_ - empty_;
    Moments moments(players_, chosen_);
    std::vector<double> credit(players_);
    for (std::size_t k = 0; k < log.size(); ++k) {
      const std::size_t size = log.coalition_size(k);
      const std::size_t other = 1 - k % 2;
      const double part = static_cast<double>(size) / n;
      const double fair = counts[other][size] > 0.0 ? sums[other][size] / counts[other][size]
                                                    : share * (part - 0.5);
      for (std::size_t i = 0; i < players_; ++i) {
        const double inside = log.contains(k, i) ? 1.0 : 0.0;
        credit[i] = share / n + 2.0 * harmonic_ * (inside - part) * (log.value(k) - fair);
      }
      moments.add(credit);
    }
    moments.summarise(estimate);
  }

 private:
  std::size_t players_;
  std::vector<Player> chosen_;
  double harmonic_ = 0.0;
};

}  // namespace detail

inline auto KernelShap::run(const LawTable& law, const RunContext& context) const {
  return detail::FitRun(detail::shapley_fit(name(), law), context);
}

inline auto UnbiasedKernelShap::run(const LawTable& law, const RunContext& context) const {
  return detail::UnbiasedKernelShapRun(detail::shapley_fit(name(), law), context);
}

inline auto LeverageShap::run(const LawTable& law, const RunContext& context) const {
  detail::FitSettings settings = detail::shapley_fit(name(), law);
  settings.distinct = true;
  settings.sizes = detail::uniform_sizes(context.players);
  return detail::FitRun(std::move(settings), context);
}

}  // namespace gtap
