#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace gtap::detail {

/// One row of a weighted least squares problem: what its columns should give, how much it counts,
/// how much of the variance that it shows is chance (1, less where the rows are a good part of all
/// that there are), and its stratum: strata have numbers of rows that are no chance.
struct FitTarget {
  double value;
  double weight;
  double chance = 1.0;
  std::size_t stratum = 0;
};

/// Least squares with the jackknife's uncertainty: each row is left out in turn, which weights its
/// residual by 1 / (1 - leverage). What the rows of a stratum have in common is no chance: only
/// their spread about their mean counts, as soon as there are two.
struct WeightedFit {
  Eigen::VectorXd coefficients;
  Eigen::VectorXd variances;      // of the coefficients
  Eigen::MatrixXd covariance;     // of the chosen ones
  double left_out_squares = 0.0;  // weighted sum of squared left-out residuals
};

/// Minimises sum of weight (value - columns . coefficients)^2 + coefficients' penalty
/// coefficients. `fill(row, columns)` writes a row's columns and returns its target; it is called
/// twice a row. O(rows columns^2 + columns^3).
template <class Fill>
WeightedFit weighted_fit(std::size_t rows, std::size_t columns, const Eigen::MatrixXd& penalty,
                         std::span<const std::size_t> chosen, std::size_t strata, Fill&& fill) {
  constexpr std::size_t block = 512;
  const auto size = static_cast<Eigen::Index>(columns);
  Eigen::MatrixXd x;
  Eigen::VectorXd y;
  Eigen::VectorXd root;
  Eigen::VectorXd chance;
  std::vector<Eigen::Index> stratum(block);
  Eigen::VectorXd counts = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(strata));
  const auto load = [&](std::size_t first) {
    const auto count = static_cast<Eigen::Index>(std::min(block, rows - first));
    x.resize(size, count);
    y.resize(count);
    root.resize(count);
    chance.resize(count);
    for (Eigen::Index k = 0; k < count; ++k) {
      const FitTarget target = fill(first + static_cast<std::size_t>(k), x.col(k).data());
      root[k] = std::sqrt(target.weight);
      chance[k] = std::sqrt(target.chance);
      stratum[static_cast<std::size_t>(k)] = static_cast<Eigen::Index>(target.stratum);
      y[k] = target.value * root[k];
      x.col(k) *= root[k];
    }
  };
  Eigen::MatrixXd gram = penalty;
  Eigen::VectorXd moment = Eigen::VectorXd::Zero(size);
  for (std::size_t first = 0; first < rows; first += block) {
    load(first);
    gram.selfadjointView<Eigen::Lower>().rankUpdate(x);
    moment.noalias() += x * y;
    for (Eigen::Index k = 0; k < x.cols(); ++k)
      counts[stratum[static_cast<std::size_t>(k)]] += 1.0;
  }
  const Eigen::LDLT<Eigen::MatrixXd, Eigen::Lower> factor(gram);
  const Eigen::MatrixXd inverse = factor.solve(Eigen::MatrixXd::Identity(size, size));
  WeightedFit fit;
  fit.coefficients = factor.solve(moment);
  fit.variances = Eigen::VectorXd::Zero(size);
  const auto picked = static_cast<Eigen::Index>(chosen.size());
  fit.covariance = Eigen::MatrixXd::Zero(picked, picked);
  Eigen::MatrixXd influence;
  Eigen::MatrixXd part;
  Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(size, counts.size());
  for (std::size_t first = 0; first < rows; first += block) {
    load(first);
    influence.noalias() = inverse * x;
    const Eigen::VectorXd residuals = y - x.transpose() * fit.coefficients;
    for (Eigen::Index k = 0; k < x.cols(); ++k) {
      const double leverage = std::min(x.col(k).dot(influence.col(k)), 1.0 - 1e-9);
      const double left_out = residuals[k] / (1.0 - leverage);
      fit.left_out_squares += left_out * left_out;
      const Eigen::Index h = stratum[static_cast<std::size_t>(k)];
      const double lost = counts[h] > 1.0 ? std::sqrt(counts[h] / (counts[h] - 1.0)) : 1.0;
      influence.col(k) *= left_out * chance[k] * lost;
      sums.col(h) += influence.col(k);
    }
    fit.variances += influence.rowwise().squaredNorm();
    if (picked == 0) continue;
    part.resize(picked, influence.cols());
    for (Eigen::Index a = 0; a < picked; ++a)
      part.row(a) = influence.row(static_cast<Eigen::Index>(chosen[static_cast<std::size_t>(a)]));
    fit.covariance.noalias() += part * part.transpose();
  }
  for (Eigen::Index h = 0; h < counts.size(); ++h) {
    if (counts[h] < 2.0) continue;
    fit.variances -= sums.col(h).cwiseAbs2() / counts[h];
    for (Eigen::Index a = 0; a < picked; ++a) {
      for (Eigen::Index b = 0; b < picked; ++b)
        fit.covariance(a, b) -=
            sums(static_cast<Eigen::Index>(chosen[static_cast<std::size_t>(a)]), h) *
            sums(static_cast<Eigen::Index>(chosen[static_cast<std::size_t>(b)]), h) / counts[h];
    }
  }
  fit.variances = fit.variances.cwiseMax(0.0);
  return fit;
}

}  // namespace gtap::detail
