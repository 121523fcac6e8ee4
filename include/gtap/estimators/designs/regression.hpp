#pragma once

#include <gtap/estimators/coalition_log.hpp>
#include <gtap/estimators/designs/sample_reuse.hpp>
#include <gtap/estimators/least_squares.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace gtap {

/// Kernel Banzhaf for any retention probability p (Liu et al. 2024; Marichal & Mathonet 2011):
/// least squares of v on an intercept and 1[i in S] - p, coalitions by independent coin tosses.
/// Exact on additive games; its variance is that of what is not additive in v. Consistent, not
/// unbiased. With fewer than 3 n rows the coefficients are shrunk a little (ridge). Standard
/// errors are the jackknife's over units. O(n^2) work a row, 16 n^2 bytes at the end, and
/// n / 8 + 8 bytes an evaluation.
struct Regression {
  template <Semivalue Law>
  auto run(const Law& law, const RunContext& context) const;
  std::string name() const { return "Regression"; }
};

namespace detail {

class RegressionRun {
 public:
  RegressionRun(double p, const RunContext& context)
      : p_(p), players_(context.players), chosen_(context.covariance_of) {
    const auto n = static_cast<double>(players_);
    require_memory("Regression",
                   24.0 * n * n + static_cast<double>(context.evaluations) * (n / 8.0 + 24.0),
                   "SampleReuse or SharedCoalition");
  }

  using Statistics = CoalitionLog;
  using Scratch = BatchScratch;
  Statistics statistics() const { return CoalitionLog(players_); }
  Scratch scratch() const { return {}; }
  std::size_t chunk() const { return 256; }

  template <class Worker>
  void begin(Worker&) {}
  std::uint64_t plan(const Statistics&, std::size_t evaluations) { return evaluations; }

  template <class Worker>
  void units(std::uint64_t first, std::uint64_t last, std::uint64_t seed, Worker& worker,
             Scratch& scratch, Statistics& statistics) const {
    SampleReuseRun::toss_batch(p_, players_, first, last, seed, worker, scratch);
    for (std::size_t k = 0; k < scratch.coalitions.size(); ++k)
      statistics.add(scratch.coalitions[k], scratch.values[k]);
  }

  void summarise(const Statistics& log, Estimate& estimate) const {
    const double infinity = std::numeric_limits<double>::infinity();
    estimate.values.assign(players_, 0.0);
    estimate.standard_errors.assign(players_, infinity);
    estimate.covariance_players = chosen_;
    const std::size_t k = chosen_.size();
    estimate.covariance.assign(k * k, infinity);
    const double rows = static_cast<double>(log.size());
    estimate.degrees_of_freedom = std::max(1.0, rows - static_cast<double>(players_) - 1.0);
    if (log.size() < 2) return;

    const double ridge = log.size() < 3 * players_ ? p_ * (1.0 - p_) : 0.0;
    const LinearFit fit = fit_linear(log, p_, ridge);
    Eigen::VectorXd squares = Eigen::VectorXd::Zero(fit.coefficients.size());
    std::vector<double> products(k * k, 0.0);
    for_each_block(log, p_, [&](const Eigen::MatrixXd& block, std::size_t first) {
      Eigen::MatrixXd influence = fit.inverse_gram * block;
      for (Eigen::Index row = 0; row < block.cols(); ++row)
        influence.col(row) *= fit.residuals[first + static_cast<std::size_t>(row)];
      squares += influence.rowwise().squaredNorm();
      for (std::size_t a = 0; a < k; ++a) {
        for (std::size_t b = 0; b < k; ++b)
          products[a * k + b] += influence.row(chosen_[a] + 1).dot(influence.row(chosen_[b] + 1));
      }
    });
    for (std::size_t i = 0; i < players_; ++i) {
      estimate.values[i] = fit.coefficients[static_cast<Eigen::Index>(i + 1)];
      estimate.standard_errors[i] = std::sqrt(squares[static_cast<Eigen::Index>(i + 1)]);
    }
    if (k != 0) estimate.covariance = products;
  }

  template <class Archive>
  void archive(Archive&) {}

 private:
  double p_;
  std::size_t players_;
  std::vector<Player> chosen_;
};

}  // namespace detail

template <Semivalue Law>
auto Regression::run(const Law& law, const RunContext& context) const {
  const double p = detail::tossing_point("Regression", law);
  detail::require_budget("Regression", 2, context.evaluations);
  return detail::RegressionRun(p, context);
}

}  // namespace gtap
