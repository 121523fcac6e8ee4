#pragma once

#include <gtap/math/matrix.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

namespace gtap::math {

/// The factor L of a symmetric positive matrix A = L L^T, block by block: size^3 / 3 operations. A
/// direction in which rounding leaves nothing positive is taken as known: solutions have nothing of
/// it.
class Cholesky {
 public:
  Cholesky() = default;
  /// Reads what is on and below the diagonal.
  explicit Cholesky(Matrix matrix) : factor_(std::move(matrix)) {
    const std::size_t n = size();
    for (std::size_t first = 0; first < n; first += block) {
      const std::size_t last = std::min(n, first + block);
      for (std::size_t j = first; j < last; ++j) {
        const auto column = factor_.column(j);
        for (std::size_t p = first; p < j; ++p)
          add_scaled(-factor_(j, p), factor_.column(p).subspan(j), column.subspan(j));
        const double pivot = column[j] > 0.0 ? std::sqrt(column[j]) : 0.0;
        const double over = pivot > 0.0 ? 1.0 / pivot : 0.0;
        column[j] = pivot;
        for (std::size_t i = j + 1; i < n; ++i)
          column[i] *= over;
      }
      const Block panel{last, first, n - last, last - first};
      if (last < n) add_product(-1.0, factor_, panel, factor_, panel, factor_, last, last, true);
    }
  }

  std::size_t size() const { return factor_.rows(); }

  /// x = A^-1 x.
  void solve(std::span<double> x) const {
    const std::size_t n = size();
    for (std::size_t j = 0; j < n; ++j) {
      x[j] = divided(x[j], j);
      add_scaled(-x[j], factor_.column(j).subspan(j + 1), x.subspan(j + 1));
    }
    for (std::size_t j = n; j-- > 0;)
      x[j] = divided(x[j] - dot(factor_.column(j).subspan(j + 1), x.subspan(j + 1)), j);
  }

  /// A^-1: another size^3 operations.
  Matrix inverse() const {
    const std::size_t n = size();
    Matrix transposed(n, n);  // of L^-1
    for (std::size_t first = 0; first < n; first += block) {
      const std::size_t last = std::min(n, first + block);
      if (first > 0) {
        add_product(-1.0, transposed, {0, 0, first, first}, factor_,
                    {first, 0, last - first, first}, transposed, 0, first);
      }
      for (std::size_t j = first; j < last; ++j) {
        const auto column = transposed.column(j);
        column[j] = 1.0;
        for (std::size_t p = first; p < j; ++p)
          add_scaled(-factor_(j, p), transposed.column(p).first(last), column.first(last));
        for (std::size_t i = 0; i < last; ++i)
          column[i] = divided(column[i], j);
      }
    }
    Matrix inverse(n, n);
    add_product(1.0, transposed, {0, 0, n, n}, transposed, {0, 0, n, n}, inverse, 0, 0, true);
    for (std::size_t c = 0; c < n; ++c) {
      for (std::size_t r = 0; r < c; ++r)
        inverse(r, c) = inverse(c, r);
    }
    return inverse;
  }

 private:
  static constexpr std::size_t block = 64;

  double divided(double x, std::size_t j) const {
    return factor_(j, j) > 0.0 ? x / factor_(j, j) : 0.0;
  }

  Matrix factor_;
};

}  // namespace gtap::math
