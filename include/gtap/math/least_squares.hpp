#pragma once

#include <gtap/core/intrinsics.hpp>
#include <gtap/core/target.hpp>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace gtap::math {

template <class Scalar>
using MatrixX = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
template <class Scalar>
using VectorX = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

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
template <class Scalar>
struct WeightedFit {
  VectorX<Scalar> coefficients;
  VectorX<Scalar> variances;      // of the coefficients
  MatrixX<Scalar> covariance;     // of the chosen ones
  double left_out_squares = 0.0;  // weighted sum of squared left-out residuals
};

/// The rows of such a problem, block by block, times the roots of their weights. `fill(row,
/// columns)` writes a row's columns and returns its target.
template <class Scalar, class Fill>
class WeightedRows {
 public:
  WeightedRows(std::size_t rows, std::size_t columns, Fill& fill)
      : rows_(rows), columns_(static_cast<Eigen::Index>(columns)), fill_(&fill) {}

  /// visit(columns x rows, values, targets) for every block, or for each `stride`th.
  template <class Visit>
  void for_each_block(std::size_t stride, Visit&& visit) {
    constexpr std::size_t block = 512;
    for (std::size_t first = 0; first < rows_; first += stride * block) {
      const auto count = static_cast<Eigen::Index>(std::min(block, rows_ - first));
      x_.resize(columns_, count);
      y_.resize(count);
      targets_.clear();
      for (Eigen::Index k = 0; k < count; ++k) {
        targets_.push_back((*fill_)(first + static_cast<std::size_t>(k), x_.col(k).data()));
        const double root = std::sqrt(targets_.back().weight);
        y_[k] = targets_.back().value * root;
        x_.col(k) *= root;
      }
      visit(std::as_const(x_), std::as_const(y_), std::span<const FitTarget>(targets_));
    }
  }

 private:
  std::size_t rows_;
  Eigen::Index columns_;
  Fill* fill_;
  MatrixX<Scalar> x_;
  VectorX<Scalar> y_;
  std::vector<FitTarget> targets_;
};

template <class Scalar>
struct SolvedEquations {
  Eigen::LDLT<MatrixX<Scalar>, Eigen::Lower> factor;
  VectorX<Scalar> coefficients;
};

/// Minimises sum of weight (value - columns . coefficients)^2 + coefficients' penalty
/// coefficients, and shows the targets of each block to `see`. O(rows columns^2 + columns^3).
template <class Scalar, class Fill, class See>
SolvedEquations<Scalar> solve_normal_equations(WeightedRows<Scalar, Fill>& rows,
                                               const MatrixX<Scalar>& penalty, See&& see) {
  MatrixX<Scalar> gram = penalty;
  VectorX<Scalar> moment = VectorX<Scalar>::Zero(penalty.rows());
  rows.for_each_block(1, [&](const MatrixX<Scalar>& x, const VectorX<Scalar>& y,
                             std::span<const FitTarget> targets) {
    gram.template selfadjointView<Eigen::Lower>().rankUpdate(x);
    moment.noalias() += x * y;
    see(targets);
  });
  SolvedEquations<Scalar> solved;
  solved.factor.compute(gram);
  solved.coefficients = solved.factor.solve(moment);
  return solved;
}

/// The coefficients alone, at a third of the cost; `fill` is called once a row.
template <class Scalar, class Fill>
VectorX<Scalar> weighted_coefficients(std::size_t rows, std::size_t columns,
                                      const MatrixX<Scalar>& penalty, Fill&& fill) {
  WeightedRows<Scalar, std::remove_reference_t<Fill>> all(rows, columns, fill);
  return solve_normal_equations(all, penalty, [](auto) {}).coefficients;
}

/// Solves, and tells the uncertainty; `fill` is called twice a row. Of very many rows, a part tells
/// what all would to a percent or so: more would cost twice what the solution does.
template <class Scalar, class Fill>
WeightedFit<Scalar> weighted_fit(std::size_t rows, std::size_t columns,
                                 const MatrixX<Scalar>& penalty,
                                 std::span<const std::size_t> chosen, std::size_t strata,
                                 Fill&& fill) {
  const auto size = static_cast<Eigen::Index>(columns);
  WeightedRows<Scalar, std::remove_reference_t<Fill>> all(rows, columns, fill);
  const std::size_t enough = std::max<std::size_t>(64 * columns, 16384);
  const std::size_t stride = std::max<std::size_t>(1, rows / enough);
  std::size_t blocks = 0;
  double judged = 0.0;
  VectorX<Scalar> counts = VectorX<Scalar>::Zero(static_cast<Eigen::Index>(strata));
  const SolvedEquations<Scalar> solved =
      solve_normal_equations(all, penalty, [&](std::span<const FitTarget> targets) {
        if (blocks++ % stride != 0) return;
        judged += static_cast<double>(targets.size());
        for (const FitTarget& target : targets)
          counts[static_cast<Eigen::Index>(target.stratum)] += 1.0;
      });
  const MatrixX<Scalar> inverse = solved.factor.solve(MatrixX<Scalar>::Identity(size, size));
  WeightedFit<Scalar> fit;
  fit.coefficients = solved.coefficients;
  fit.variances = VectorX<Scalar>::Zero(size);
  const auto picked = static_cast<Eigen::Index>(chosen.size());
  fit.covariance = MatrixX<Scalar>::Zero(picked, picked);
  MatrixX<Scalar> influence;
  MatrixX<Scalar> part;
  MatrixX<Scalar> sums = MatrixX<Scalar>::Zero(size, counts.size());
  all.for_each_block(stride, [&](const MatrixX<Scalar>& x, const VectorX<Scalar>& y,
                                 std::span<const FitTarget> targets) {
    influence.noalias() = inverse * x;
    const VectorX<Scalar> residuals = y - x.transpose() * fit.coefficients;
    for (Eigen::Index k = 0; k < x.cols(); ++k) {
      const FitTarget& target = targets[static_cast<std::size_t>(k)];
      const double leverage = std::min(x.col(k).dot(influence.col(k)), 1.0 - 1e-9);
      const double left_out = residuals[k] / (1.0 - leverage);
      fit.left_out_squares += left_out * left_out;
      const auto h = static_cast<Eigen::Index>(target.stratum);
      const double lost = counts[h] > 1.0 ? std::sqrt(counts[h] / (counts[h] - 1.0)) : 1.0;
      influence.col(k) *= left_out * std::sqrt(target.chance) * lost;
      sums.col(h) += influence.col(k);
    }
    fit.variances += influence.rowwise().squaredNorm();
    if (picked == 0) return;
    part.resize(picked, influence.cols());
    for (Eigen::Index a = 0; a < picked; ++a)
      part.row(a) = influence.row(static_cast<Eigen::Index>(chosen[static_cast<std::size_t>(a)]));
    fit.covariance.noalias() += part * part.transpose();
  });
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
  const double all_over_judged = rows == 0 ? 1.0 : static_cast<double>(rows) / judged;
  fit.variances = fit.variances.cwiseMax(0.0) * all_over_judged;
  fit.covariance *= all_over_judged;
  fit.left_out_squares *= all_over_judged;
  return fit;
}

}  // namespace gtap::math
