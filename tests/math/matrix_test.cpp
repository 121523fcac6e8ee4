#include <gtap/core/random.hpp>
#include <gtap/math/cholesky.hpp>
#include <gtap/math/matrix.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using namespace gtap::math;

namespace {

Matrix random_matrix(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  gtap::RandomStream random(seed, 0);
  Matrix matrix(rows, columns);
  for (std::size_t c = 0; c < columns; ++c) {
    for (double& number : matrix.column(c))
      number = random.uniform() - 0.5;
  }
  return matrix;
}

/// a b^T at (r, c), by a plain loop.
double product(const Matrix& a, std::size_t r, const Matrix& b, std::size_t c) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.columns(); ++k)
    sum += a(r, k) * b(c, k);
  return sum;
}

/// A A^T + the identity: positive, and no eigenvalue is below 1.
Matrix positive_matrix(std::size_t size) {
  const Matrix root = random_matrix(size, size, size);
  Matrix matrix(size, size);
  for (std::size_t c = 0; c < size; ++c) {
    for (std::size_t r = 0; r < size; ++r)
      matrix(r, c) = product(root, r, root, c) + (r == c ? 1.0 : 0.0);
  }
  return matrix;
}

// Sums of `terms` products of at most 1/4 in another order.
double bound(std::size_t terms) {
  const auto n = static_cast<double>(terms);
  return 2.0 * n * n * std::numeric_limits<double>::epsilon();
}

// Around the sizes of tiles, of blocks that are factored at once, and of what is packed at once.
const std::vector<std::size_t> sizes{1, 2, 5, 11, 12, 13, 23, 24, 25, 63, 64, 65, 130, 193};

}  // namespace

TEST_CASE("sums of products are those of plain loops", "[matrix]") {
  for (const std::size_t n : sizes) {
    std::vector<double> x(n);
    std::vector<double> y(n);
    double expected = 0.0;
    for (std::size_t k = 0; k < n; ++k) {
      x[k] = 0.01 * static_cast<double>(k) - 0.5;
      y[k] = 0.5 - 0.003 * static_cast<double>(k * k % 100);
      expected += x[k] * y[k];
    }
    CHECK(std::abs(dot(x, y) - expected) < bound(n) * 10.0);
    std::vector<double> sum = y;
    add_scaled(3.0, x, sum);
    for (std::size_t k = 0; k < n; ++k)
      CHECK(std::abs(sum[k] - (y[k] + 3.0 * x[k])) < 1e-14);
  }
}

TEST_CASE("products of blocks are those of plain loops", "[matrix]") {
  for (const std::size_t rows : sizes) {
    for (const std::size_t depth : {std::size_t{1}, std::size_t{7}, std::size_t{300}}) {
      const std::size_t columns = rows / 2 + 3;
      CAPTURE(rows, depth);
      const Matrix a = random_matrix(rows, depth, 1);
      const Matrix b = random_matrix(columns, depth, 2);
      Matrix out = random_matrix(rows + 2, columns + 1, 3);
      const Matrix before = out;
      add_product(-2.0, a, {0, 0, rows, depth}, b, {0, 0, columns, depth}, out, 2, 1);
      double worst = 0.0;
      for (std::size_t c = 0; c < out.columns(); ++c) {
        for (std::size_t r = 0; r < out.rows(); ++r) {
          const bool inside = r >= 2 && c >= 1;
          const double more = inside ? -2.0 * product(a, r - 2, b, c - 1) : 0.0;
          worst = std::max(worst, std::abs(out(r, c) - (before(r, c) + more)));
        }
      }
      CHECK(worst < bound(depth + 1));
    }
  }
}

TEST_CASE("of a symmetric product the lower half is right", "[matrix]") {
  for (const std::size_t size : sizes) {
    const Matrix a = random_matrix(size, 40, 4);
    Matrix out(size, size);
    add_product(1.0, a, {0, 0, size, 40}, a, {0, 0, size, 40}, out, 0, 0, true);
    double worst = 0.0;
    for (std::size_t c = 0; c < size; ++c) {
      for (std::size_t r = c; r < size; ++r)
        worst = std::max(worst, std::abs(out(r, c) - product(a, r, a, c)));
    }
    CHECK(worst < bound(40));
  }
}

TEST_CASE("a factor solves, and its inverse is one", "[cholesky]") {
  for (const std::size_t size : sizes) {
    CAPTURE(size);
    const Matrix matrix = positive_matrix(size);
    const Cholesky factor(matrix);
    const Matrix inverse = factor.inverse();
    std::vector<double> x(size, 1.0);
    factor.solve(x);
    double residual = 0.0;
    double from_one = 0.0;
    for (std::size_t r = 0; r < size; ++r) {
      double sum = 0.0;
      for (std::size_t k = 0; k < size; ++k)
        sum += matrix(r, k) * x[k];
      residual = std::max(residual, std::abs(sum - 1.0));
      for (std::size_t c = 0; c < size; ++c) {
        from_one =
            std::max(from_one, std::abs(product(matrix, r, inverse, c) - (r == c ? 1.0 : 0.0)));
      }
    }
    // Backward errors of a few n epsilon times the entries, of which none is above n.
    CHECK(residual < 8.0 * bound(size + 1));
    CHECK(from_one < 8.0 * bound(size + 1) * static_cast<double>(size));
  }
}

TEST_CASE("solutions have nothing of a direction that is not there", "[cholesky]") {
  // The second row and column repeat the first: rounding leaves nothing of them.
  Matrix matrix(3, 3);
  matrix(0, 0) = matrix(1, 0) = matrix(1, 1) = 4.0;
  matrix(2, 2) = 1.0;
  std::vector<double> x{8.0, 8.0, 3.0};
  Cholesky(matrix).solve(x);
  CHECK(x == std::vector<double>{2.0, 0.0, 3.0});
}
