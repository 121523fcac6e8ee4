#pragma once

#include <gtap/core/random.hpp>
#include <gtap/nn/kernels/arch.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <numeric>
#include <span>
#include <vector>

namespace gtap_test {

namespace kernels = gtap::nn::kernels;
using kernels::row_size;

#if defined(__SANITIZE_ADDRESS__)
#define GTAP_TEST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GTAP_TEST_ASAN 1
#endif
#endif

/// Aligned rows with guards before and after that no kernel may change. The address sanitizer has
/// guards of its own, which nobody may read either: it gets memory of the exact size.
template <class T>
class Rows {
 public:
  explicit Rows(std::size_t rows, std::size_t row = row_size)
      : size_(rows * row),
        data_(static_cast<T*>(
            ::operator new ((size_ + 2 * guard) * sizeof(T), std::align_val_t{64}))) {
    for (std::size_t i = 0; i < size_ + 2 * guard; ++i)
      data_[i] = mark;
  }
  Rows(std::size_t rows, std::size_t row, std::uint64_t seed) : Rows(rows, row) {
    gtap::RandomStream random(seed, 0);
    for (T& x : values())
      x = static_cast<T>(2 * random.uniform() - 1);
  }
  Rows(const Rows& other) : Rows(1, other.size_) {
    for (std::size_t i = 0; i < size_; ++i)
      data()[i] = other.data()[i];
  }
  Rows& operator=(const Rows&) = delete;
  ~Rows() { ::operator delete (data_, std::align_val_t{64}); }

  T* data() { return data_ + guard; }
  const T* data() const { return data_ + guard; }
  std::span<T> values() { return {data(), size_}; }
  std::span<const T> values() const { return {data(), size_}; }
  T operator()(std::size_t row, std::size_t lane) const { return data()[row * row_size + lane]; }

  bool guards_intact() const {
    for (std::size_t i = 0; i < guard; ++i) {
      if (data_[i] != mark || data_[guard + size_ + i] != mark) return false;
    }
    return true;
  }

  static constexpr T mark = T(-77.25);

 private:
#if defined(GTAP_TEST_ASAN)
  static constexpr std::size_t guard = 0;
#else
  static constexpr std::size_t guard = 64;
#endif
  std::size_t size_;
  T* data_;
};

template <class T>
std::vector<T> random_numbers(std::size_t count, std::uint64_t seed) {
  gtap::RandomStream random(seed, 1);
  std::vector<T> numbers(count);
  for (T& x : numbers)
    x = static_cast<T>(2 * random.uniform() - 1);
  return numbers;
}

inline std::vector<std::uint32_t> all(std::size_t count) {
  std::vector<std::uint32_t> list(count);
  std::iota(list.begin(), list.end(), 0u);
  return list;
}

/// About half of 0 .. count - 1, increasing.
inline std::vector<std::uint32_t> some(std::size_t count, std::uint64_t seed) {
  gtap::RandomStream random(seed, 2);
  std::vector<std::uint32_t> list;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (random.bernoulli(0.5)) list.push_back(i);
  }
  return list;
}

inline bool contains(std::span<const std::uint32_t> list, std::size_t item) {
  for (const std::uint32_t x : list) {
    if (x == item) return true;
  }
  return false;
}

/// Rows that nobody may read are NaN: one touch shows in the result.
template <class T>
void poison_rows_outside(Rows<T>& rows, std::size_t count, std::size_t rows_each,
                         std::span<const std::uint32_t> kept) {
  for (std::size_t c = 0; c < count; ++c) {
    if (contains(kept, c)) continue;
    for (std::size_t i = 0; i < rows_each * row_size; ++i)
      rows.data()[c * rows_each * row_size + i] = std::numeric_limits<T>::quiet_NaN();
  }
}

/// Rounding of a sum of `terms` products of numbers below 1 in magnitude, in any order.
template <class T>
double sum_error(std::size_t terms) {
  const double n = static_cast<double>(terms + 2);
  return n * n / 2 * static_cast<double>(std::numeric_limits<T>::epsilon()) / 8 +
         4 * static_cast<double>(std::numeric_limits<T>::epsilon());
}

/// Calls test(Arch{}) for each architecture that the compiler's flags allow.
template <class Test>
void for_each_arch(Test test) {
  test(kernels::scalar{});
  test(kernels::default_arch{});
#if defined(__SSE2__)
  test(xsimd::sse2{});
#endif
#if defined(__AVX2__) && defined(__FMA__)
  test(xsimd::fma3<xsimd::avx2>{});
#endif
}

}  // namespace gtap_test
