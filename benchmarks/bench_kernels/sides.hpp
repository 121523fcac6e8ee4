#pragma once

#include "../case.hpp"

#include <algorithm>
#include <cstddef>
#include <new>
#include <random>
#include <vector>

namespace gtap_bench {

/// batch x in -> out, bias and ReLU.
struct DenseShape {
  const char* name;
  std::size_t batch, in, out;
  double gflop() const { return 2e-9 * static_cast<double>(batch * in * out); }
};

/// batch x in channels x side x side, `out` filters of kernel x kernel, bias and ReLU.
struct ConvShape {
  const char* name;
  std::size_t batch, in, side, out, kernel, padding;
  std::size_t out_side() const { return side + 2 * padding - kernel + 1; }
  double gflop() const {
    return 2e-9 * static_cast<double>(batch * in * kernel * kernel * out * out_side() * out_side());
  }
};

/// Numbers on a 64-byte boundary.
struct Buffer {
  explicit Buffer(std::size_t size_) : size(size_), data(allocate(size_)) {}
  Buffer(std::size_t size_, unsigned seed) : Buffer(size_) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (std::size_t i = 0; i < size; ++i)
      data[i] = uniform(random);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { ::operator delete (data, std::align_val_t{64}); }

  static float* allocate(std::size_t size) {
    auto* const p =
        static_cast<float*>(::operator new (size * sizeof(float), std::align_val_t{64}));
    std::fill_n(p, size, 0.0f);
    return p;
  }

  std::size_t size;
  float* data;
};

// What each side adds to a case; those of an absent library add nothing.
void add_gtap(const DenseShape& shape, Case& work);
void add_gtap(const ConvShape& shape, Case& work);
void add_peak(Case& work);
void add_eigen(const DenseShape& shape, Case& work);
void add_openblas(const DenseShape& shape, Case& work);
void add_onednn(const DenseShape& shape, Case& work);
void add_onednn(const ConvShape& shape, Case& work);

}  // namespace gtap_bench
