#pragma once

#include <gtap/core/intrinsics.hpp>
#include <gtap/core/target.hpp>

// g++ 12 takes the undefined operand inside AVX-512 intrinsics for a mistake.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <xsimd/xsimd.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

/// Asks the compiler to unroll the next loop, whose bounds are small constants: only then do arrays
/// of accumulators live in registers.
#if defined(__clang__)
#define GTAP_DETAIL_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define GTAP_DETAIL_UNROLL _Pragma("GCC unroll 16")
#else
#define GTAP_DETAIL_UNROLL
#endif

namespace gtap::nn::kernels {

/// The architecture without SIMD: plain arithmetic, one number at a time.
struct scalar {};

/// Numbers in a row of a tile: 64 images. Rows start at addresses that are multiples of 64 bytes.
inline constexpr std::size_t row_size = 64;

namespace detail {

/// One number with the operations of an xsimd batch that the kernels use.
template <class T>
struct Lane {
  using value_type = T;
  static constexpr std::size_t size = 1;
  T value;

  Lane() = default;
  explicit Lane(T v) : value(v) {}
  static Lane load_aligned(const T* p) { return Lane(*p); }
  void store_aligned(T* p) const { *p = value; }

  Lane& operator+=(Lane b) {
    value += b.value;
    return *this;
  }
  friend Lane operator-(Lane a) { return Lane(-a.value); }
  friend Lane operator+(Lane a, Lane b) { return Lane(a.value + b.value); }
  friend Lane operator-(Lane a, Lane b) { return Lane(a.value - b.value); }
  friend Lane operator*(Lane a, Lane b) { return Lane(a.value * b.value); }
  friend Lane operator/(Lane a, Lane b) { return Lane(a.value / b.value); }
  friend bool operator==(Lane a, Lane b) { return a.value == b.value; }
  friend bool operator<(Lane a, Lane b) { return a.value < b.value; }
  friend bool operator>(Lane a, Lane b) { return a.value > b.value; }
  friend Lane fma(Lane a, Lane b, Lane c) { return Lane(a.value * b.value + c.value); }
  friend Lane max(Lane a, Lane b) { return a.value > b.value ? a : b; }
  friend Lane select(bool condition, Lane a, Lane b) { return condition ? a : b; }
  friend Lane exp(Lane a) { return Lane(std::exp(a.value)); }
  friend Lane log(Lane a) { return Lane(std::log(a.value)); }
  friend Lane tanh(Lane a) { return Lane(std::tanh(a.value)); }
  friend Lane erf(Lane a) { return Lane(std::erf(a.value)); }
  friend T reduce_add(Lane a) { return a.value; }
};

template <class T, class Arch>
struct PackOf {
  using type = xsimd::batch<T, Arch>;
};
template <class T>
struct PackOf<T, scalar> {
  using type = Lane<T>;
};

/// What the kernels compute with: an xsimd batch, or one number for `scalar`.
template <class T, class Arch>
using Pack = typename PackOf<T, Arch>::type;

/// Sum of a pack's numbers; xsimd renamed its function.
template <class P>
auto sum(const P& pack) {
  if constexpr (requires { reduce_add(pack); }) {
    return reduce_add(pack);
  } else {
    return hadd(pack);
  }
}

/// The larger number, and b where either is NaN (on ARM: NaN). xsimd 14 exchanged the operands of
/// the instruction behind its own.
template <class P>
P larger(const P& a, const P& b) {
  if constexpr (XSIMD_VERSION_MAJOR >= 14 && P::size > 1) {
    return max(b, a);
  } else {
    return max(a, b);
  }
}

/// a * b + c, rounded once where the architecture can: xsimd 8 leaves it to the compiler on
/// AVX-512.
template <class P>
P multiply_add(const P& a, const P& b, const P& c) {
#if defined(__AVX512F__)
  using T = typename P::value_type;
  if constexpr (std::is_same_v<T, float> && P::size == 16) return P(_mm512_fmadd_ps(a, b, c));
  if constexpr (std::is_same_v<T, double> && P::size == 8) return P(_mm512_fmadd_pd(a, b, c));
#endif
  return fma(a, b, c);
}

/// Registers decide how many accumulators a kernel may hold: 32 of them, or 16.
template <class Arch>
inline constexpr bool has_32_registers =
    std::is_base_of_v<xsimd::avx512f, Arch> || std::is_base_of_v<xsimd::neon64, Arch>;

/// 32-bit ARM has no SIMD for double.
template <class Arch>
struct SimdOrScalar {
  using type = std::conditional_t<xsimd::types::has_simd_register<float, Arch>::value &&
                                      xsimd::types::has_simd_register<double, Arch>::value,
                                  Arch, scalar>;
};

}  // namespace detail

/// The best architecture that the compiler's flags allow.
using default_arch = detail::SimdOrScalar<xsimd::default_arch>::type;

}  // namespace gtap::nn::kernels
