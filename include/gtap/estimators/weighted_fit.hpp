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
/// and how much of the variance that it shows is chance: 1, less where the rows are a good part of
/// all that there are.
struct FitTarget {
  double value;
  double weight;
  double chance = 1.0;
};

/// Least squares with the jackknife's uncertainty: each row is left out in turn, which weights its
/// residual by 1 / (1 - leverage).
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
                         std::span<const std::size_t> chosen, Fill&& fill) {
  constexpr std::size_t block = 512;
  const auto size = static_cast<Eigen::Index>(columns);
  Eigen::MatrixXd x;
  Eigen::VectorXd y;
  Eigen::VectorXd root;
  Eigen::VectorXd chance;
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
  for (std::size_t first = 0; first < rows; first += block) {
    load(first);
    influence.noalias() = inverse * x;
    const Eigen::VectorXd residuals = y - x.transpose() * fit.coefficients;
    for (Eigen::Index k = 0; k < x.cols(); ++k) {
      const double leverage = std::min(x.col(k).dot(influence.col(k)), 1.0 - 1e-9);
      const double left_out = residuals[k] / (1.0 - leverage);
      influence.col(k) *= left_out * chance[k];
      fit.left_out_squares += left_out * left_out;
    }
    fit.variances += influence.rowwise().squaredNorm();
    if (picked == 0) continue;
    part.resize(picked, influence.cols());
    for (Eigen::Index a = 0; a < picked; ++a)
      part.row(a) = influence.row(static_cast<Eigen::Index>(chosen[static_cast<std::size_t>(a)]));
    fit.covariance.noalias() += part * part.transpose();
  }
  return fit;
}

}  // namespace gtap::detail
