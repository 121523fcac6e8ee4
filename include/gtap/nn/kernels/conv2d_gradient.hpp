#pragma once

#include <gtap/nn/kernels/accumulate.hpp>
#include <gtap/nn/kernels/conv2d.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gtap::nn::kernels {

namespace detail {

/// What a tap reads outside of the image.
template <class T>
struct alignas(64) ZeroRow {
  T values[row_size] = {};
};
template <class T>
inline constexpr ZeroRow<T> zero_row{};

/// Where a tap reads: its channel, and its pixel for output pixel (0, 0) without padding.
struct GradientTap {
  std::size_t channel;
  std::size_t y;
  std::size_t x;
};

/// M outputs x K taps of the weight's gradient, summed over all pixels and images.
template <class Arch, std::size_t M, std::size_t K, class T>
void weight_gradient_block(const ConvGeometry& g, const std::array<std::size_t, M>& outputs,
                           const std::array<GradientTap, K>& taps, const T* dz, const T* in,
                           T (&result)[M][K]) {
  using P = Pack<T, Arch>;
  P sums[M][K];
  GTAP_DETAIL_UNROLL
  for (std::size_t m = 0; m < M; ++m) {
    GTAP_DETAIL_UNROLL
    for (std::size_t k = 0; k < K; ++k)
      sums[m][k] = P(T{0});
  }
  const std::size_t pixels = g.out.height * g.out.width;
  for (std::size_t y = 0; y < g.out.height; ++y) {
    for (std::size_t x = 0; x < g.out.width; ++x) {
      const T* from[K];
      GTAP_DETAIL_UNROLL
      for (std::size_t k = 0; k < K; ++k) {
        const std::size_t iy = y * g.stride.height + taps[k].y - g.padding.height;  // wraps outside
        const std::size_t ix = x * g.stride.width + taps[k].x - g.padding.width;
        const std::size_t row = (taps[k].channel * g.in.height + iy) * g.in.width + ix;
        const bool inside = iy < g.in.height && ix < g.in.width;
        from[k] = inside ? in + row * row_size : zero_row<T>.values;
      }
      const T* slope[M];
      GTAP_DETAIL_UNROLL
      for (std::size_t m = 0; m < M; ++m)
        slope[m] = dz + (outputs[m] * pixels + y * g.out.width + x) * row_size;
      for (std::size_t at = 0; at < row_size; at += P::size) {
        P slopes[M];
        GTAP_DETAIL_UNROLL
        for (std::size_t m = 0; m < M; ++m)
          slopes[m] = P::load_aligned(slope[m] + at);
        GTAP_DETAIL_UNROLL
        for (std::size_t k = 0; k < K; ++k) {
          const P value = P::load_aligned(from[k] + at);
          GTAP_DETAIL_UNROLL
          for (std::size_t m = 0; m < M; ++m)
            sums[m][k] = multiply_add(slopes[m], value, sums[m][k]);
        }
      }
    }
  }
  GTAP_DETAIL_UNROLL
  for (std::size_t m = 0; m < M; ++m) {
    GTAP_DETAIL_UNROLL
    for (std::size_t k = 0; k < K; ++k)
      result[m][k] = sum(sums[m][k]);
  }
}

/// The (output channel, tap) pairs that reach input pixel (y, x): rows of dz, and places of their
/// weights, counted so that input channel c adds c times the kernel's area, whatever its group.
/// Rows are counted from output column `from`.
struct ScatterList {
  static constexpr std::size_t most = 256;
  std::array<Tap, most> taps;
  std::size_t size = 0;

