#pragma once

#include <gtap/nn/kernels/arch.hpp>
#include <gtap/nn/kernels/pointwise.hpp>
#include <gtap/nn/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace gtap::nn::kernels {

/// Windows over one channel. `in` and `out` are pixels (their channels are not used); the first
/// window begins `padding` before the image, and those that reach past its end are cut off there.
struct PoolGeometry {
  Extent in;
  Extent out;
  Extent size;
  Extent stride;
  Extent padding = 0;
  bool counts_padding = true;  ///< whether a mean's window is as large outside of the image
};

namespace detail {

/// Pixels y0 to y1 - 1 by x0 to x1 - 1 of the image.
struct Window {
  std::size_t y0, y1, x0, x1;
};

/// Calls visit(output pixel, window) for each window, without what lies outside of the image.
template <class Visit>
void for_each_window(const PoolGeometry& g, Visit visit) {
  auto clip = [](std::size_t at, std::size_t padding, std::size_t in) {
    return std::min(std::max(at, padding) - padding, in);
  };
  for (std::size_t y = 0; y < g.out.height; ++y) {
    const std::size_t top = y * g.stride.height;
    for (std::size_t x = 0; x < g.out.width; ++x) {
      const std::size_t left = x * g.stride.width;
      visit(y * g.out.width + x, Window{clip(top, g.padding.height, g.in.height),
                                        clip(top + g.size.height, g.padding.height, g.in.height),
                                        clip(left, g.padding.width, g.in.width),
                                        clip(left + g.size.width, g.padding.width, g.in.width)});
    }
  }
}

/// One window that is the whole channel.
inline PoolGeometry global_window(std::size_t pixels) {
  return {.in = {1, pixels}, .out = 1, .size = {1, pixels}, .stride = 1};
}

/// One over the pixels that a window's mean is of.
template <class T>
T window_share(const PoolGeometry& g, const Window& w) {
  return T{1} / static_cast<T>(g.counts_padding ? g.size.height * g.size.width
                                                : (w.y1 - w.y0) * (w.x1 - w.x0));
}

/// Combines each window's pixels inside the image: start, then combine(sum, value), then
/// finish(sum, window).
template <class Arch, class T, class Combine, class Finish>
void pool(const PoolGeometry& g, const T* in, T* out, T start, Combine combine, Finish finish) {
  using P = Pack<T, Arch>;
  constexpr std::size_t packs = 4;
  for_each_window(g, [&](std::size_t pixel, const Window& w) {
    for (std::size_t at = 0; at < row_size; at += packs * P::size) {
      P values[packs];
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < packs; ++n)
        values[n] = P(start);
      for (std::size_t iy = w.y0; iy < w.y1; ++iy) {
        for (std::size_t ix = w.x0; ix < w.x1; ++ix) {
          const T* const from = in + (iy * g.in.width + ix) * row_size + at;
          GTAP_DETAIL_UNROLL
          for (std::size_t n = 0; n < packs; ++n)
            values[n] = combine(values[n], P::load_aligned(from + n * P::size));
        }
      }
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < packs; ++n)
        finish(values[n], w).store_aligned(out + pixel * row_size + at + n * P::size);
    }
  });
}

}  // namespace detail

/// Largest value of each window of one channel, NaN where one is NaN; padding never wins (padding <
/// size). Not in place.
template <class Arch = default_arch, class T>
void max_pool(const PoolGeometry& g, const T* in, T* out) {
  using P = detail::Pack<T, Arch>;
  detail::pool<Arch>(
      g, in, out, -std::numeric_limits<T>::infinity(),
      [](const P& a, const P& b) { return select(a == a, detail::larger(a, b), a); },
      [](const P& a, const detail::Window&) { return a; });
}

/// Mean of each window of one channel. Not in place.
template <class Arch = default_arch, class T>
void avg_pool(const PoolGeometry& g, const T* in, T* out) {
  using P = detail::Pack<T, Arch>;
  detail::pool<Arch>(
      g, in, out, T{0}, [](const P& a, const P& b) { return a + b; },
      [&g](const P& a, const detail::Window& w) { return a * P(detail::window_share<T>(g, w)); });
}

/// Mean of one channel's pixels: one row.
template <class Arch = default_arch, class T>
void global_avg_pool(std::size_t pixels, const T* in, T* out) {
  avg_pool<Arch>(detail::global_window(pixels), in, out);
}

/// Largest value of one channel's pixels: one row.
template <class Arch = default_arch, class T>
void global_max_pool(std::size_t pixels, const T* in, T* out) {
  max_pool<Arch>(detail::global_window(pixels), in, out);
}

}  // namespace gtap::nn::kernels
