#pragma once

#include <gtap/core/target.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

// Dense matrices for fits of some hundred to some thousand numbers. Not Eigen: one product and one
// factorisation are all that is asked for, and every file that includes them compiles them.

namespace gtap::math {

/// Numbers in columns, one column after another.
class Matrix {
 public:
  Matrix() = default;
  Matrix(std::size_t rows, std::size_t columns)
      : rows_(rows), columns_(columns), numbers_(rows * columns) {}

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  double& operator()(std::size_t r, std::size_t c) { return numbers_[c * rows_ + r]; }
  double operator()(std::size_t r, std::size_t c) const { return numbers_[c * rows_ + r]; }
  std::span<double> column(std::size_t c) { return std::span(numbers_).subspan(c * rows_, rows_); }
  std::span<const double> column(std::size_t c) const {
    return std::span(numbers_).subspan(c * rows_, rows_);
  }

  /// Another shape; what the numbers are then is not said.
  void resize(std::size_t rows, std::size_t columns) {
    rows_ = rows;
    columns_ = columns;
    numbers_.resize(rows * columns);
  }

 private:
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::vector<double> numbers_;
};

namespace detail {

#if defined(__AVX512F__)
inline constexpr std::size_t lanes = 8;
#elif defined(__AVX__)
inline constexpr std::size_t lanes = 4;
#else
inline constexpr std::size_t lanes = 2;
#endif
using Lanes [[gnu::vector_size(8 * lanes)]] = double;
inline constexpr std::size_t tile_rows = 3 * lanes;  // with the columns 12 sums in registers
inline constexpr std::size_t tile_columns = 4;

inline Lanes load_lanes(const double* from) {
  Lanes lanes_of;
  std::memcpy(&lanes_of, from, sizeof lanes_of);
  return lanes_of;
}

}  // namespace detail

/// The sum of products; of equal lengths.
inline double dot(std::span<const double> x, std::span<const double> y) {
  constexpr std::size_t lanes = detail::lanes;
  detail::Lanes even{}, odd{};
  std::size_t k = 0;
  for (; k + 2 * lanes <= x.size(); k += 2 * lanes) {
    even += detail::load_lanes(x.data() + k) * detail::load_lanes(y.data() + k);
    odd += detail::load_lanes(x.data() + k + lanes) * detail::load_lanes(y.data() + k + lanes);
  }
  even += odd;
  double sum = 0.0;
  for (std::size_t l = 0; l < lanes; ++l)
    sum += even[l];
  for (; k < x.size(); ++k)
    sum += x[k] * y[k];
  return sum;
}

/// y += scale x.
inline void add_scaled(double scale, std::span<const double> x, std::span<double> y) {
  constexpr std::size_t lanes = detail::lanes;
  std::size_t k = 0;
  for (; k + lanes <= y.size(); k += lanes) {
    const detail::Lanes sum =
        detail::load_lanes(y.data() + k) + scale * detail::load_lanes(x.data() + k);
    std::memcpy(y.data() + k, &sum, sizeof sum);
  }
  for (; k < y.size(); ++k)
    y[k] += scale * x[k];
}

/// A part of a matrix: `rows` from `row` on, `columns` from `column` on.
struct Block {
  std::size_t row;
  std::size_t column;
  std::size_t rows;
  std::size_t columns;
};

namespace detail {

/// What one column of two blocks adds to a tile; aligned, so that no load crosses a cache line.
struct TileRows {
  Lanes x[3];
};
struct alignas(8 * tile_columns) TileColumns {
  double x[tile_columns];
};

/// out[column][row] = sum over k of a[k][row] b[k][column], of one tile.
inline void tile_product(const TileRows* a, const TileColumns* b, std::size_t depth, double* out) {
  Lanes c00{}, c01{}, c02{}, c10{}, c11{}, c12{}, c20{}, c21{}, c22{}, c30{}, c31{}, c32{};
  for (std::size_t k = 0; k < depth; ++k) {
    const auto [a0, a1, a2] = a[k].x;
    const double* const y = b[k].x;
    c00 += a0 * y[0], c01 += a1 * y[0], c02 += a2 * y[0];
    c10 += a0 * y[1], c11 += a1 * y[1], c12 += a2 * y[1];
    c20 += a0 * y[2], c21 += a1 * y[2], c22 += a2 * y[2];
    c30 += a0 * y[3], c31 += a1 * y[3], c32 += a2 * y[3];
  }
  const Lanes all[] = {c00, c01, c02, c10, c11, c12, c20, c21, c22, c30, c31, c32};
  std::memcpy(out, all, sizeof all);
}

/// Copies a block so that the rows of a tile lie together, column after column and tile after tile;
/// what is missing of the last tile is 0.
template <class Step>
void pack(const Matrix& from, const Block& block, std::vector<Step>& out) {
  constexpr std::size_t width = sizeof(Step) / sizeof(double);
  const std::size_t tiles = (block.rows + width - 1) / width;
  out.resize(tiles * block.columns);
  for (std::size_t k = 0; k < block.columns; ++k) {
    const double* const column = from.column(block.column + k).data() + block.row;
    for (std::size_t t = 0; t < tiles; ++t) {
      Step& step = out[t * block.columns + k];
      const std::size_t count = block.rows - t * width;
      if (count >= width) {
        std::memcpy(&step, column + t * width, sizeof(Step));
      } else {
        step = Step{};
        std::memcpy(&step, column + t * width, count * sizeof(double));
      }
    }
  }
}

}  // namespace detail

/// Adds scale a b^T to the block of `out` that begins at (row, column): a and b are blocks of as
/// many columns. `lower`: only what is on or below the diagonal of `out` has to be right.
/// About 2 rows x columns x depth operations, at what the processor can do.
inline void add_product(double scale, const Matrix& a, const Block& of_a, const Matrix& b,
                        const Block& of_b, Matrix& out, std::size_t row, std::size_t column,
                        bool lower = false) {
  constexpr std::size_t most_depth = 256;
  constexpr std::size_t most_rows = 8 * detail::tile_rows;  // whose panels stay in the cache
  std::vector<detail::TileRows> left;
  std::vector<detail::TileColumns> right;
  double tile[detail::tile_rows * detail::tile_columns];
  for (std::size_t k = 0; k < of_a.columns; k += most_depth) {
    const std::size_t depth = std::min(most_depth, of_a.columns - k);
    detail::pack(b, {of_b.row, of_b.column + k, of_b.rows, depth}, right);
    for (std::size_t first = 0; first < of_a.rows; first += most_rows) {
      const std::size_t rows = std::min(most_rows, of_a.rows - first);
      detail::pack(a, {of_a.row + first, of_a.column + k, rows, depth}, left);
      for (std::size_t j = 0; j < of_b.rows; j += detail::tile_columns) {
        for (std::size_t i = 0; i < rows; i += detail::tile_rows) {
          const std::size_t last_row = row + first + std::min(rows, i + detail::tile_rows) - 1;
          if (lower && last_row < column + j) continue;
          detail::tile_product(left.data() + i / detail::tile_rows * depth,
                               right.data() + j / detail::tile_columns * depth, depth, tile);
          for (std::size_t c = 0; c < std::min(detail::tile_columns, of_b.rows - j); ++c) {
            double* const to = out.column(column + j + c).data() + row + first + i;
            for (std::size_t r = 0; r < std::min(detail::tile_rows, rows - i); ++r)
              to[r] += scale * tile[c * detail::tile_rows + r];
          }
        }
      }
    }
  }
}

}  // namespace gtap::math
