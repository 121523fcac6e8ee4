#pragma once

#include <gtap/math/cholesky.hpp>
#include <gtap/math/matrix.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace gtap::math {

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
  std::vector<double> coefficients;
  std::vector<double> variances;   ///< of the coefficients
  std::vector<double> covariance;  ///< of the chosen ones, k x k
  double left_out_squares = 0.0;   ///< weighted sum of squared left-out residuals
};

/// The rows of such a problem, block by block, times the roots of their weights. `fill(row,
/// columns)` writes a row's columns and returns its target.
template <class Fill>
class WeightedRows {
 public:
  WeightedRows(std::size_t rows, std::size_t columns, Fill& fill)
      : rows_(rows), columns_(columns), fill_(&fill) {}

  /// visit(columns x rows, values, targets) for every block, or for each `stride`th.
  template <class Visit>
  void for_each_block(std::size_t stride, Visit&& visit) {
    constexpr std::size_t block = 512;
    for (std::size_t first = 0; first < rows_; first += stride * block) {
      const std::size_t count = std::min(block, rows_ - first);
      x_.resize(columns_, count);
      y_.resize(count);
      targets_.clear();
      for (std::size_t k = 0; k < count; ++k) {
        const std::span<double> column = x_.column(k);
        targets_.push_back((*fill_)(first + k, column.data()));
        const double root = std::sqrt(targets_.back().weight);
        y_[k] = targets_.back().value * root;
        for (double& number : column)
          number *= root;
      }
      visit(std::as_const(x_), std::span<const double>(y_), std::span<const FitTarget>(targets_));
    }
  }

 private:
  std::size_t rows_;
  std::size_t columns_;
  Fill* fill_;
  Matrix x_;
  std::vector<double> y_;
  std::vector<FitTarget> targets_;
};

struct SolvedEquations {
  Cholesky factor;
  std::vector<double> coefficients;
};

/// Minimises sum of weight (value - columns . coefficients)^2 + coefficients' penalty
/// coefficients, and shows the targets of each block to `see`. O(rows columns^2 + columns^3).
template <class Fill, class See>
SolvedEquations solve_normal_equations(WeightedRows<Fill>& rows, Matrix penalty, See&& see) {
  const std::size_t size = penalty.rows();
  SolvedEquations solved{{}, std::vector<double>(size, 0.0)};
  rows.for_each_block(
      1, [&](const Matrix& x, std::span<const double> y, std::span<const FitTarget> targets) {
        const Block all{0, 0, size, x.columns()};
        add_product(1.0, x, all, x, all, penalty, 0, 0, true);
        for (std::size_t k = 0; k < x.columns(); ++k)
          add_scaled(y[k], x.column(k), solved.coefficients);
        see(targets);
      });
  solved.factor = Cholesky(std::move(penalty));
  solved.factor.solve(solved.coefficients);
  return solved;
}

/// The coefficients alone, at a third of the cost; `fill` is called once a row.
template <class Fill>
std::vector<double> weighted_coefficients(std::size_t rows, std::size_t columns, Matrix penalty,
                                          const Fill& fill) {
  WeightedRows<const Fill> all(rows, columns, fill);
  return solve_normal_equations(all, std::move(penalty), [](auto) {}).coefficients;
}

/// Solves, and tells the uncertainty; `fill` is called twice a row. Of very many rows, a part tells
/// what all would to a percent or so: more would cost twice what the solution does.
template <class Fill>
WeightedFit weighted_fit(std::size_t rows, std::size_t columns, Matrix penalty,
                         std::span<const std::size_t> chosen, std::size_t strata,
                         const Fill& fill) {
  WeightedRows<const Fill> all(rows, columns, fill);
  const std::size_t enough = std::max<std::size_t>(64 * columns, 16384);
  const std::size_t stride = std::max<std::size_t>(1, rows / enough);
  std::size_t blocks = 0;
  double judged = 0.0;
  std::vector<double> counts(strata, 0.0);
  SolvedEquations solved =
      solve_normal_equations(all, std::move(penalty), [&](std::span<const FitTarget> targets) {
        if (blocks++ % stride != 0) return;
        judged += static_cast<double>(targets.size());
        for (const FitTarget& target : targets)
          counts[target.stratum] += 1.0;
      });
  const Matrix inverse = solved.factor.inverse();
  const std::size_t picked = chosen.size();
  WeightedFit fit{std::move(solved.coefficients), std::vector<double>(columns, 0.0), {}};
  Matrix rows_first;
  Matrix influence;
  Matrix part;
  Matrix covariance(picked, picked);
  Matrix sums(columns, strata);
  all.for_each_block(
      stride, [&](const Matrix& x, std::span<const double> y, std::span<const FitTarget> targets) {
        rows_first.resize(x.columns(), columns);
        for (std::size_t i = 0; i < columns; ++i) {
          for (std::size_t k = 0; k < x.columns(); ++k)
            rows_first(k, i) = x(i, k);
        }
        influence = Matrix(columns, x.columns());
        add_product(1.0, inverse, {0, 0, columns, columns}, rows_first,
                    {0, 0, x.columns(), columns}, influence, 0, 0);
        for (std::size_t k = 0; k < x.columns(); ++k) {
          const FitTarget& target = targets[k];
          const std::span<double> own = influence.column(k);
          const double leverage = std::min(dot(x.column(k), own), 1.0 - 1e-9);
          const double left_out = (y[k] - dot(x.column(k), fit.coefficients)) / (1.0 - leverage);
          fit.left_out_squares += left_out * left_out;
          const double count = counts[target.stratum];
          const double lost = count > 1.0 ? std::sqrt(count / (count - 1.0)) : 1.0;
          const double scale = left_out * std::sqrt(target.chance) * lost;
          const std::span<double> sum = sums.column(target.stratum);
          for (std::size_t i = 0; i < columns; ++i) {
            own[i] *= scale;
            sum[i] += own[i];
            fit.variances[i] += own[i] * own[i];
          }
        }
        part.resize(picked, x.columns());
        for (std::size_t k = 0; k < x.columns(); ++k) {
          for (std::size_t a = 0; a < picked; ++a)
            part(a, k) = influence(chosen[a], k);
        }
        const Block all_chosen{0, 0, picked, x.columns()};
        add_product(1.0, part, all_chosen, part, all_chosen, covariance, 0, 0);
      });
  for (std::size_t h = 0; h < strata; ++h) {
    if (counts[h] < 2.0) continue;
    const std::span<const double> sum = std::as_const(sums).column(h);
    for (std::size_t i = 0; i < columns; ++i)
      fit.variances[i] -= sum[i] * sum[i] / counts[h];
    for (std::size_t a = 0; a < picked; ++a) {
      for (std::size_t b = 0; b < picked; ++b)
        covariance(b, a) -= sum[chosen[a]] * sum[chosen[b]] / counts[h];
    }
  }
  const double all_over_judged = rows == 0 ? 1.0 : static_cast<double>(rows) / judged;
  for (double& variance : fit.variances)
    variance = std::max(0.0, variance) * all_over_judged;
  for (std::size_t a = 0; a < picked; ++a) {
    for (std::size_t b = 0; b < picked; ++b)
      fit.covariance.push_back(covariance(b, a) * all_over_judged);
  }
  fit.left_out_squares *= all_over_judged;
  return fit;
}

}  // namespace gtap::math
