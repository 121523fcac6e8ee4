#pragma once

#include <gtap/nn/kernels/arch.hpp>
#include <gtap/nn/kernels/pointwise.hpp>

#include <cstddef>

namespace gtap::nn::kernels {

namespace detail {

/// out = function(a, b), pack by pack.
template <class Arch, class T, class Function>
void combine(const T* a, const T* b, T* out, std::size_t numbers, Function function) {
  using P = Pack<T, Arch>;
  for (std::size_t i = 0; i < numbers; i += P::size)
    function(P::load_aligned(a + i), P::load_aligned(b + i)).store_aligned(out + i);
}

}  // namespace detail

/// out = activation(a + b) on contiguous rows: `numbers` is a multiple of 64. out may be a or b.
/// relu is done in the same pass.
template <class Arch = default_arch, class T>
void add(const T* a, const T* b, T* out, std::size_t numbers, Activation activation = {}) {
  using P = detail::Pack<T, Arch>;
  if (activation.kind == Activation::relu) {
    const P zero(T{0});
    detail::combine<Arch>(a, b, out, numbers,
                          [=](const P& x, const P& y) { return detail::larger(zero, x + y); });
    return;
  }
  detail::combine<Arch>(a, b, out, numbers, [](const P& x, const P& y) { return x + y; });
  if (activation.kind != Activation::none) activate<Arch>(activation, out, out, numbers);
}

/// out = a * b on contiguous rows. out may be a or b.
template <class Arch = default_arch, class T>
void multiply(const T* a, const T* b, T* out, std::size_t numbers) {
  using P = detail::Pack<T, Arch>;
  detail::combine<Arch>(a, b, out, numbers, [](const P& x, const P& y) { return x * y; });
}

/// Each of `rows` rows of 64 images times one row. out may be a.
template <class Arch = default_arch, class T>
void multiply_rows(const T* a, const T* row, T* out, std::size_t rows) {
  for (std::size_t r = 0; r < rows; ++r)
    multiply<Arch>(a + r * row_size, row, out + r * row_size, row_size);
}

/// out row = sum over `rows` rows of a * b.
template <class Arch = default_arch, class T>
void dot_rows(const T* a, const T* b, T* out, std::size_t rows) {
  using P = detail::Pack<T, Arch>;
  for (std::size_t at = 0; at < row_size; at += P::size) {
    P sum(T{0});
    for (std::size_t r = 0; r < rows; ++r) {
      sum = detail::multiply_add(P::load_aligned(a + r * row_size + at),
                                 P::load_aligned(b + r * row_size + at), sum);
    }
    sum.store_aligned(out + at);
  }
}

}  // namespace gtap::nn::kernels
