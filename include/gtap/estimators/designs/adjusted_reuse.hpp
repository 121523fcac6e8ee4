#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/detail/coalition_log.hpp>
#include <gtap/estimators/moments.hpp>
#include <gtap/estimators/random_subset.hpp>
#include <gtap/math/discrete.hpp>
#include <gtap/math/least_squares.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// Regression-adjusted sample reuse (Witter, Liu & Musco 2025) for any law: an additive
/// guess f is fitted to one half of the coalitions, the index of v - f is estimated on the other
/// by weighted means, and f's own index, its coefficients, is added back; and the other way round.
/// Unbiased, because neither half judges its own guess. One evaluation a sample, in batches;
/// standard errors over samples.
///
/// Sizes are drawn as the law mixes those seen with and without a player, and weighted to count
/// what it says.
struct AdjustedReuse {
  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return "adjusted-reuse"; }
};

namespace detail {

/// The probability of each size 0 .. n of a coalition that is drawn for all players at once, with
/// each of them inside and outside as a law wants: the mix of what it asks for with a player and
/// without. `others` are the probabilities of the sizes of the others' coalition.
inline std::vector<double> mixed_sizes(std::span<const double> others) {
  const auto n = static_cast<double>(others.size());
  std::vector<double> sizes(others.size() + 1, 0.0);
  for (std::size_t s = 0; s < others.size(); ++s) {
    const auto k = static_cast<double>(s);
    sizes[s] += others[s] * (n - k) / (n + 1.0);
    sizes[s + 1] += others[s] * (k + 1.0) / (n + 1.0);
  }
  return sizes;
}

/// Draws one coalition a sample, of a size with these probabilities, and keeps them all.
class SizedDraws {
 public:
  SizedDraws(std::size_t players, std::vector<double> sizes)
      : players_(players), sizes_(std::move(sizes)), draw_(sizes_) {}

  using Statistics = CoalitionLog;
  struct Scratch {
    std::vector<Coalition> coalitions;
    std::vector<double> values;
    std::vector<Player> order;
  };
  Statistics statistics() const { return CoalitionLog(players_); }
  Scratch scratch() const { return {}; }
  std::size_t chunk() const { return 256; }

  void begin(Worker&) {}
  std::uint64_t plan(const Statistics&, std::size_t evaluations) { return evaluations; }

  void samples(std::uint64_t first, std::uint64_t last, std::uint64_t seed, Worker& worker,
               Scratch& scratch, Statistics& log) const {
    const auto count = static_cast<std::size_t>(last - first);
    scratch.coalitions.assign(count, Coalition(players_));
    scratch.values.resize(count);
    for (std::size_t k = 0; k < count; ++k) {
      RandomStream random(seed, first + k);
      random_subset_of_all(random, draw_.draw(random), scratch.order, scratch.coalitions[k]);
    }
    worker.batch(scratch.coalitions, scratch.values);
    for (std::size_t k = 0; k < count; ++k)
      log.add(scratch.coalitions[k], scratch.values[k]);
  }

  void archive(Archive&) {}

 protected:
  std::size_t players_;
  std::vector<double> sizes_;  // probabilities of |S| = 0 .. n

 private:
  math::Discrete draw_;
};

class AdjustedReuseRun : public SizedDraws {
 public:
  /// `sizes`: what coalitions are drawn by; every size that the law needs is among them.
  AdjustedReuseRun(std::vector<double> others, std::vector<double> sizes, const RunContext& context)
      : SizedDraws(context.players, std::move(sizes)),
        inside_(players_ + 1, 0.0),
        outside_(players_ + 1, 0.0),
        chosen_(context.covariance_of) {
    require_budget("adjusted-reuse", 4, context.evaluations);
    const auto n = static_cast<double>(players_);
    require_memory("adjusted-reuse",
                   24.0 * n * n + static_cast<double>(context.evaluations) * (n / 8.0 + 16.0),
                   "shared-coalition or sample-reuse");
    // With i inside, the others have s - 1 members: weight P(s-1) / P(|S| = s, i in S).
    for (std::size_t s = 0; s <= players_; ++s) {
      const auto k = static_cast<double>(s);
      if (sizes_[s] == 0.0) continue;
      if (s > 0) inside_[s] = others[s - 1] * n / (k * sizes_[s]);
      if (s < players_) outside_[s] = others[s] * n / ((n - k) * sizes_[s]);
    }
    const std::vector<double> wanted = mixed_sizes(others);
    for (std::size_t s = 0; s <= players_; ++s)
      weights_.push_back(sizes_[s] > 0.0 ? wanted[s] / sizes_[s] : 0.0);
  }

  void summarise(const Statistics& log, Estimate& estimate) const {
    const std::size_t rows = log.size();
    Moments halves[2] = {Moments(players_, chosen_), Moments(players_, chosen_)};
    std::vector<double> credit(players_);
    for (std::size_t half = 0; half < 2 && rows >= 4; ++half) {
      const std::vector<double> guess = fit(log, 1 - half);
      for (std::size_t k = half; k < rows; k += 2) {
        const std::size_t size = log.coalition_size(k);
        double rest = log.value(k) - guess[0];
        for (std::size_t i = 0; i < players_; ++i) {
          if (log.contains(k, i)) rest -= guess[i + 1];
        }
        for (std::size_t i = 0; i < players_; ++i) {
          credit[i] = guess[i + 1] + rest * (log.contains(k, i) ? inside_[size] : -outside_[size]);
        }
        halves[half].add(credit);
      }
    }
    // The mean of both halves' means, with their variances: each has its own guess.
    Estimate second;
    halves[0].summarise(estimate);
    halves[1].summarise(second);
    for (std::size_t i = 0; i < players_; ++i) {
      estimate.values[i] = 0.5 * (estimate.values[i] + second.values[i]);
      estimate.standard_errors[i] =
          0.5 * std::hypot(estimate.standard_errors[i], second.standard_errors[i]);
    }
    for (std::size_t c = 0; c < estimate.covariance.size(); ++c)
      estimate.covariance[c] = 0.25 * (estimate.covariance[c] + second.covariance[c]);
    estimate.degrees_of_freedom += second.degrees_of_freedom;
  }

 private:
  /// Intercept and one coefficient a player, from one half of the rows; lightly shrunk, so that it
  /// exists for any rows.
  std::vector<double> fit(const CoalitionLog& log, std::size_t half) const {
    const std::size_t rows = (log.size() - half + 1) / 2;
    const double ridge = rows < 3 * players_ ? 0.25 : 1e-9;
    math::Matrix penalty(players_ + 1, players_ + 1);
    for (std::size_t i = 1; i <= players_; ++i)
      penalty(i, i) = ridge;
    return math::weighted_coefficients(
        rows, players_ + 1, penalty, [&](std::size_t row, double* x) {
          const std::size_t k = 2 * row + half;
          x[0] = 1.0;
          log.fill(k, x + 1, 0.0);
          return math::FitTarget{log.value(k), weights_[log.coalition_size(k)]};
        });
  }

  std::vector<double> inside_;
  std::vector<double> outside_;
  std::vector<double> weights_;  // of a size in the fit: what the law wants over what is drawn
  std::vector<Player> chosen_;
};

}  // namespace detail

inline auto AdjustedReuse::run(const LawTable& law, const RunContext& context) const {
  const std::vector<double> others = law.sizes();
  return detail::AdjustedReuseRun(others, detail::mixed_sizes(others), context);
}

}  // namespace gtap
