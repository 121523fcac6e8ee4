#pragma once

#include <algorithm>
#include <cstddef>

namespace gtap::nn::detail {

/// to[c * to_stride + r] = from[r * from_stride + c] for all rows and columns of `from`, in blocks
/// that keep both sides in cache.
template <class T>
void transpose(const T* from, std::size_t from_stride, std::size_t rows, std::size_t columns, T* to,
               std::size_t to_stride) {
  constexpr std::size_t block = 16;
  for (std::size_t r0 = 0; r0 < rows; r0 += block) {
    const std::size_t r1 = std::min(rows, r0 + block);
    for (std::size_t c0 = 0; c0 < columns; c0 += block) {
      const std::size_t c1 = std::min(columns, c0 + block);
      for (std::size_t c = c0; c < c1; ++c) {
        for (std::size_t r = r0; r < r1; ++r)
          to[c * to_stride + r] = from[r * from_stride + c];
      }
    }
  }
}

}  // namespace gtap::nn::detail