  void fill(const ConvGeometry& g, std::size_t y, std::size_t x, std::size_t from,
            std::span<const std::uint32_t> outputs, std::size_t first, std::size_t last) {
    const std::size_t area = g.kernel.height * g.kernel.width;
    size = 0;
    for (std::size_t f = first; f < last; ++f) {
      const std::size_t o = outputs[f / area];
      const std::size_t ky = f % area / g.kernel.width * g.dilation.height;
      const std::size_t kx = f % g.kernel.width * g.dilation.width;
      if (y + g.padding.height < ky || x + g.padding.width < kx) continue;
      const std::size_t down = y + g.padding.height - ky;
      const std::size_t right = x + g.padding.width - kx;
      if (down % g.stride.height != 0 || right % g.stride.width != 0) continue;
      const std::size_t oy = down / g.stride.height;
      const std::size_t ox = right / g.stride.width;
      if (oy >= g.out.height || ox >= g.out.width) continue;
      // Output o's weights begin with the first input channel of its group, not with channel 0.
      const std::size_t skipped = o / (g.out.channels / g.groups) * g.taps();
      const std::size_t row = (o * g.out.height + oy) * g.out.width + ox - from;
      taps[size] = {static_cast<std::uint32_t>(row * row_size),
                    static_cast<std::uint32_t>(o * g.taps() + f % area - skipped)};
      ++size;
    }
  }
};

/// One group of conv2d_input_gradient.
template <class Arch, class T>
void input_gradient_group(const ConvGeometry& g, const T* weight,
                          std::span<const std::uint32_t> inputs,
                          std::span<const std::uint32_t> outputs, const T* dz, T* dx, bool add) {
  if (inputs.empty()) return;
  const std::size_t area = g.kernel.height * g.kernel.width;
  const std::size_t all_taps = outputs.size() * area;
  const std::size_t part = even_part(all_taps, ScatterList::most);
  // Input columns whose taps all fall inside the output share one list when the stride is 1.
  const std::size_t span_width = g.span().width;
  const std::size_t inner_first = span_width - std::min(span_width, g.padding.width + 1);
  const std::size_t inner_last =
      g.stride.width == 1 ? g.out.width - std::min(g.out.width, g.padding.width) : 0;
  ScatterList list;
  Accumulation<T, ListedTaps> a{.weight = weight,
                                .weight_stride = area,
                                .taps = {list.taps.data()},
                                .count = 0,
                                .in = dz,
                                .out = dx,
                                .out_stride = g.in.height * g.in.width * row_size,
                                .width = row_size};
  for (std::size_t y = 0; y < g.in.height; ++y) {
    std::size_t done = 0;
    do {
      const std::size_t end = std::min(done + part, all_taps);
      a.add = add || done != 0;
      for (std::size_t x = 0; x < g.in.width; ++x) {
        const bool inner = x >= inner_first && x < inner_last;
        if (!inner || x == inner_first) {
          list.fill(g, y, x, inner ? x - inner_first : 0, outputs, done, end);
        }
        a.in = dz + (inner ? x - inner_first : 0) * row_size;
        a.count = list.size;
        a.out = dx + (y * g.in.width + x) * row_size;
        accumulate<Arch>(a, inputs);
      }
      done = end;
    } while (done < all_taps);
  }
}

}  // namespace detail

/// gradient[o][tap] += sum over pixels and images of dz[o] * what the tap reads, for all channels;
/// gradient is laid out as the weight, [out.channels][g.taps()].
template <class Arch = default_arch, class T>
void conv2d_weight_gradient(const ConvGeometry& g, const T* dz, const T* in, T* gradient) {
  constexpr std::size_t M = detail::has_32_registers<Arch> ? 4 : 2;
  constexpr std::size_t K = 5;
  const std::size_t outs = g.out.channels / g.groups;
  const std::size_t taps = g.taps();
  const std::size_t area = g.kernel.height * g.kernel.width;
  for (std::size_t o0 = 0; o0 < g.out.channels; o0 += std::min(M, outs - o0 % outs)) {
    const std::size_t group = o0 / outs;
    const std::size_t rows = std::min(M, outs - o0 % outs);
    std::array<std::size_t, M> outputs;
    for (std::size_t m = 0; m < M; ++m)
      outputs[m] = o0 + std::min(m, rows - 1);
    for (std::size_t t0 = 0; t0 < taps; t0 += K) {
      const std::size_t columns = std::min(K, taps - t0);
      std::array<detail::GradientTap, K> block;
      for (std::size_t k = 0; k < K; ++k) {
        const std::size_t t = t0 + std::min(k, columns - 1);
        block[k] = {group * (g.in.channels / g.groups) + t / area,
                    t % area / g.kernel.width * g.dilation.height,
                    t % g.kernel.width * g.dilation.width};
      }
      T result[M][K];
      detail::weight_gradient_block<Arch, M, K>(g, outputs, block, dz, in, result);
      for (std::size_t m = 0; m < rows; ++m) {
        for (std::size_t k = 0; k < columns; ++k)
          gradient[(o0 + m) * taps + t0 + k] += result[m][k];
      }
    }
  }
}

/// dx = the gradient by the input channels in in_channels, from the output channels in out_channels
/// (both increase); added to dx where `add`. Other channels of dx are not written.
template <class Arch = default_arch, class T>
void conv2d_input_gradient(const ConvGeometry& g, const T* weight,
                           std::span<const std::uint32_t> in_channels,
                           std::span<const std::uint32_t> out_channels, const T* dz, T* dx,
                           bool add = false) {
  const std::size_t ins = g.in.channels / g.groups;
  const std::size_t outs = g.out.channels / g.groups;
  for (std::size_t k = 0; k < g.groups; ++k) {
    detail::input_gradient_group<Arch>(
        g, weight, detail::indices_within(in_channels, k * ins, (k + 1) * ins),
        detail::indices_within(out_channels, k * outs, (k + 1) * outs), dz, dx, add);
  }
}

}  // namespace gtap::nn::kernels
