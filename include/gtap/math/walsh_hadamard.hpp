#pragma once

#include <gtap/core/target.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace gtap::math {

/// Sums and differences of x[k] and x[k + half], for all pairs of all blocks.
inline void butterflies(double* x, std::size_t length, std::size_t half) {
  for (std::size_t block = 0; block < length; block += 2 * half) {
    double* const a = x + block;
    double* const b = a + half;
    for (std::size_t k = 0; k < half; ++k) {
      const double difference = a[k] - b[k];
      a[k] += b[k];
      b[k] = difference;
    }
  }
}

/// All steps from `half` on, two at a time: four numbers are loaded and stored once.
inline void walsh_hadamard_steps(double* x, std::size_t length, std::size_t half) {
  for (; 4 * half <= length; half *= 4) {
    for (std::size_t block = 0; block < length; block += 4 * half) {
      double* const a = x + block;
      double* const b = a + half;
      double* const c = b + half;
      double* const d = c + half;
      for (std::size_t k = 0; k < half; ++k) {
        const double ab = a[k] + b[k];
        const double a_b = a[k] - b[k];
        const double cd = c[k] + d[k];
        const double c_d = c[k] - d[k];
        a[k] = ab + cd;
        b[k] = a_b + c_d;
        c[k] = ab - cd;
        d[k] = a_b - c_d;
      }
    }
  }
  if (half < length) butterflies(x, length, half);
}

/// The Walsh-Hadamard transform in place, not scaled; the length is a power of two. From 64 numbers
/// on, bits 0 to 2 of the position come out exchanged with bits 3 to 5: two transforms, with
/// anything between them that depends on the number of bits alone, restore the order.
inline void walsh_hadamard(std::span<double> x) {
  constexpr std::size_t square = 64;
  constexpr std::size_t near = 4096;  // fits in the nearest cache
  if (x.size() < square) return walsh_hadamard_steps(x.data(), x.size(), 1);
  for (std::size_t begin = 0; begin < x.size(); begin += near) {
    const std::size_t length = std::min(near, x.size() - begin);
    for (std::size_t k = 0; k < length; k += square) {
      // Steps of 1, 2 and 4 would not fill a vector register: they are done on the transpose of
      // eight rows.
      double* const rows = x.data() + begin + k;
      double turned[square];
      walsh_hadamard_steps(rows, square, 8);
      for (std::size_t i = 0; i < 8; ++i) {
        for (std::size_t j = 0; j < 8; ++j)
          turned[8 * i + j] = rows[8 * j + i];
      }
      walsh_hadamard_steps(turned, square, 8);
      std::copy(turned, turned + square, rows);
    }
    walsh_hadamard_steps(x.data() + begin, length, square);
  }
  if (x.size() > near) walsh_hadamard_steps(x.data(), x.size(), near);
}

}  // namespace gtap::math
