#pragma once

#include <gtap/nn/kernels/arch.hpp>
#include <gtap/nn/kernels/pointwise.hpp>
#include <gtap/nn/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace gtap::nn::kernels {

/// Windows over one channel. `in` and `out` are pixels (their channels are not used); `out` is what
/// in, size, stride and padding give: (in + 2 * padding - size) / stride + 1 each way.
struct PoolGeometry {
  Extent in;
  Extent out;
  Extent size;
  Extent stride;
  Extent padding = 0;
};

namespace detail {

/// Combines each window's pixels inside the image: start, then combine(sum, value), then finish.
template <class Arch, class T, class Combine, class Finish>
void pool(const PoolGeometry& g, const T* in, T* out, T start, Combine combine, Finish finish) {
  using P = Pack<T, Arch>;
  constexpr std::size_t packs = 4;
  for (std::size_t y = 0; y < g.out.height; ++y) {
    const std::size_t top = y * g.stride.height;
    const std::size_t y0 = std::max(top, g.padding.height) - g.padding.height;
    const std::size_t y1 = std::min(top + g.size.height - g.padding.height, g.in.height);
    for (std::size_t x = 0; x < g.out.width; ++x) {
      const std::size_t left = x * g.stride.width;
      const std::size_t x0 = std::max(left, g.padding.width) - g.padding.width;
      const std::size_t x1 = std::min(left + g.size.width - g.padding.width, g.in.width);
      T* const to = out + (y * g.out.width + x) * row_size;
      for (std::size_t at = 0; at < row_size; at += packs * P::size) {
        P values[packs];
        GTAP_DETAIL_UNROLL
        for (std::size_t n = 0; n < packs; ++n)
          values[n] = P(start);
        for (std::size_t iy = y0; iy < y1; ++iy) {
          for (std::size_t ix = x0; ix < x1; ++ix) {
            const T* const from = in + (iy * g.in.width + ix) * row_size + at;
            GTAP_DETAIL_UNROLL
            for (std::size_t n = 0; n < packs; ++n)
              values[n] = combine(values[n], P::load_aligned(from + n * P::size));
          }
        }
        GTAP_DETAIL_UNROLL
        for (std::size_t n = 0; n < packs; ++n)
          finish(values[n]).store_aligned(to + at + n * P::size);
      }
    }
  }
}

}  // namespace detail

/// Largest value of each window of one channel; padding never wins (padding < size). Not in place.
template <class Arch = default_arch, class T>
void max_pool(const PoolGeometry& g, const T* in, T* out) {
  using P = detail::Pack<T, Arch>;
  detail::pool<Arch>(
      g, in, out, -std::numeric_limits<T>::infinity(),
      [](const P& a, const P& b) { return detail::larger(a, b); }, [](const P& a) { return a; });
}

/// Bias, relu and max pooling of one channel in one pass: out = max(max of window + bias, 0), which
/// equals pooling relu(in + bias).
template <class Arch = default_arch, class T>
void bias_relu_max_pool(const PoolGeometry& g, T bias, const T* in, T* out) {
  using P = detail::Pack<T, Arch>;
  detail::pool<Arch>(
      g, in, out, -std::numeric_limits<T>::infinity(),
      [](const P& a, const P& b) { return detail::larger(a, b); },
      [bias](const P& a) { return detail::larger(a + P(bias), P(T{0})); });
}

/// Mean of each window of one channel, padding counted as zeros (PyTorch's default). Not in place.
template <class Arch = default_arch, class T>
void avg_pool(const PoolGeometry& g, const T* in, T* out) {
  using P = detail::Pack<T, Arch>;
  const T share = T{1} / static_cast<T>(g.size.height * g.size.width);
  detail::pool<Arch>(
      g, in, out, T{0}, [](const P& a, const P& b) { return a + b; },
      [share](const P& a) { return a * P(share); });
}

/// Mean of one channel's pixels: one row.
template <class Arch = default_arch, class T>
void global_avg_pool(std::size_t pixels, const T* in, T* out) {
  avg_pool<Arch>({.in = {1, pixels}, .out = 1, .size = {1, pixels}, .stride = 1}, in, out);
}

}  // namespace gtap::nn::kernels
