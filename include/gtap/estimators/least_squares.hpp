#pragma once

#include <gtap/estimators/coalition_log.hpp>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace gtap::detail {

/// Least squares of values on an intercept and one column (1[i in S] - centre) a player, with what
/// its standard errors need.
struct LinearFit {
  Eigen::VectorXd coefficients;   // the intercept, then one a player
  Eigen::MatrixXd inverse_gram;   // (X'X + ridge)^-1
  std::vector<double> residuals;  // by row, each as if its row had been left out
  double ridge = 0.0;
};

/// Rows [first, first + count) of the design matrix.
inline void design_rows(const CoalitionLog& log, double centre, std::size_t first,
                        std::size_t count, Eigen::MatrixXd& rows) {
  const std::size_t players = log.players();
  rows.resize(static_cast<Eigen::Index>(players + 1), static_cast<Eigen::Index>(count));
  for (std::size_t k = 0; k < count; ++k) {
    double* const column = rows.col(static_cast<Eigen::Index>(k)).data();
    column[0] = 1.0;
    const auto words = log.words(first + k);
    for (std::size_t i = 0; i < players; ++i)
      column[i + 1] = static_cast<double>(words[i / 64] >> (i % 64) & 1) - centre;
  }
}

/// Calls `visit(rows, first)` for blocks of rows, each a column of `rows`.
template <class Visit>
void for_each_block(const CoalitionLog& log, double centre, Visit&& visit) {
  Eigen::MatrixXd rows;
  constexpr std::size_t block = 512;
  for (std::size_t first = 0; first < log.size(); first += block) {
    design_rows(log, centre, first, std::min(block, log.size() - first), rows);
    visit(rows, first);
  }
}

/// O(rows n^2 + n^3). With `ridge` > 0 the players' coefficients, not the intercept, are shrunk.
inline LinearFit fit_linear(const CoalitionLog& log, double centre, double ridge) {
  const auto size = static_cast<Eigen::Index>(log.players() + 1);
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(size, size);
  Eigen::VectorXd moment = Eigen::VectorXd::Zero(size);
  const auto values = log.values();
  for_each_block(log, centre, [&](const Eigen::MatrixXd& rows, std::size_t first) {
    gram.selfadjointView<Eigen::Lower>().rankUpdate(rows);
    moment += rows * Eigen::Map<const Eigen::VectorXd>(values.data() + first, rows.cols());
  });
  gram.diagonal().tail(size - 1).array() += ridge;
  const Eigen::LDLT<Eigen::MatrixXd, Eigen::Lower> factor(gram);
  LinearFit fit;
  fit.ridge = ridge;
  fit.coefficients = factor.solve(moment);
  fit.inverse_gram = factor.solve(Eigen::MatrixXd::Identity(size, size));
  fit.residuals.resize(log.size());
  for_each_block(log, centre, [&](const Eigen::MatrixXd& rows, std::size_t first) {
    const Eigen::MatrixXd solved = fit.inverse_gram * rows;
    const Eigen::VectorXd fitted = rows.transpose() * fit.coefficients;
    for (Eigen::Index k = 0; k < rows.cols(); ++k) {
      const double leverage = std::min(rows.col(k).dot(solved.col(k)), 1.0 - 1e-9);
      const std::size_t row = first + static_cast<std::size_t>(k);
      fit.residuals[row] = (values[row] - fitted[k]) / (1.0 - leverage);
    }
  });
  return fit;
}

}  // namespace gtap::detail
