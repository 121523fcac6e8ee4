#pragma once

#include <gtap/nn/kernels/accumulate.hpp>
#include <gtap/nn/kernels/dense.hpp>
#include <gtap/nn/kernels/pointwise.hpp>
#include <gtap/nn/shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

namespace gtap::nn::kernels {

/// What a convolution reads and writes. `out` must be what in, kernel, stride, padding and dilation
/// give: (in + 2 * padding - span) / stride + 1 pixels each way; `groups` divides both channel
/// counts.
struct ConvGeometry {
  Shape in;
  Shape out;
  Extent kernel = 1;
  Extent stride = 1;
  Extent padding = 0;
  std::size_t groups = 1;
  Extent dilation = 1;  ///< pixels from one tap to the next

  /// Pixels from a kernel's first tap to its last, both counted.
  Extent span() const {
    return {(kernel.height - 1) * dilation.height + 1, (kernel.width - 1) * dilation.width + 1};
  }

  /// Weights of one output channel: [in.channels / groups][kernel.height][kernel.width].
  std::size_t taps() const { return in.channels / groups * kernel.height * kernel.width; }
};

namespace detail {

/// Indices first to last - 1 of a kernel's rows (or columns) that fall inside the image, for the
/// output row (or column) `at`; `first` falls on the image's row (or column) `origin`.
struct KernelRange {
  std::size_t first;
  std::size_t last;
  std::size_t origin;

  KernelRange(std::size_t at, std::size_t stride, std::size_t padding, std::size_t kernel,
              std::size_t in, std::size_t dilation) {
    const std::size_t begin = at * stride;  // in padded coordinates
    const std::size_t outside = begin < padding ? padding - begin : 0;
    const std::size_t inside = in + padding > begin ? in + padding - begin : 0;
    // This runs for every pixel, and divisions are slow.
    first = std::min(dilation == 1 ? outside : (outside + dilation - 1) / dilation, kernel);
    last = std::min(dilation == 1 ? inside : (inside + dilation - 1) / dilation, kernel);
    last = std::max(first, last);
    origin = first < last ? begin + first * dilation - padding : 0;
  }
  bool same_taps(const KernelRange& other) const {
    return first == other.first && last == other.last;
  }
};

/// The taps of a part of the input channels, for a range of kernel rows and columns. Rows of the
/// tile are counted from the pixel that the first of both falls on, so one list serves all output
/// pixels whose kernels reach into the image alike.
struct TapList {
  static constexpr std::size_t most = 1024;
  std::array<Tap, most> taps;
  std::size_t size = 0;

  void fill(const ConvGeometry& g, KernelRange rows, KernelRange columns,
            std::span<const std::uint32_t> channels, std::size_t first, std::size_t last,
            std::size_t row) {
    const std::size_t area = g.kernel.height * g.kernel.width;
    // All channels are of one group.
    const std::size_t group_channels = g.in.channels / g.groups;
    const std::size_t first_channel =
        channels.empty() ? 0 : channels[0] / group_channels * group_channels;
    size = 0;
    // This runs for many output rows, so it must not divide for each tap.
    std::size_t c = first / area;
    std::size_t ky = first % area / g.kernel.width;
    std::size_t begin = first % g.kernel.width;
    for (std::size_t f = first; f < last;) {
      const std::size_t end = std::min(begin + last - f, g.kernel.width);
      f += end - begin;
      if (ky >= rows.first && ky < rows.last) {
        const std::size_t channel = channels[c];
        const std::size_t down = (ky - rows.first) * g.dilation.height;
        const std::size_t left = (channel * g.in.height + down) * g.in.width;
        const std::size_t weights = (channel - first_channel) * area + ky * g.kernel.width;
        const std::size_t inside = std::min(end, columns.last);
        for (std::size_t kx = std::max(begin, columns.first); kx < inside; ++kx) {
          const std::size_t right = (kx - columns.first) * g.dilation.width;
          taps[size++] = {static_cast<std::uint32_t>((left + right) * row),
                          static_cast<std::uint32_t>(weights + kx)};
        }
      }
      begin = 0;
      if (++ky == g.kernel.height) {
        ky = 0;
        ++c;
      }
    }
  }
};

/// Numbers of an output row that are done before the next outputs are: pixels side by side, so that
/// an output's memory is written in long runs, and its weights are fetched once for all of them.
inline constexpr std::size_t run_size = 8 * row_size;

/// What to do with the sums of a convolution.
template <class T>
struct ConvTarget {
  const T* weight;
  const T* bias;  ///< null: none
  T* out;
  bool add = false;  ///< out = base + scale * sum
  T scale = 1;
  const T* base = nullptr;
  bool relu = false;
};

/// One group: these input channels into these output channels. `row` numbers a row of the tile;
/// fewer than 64 let several pixels side by side be done at once.
template <class Taps, class Arch, class T>
void convolve_group(const ConvGeometry& g, const ConvTarget<T>& target,
                    std::span<const std::uint32_t> in_channels,
                    std::span<const std::uint32_t> out_channels, const T* in, std::size_t row) {
  if (out_channels.empty()) return;
  const std::size_t all_taps = in_channels.size() * g.kernel.height * g.kernel.width;
  const std::size_t part = even_part(all_taps, TapList::most);
  const std::size_t pixels = g.out.height * g.out.width;
  const std::size_t span_width = g.span().width;
  TapList inner;
  TapList border;
  std::optional<KernelRange> listed;  // rows of `inner`, where it holds all taps
  for (std::size_t y = 0; y < g.out.height; ++y) {
    const KernelRange rows(y, g.stride.height, g.padding.height, g.kernel.height, g.in.height,
                           g.dilation.height);
    std::size_t done = 0;
    do {
      const std::size_t end = std::min(done + part, all_taps);
      Accumulation<T, Taps> a{.weight = target.weight,
                              .weight_stride = g.taps(),
                              .taps = {},
                              .count = 0,
                              .in = in,
                              .out = nullptr,
                              .out_stride = pixels * row,
                              .width = row};
      a.bias = done == 0 ? target.bias : nullptr;
      a.add = done != 0 || target.add;
      a.scale = target.add ? target.scale : T{1};
      const T* const base = done == 0 ? target.base : nullptr;
      a.relu = target.relu && end == all_taps;
      if (part < all_taps || !listed || !listed->same_taps(rows)) {
        const KernelRange all_columns(0, 1, 0, g.kernel.width, g.kernel.width, 1);
        inner.fill(g, rows, all_columns, in_channels, done, end, row);
        listed = rows;
      }
      for (std::size_t x = 0; x < g.out.width;) {
        const KernelRange columns(x, g.stride.width, g.padding.width, g.kernel.width, g.in.width,
                                  g.dilation.width);
        std::size_t count = 1;
        a.in = in + (rows.origin * g.in.width + columns.origin) * row;
        a.ahead = 0;
        if (columns.last - columns.first == g.kernel.width) {
          if (g.stride.width == 1) {
            const std::size_t inside = g.in.width - span_width - columns.origin + 1;
            count = std::max<std::size_t>(1, std::min({run_size / row, inside, g.out.width - x}));
          }
          a.taps.at = inner.taps.data();
          a.count = inner.size;
          // Rows far apart are what the hardware does not foresee. Long lists ask for their own.
          const bool row_ends = x + count >= g.out.width;
          const bool more = !row_ends || y + 1 < g.out.height;
          if (more && in_channels.size() > 1 && std::is_same_v<Taps, ListedTaps>) {
            a.ahead = (row_ends ? g.stride.height * g.in.width - columns.origin
                                : count * g.stride.width) *
                      row;
          }
        } else {
          border.fill(g, rows, columns, in_channels, done, end, row);
          a.taps.at = border.taps.data();
          a.count = border.size;
        }
        a.width = count * row;
        a.out = target.out + (y * g.out.width + x) * row;
        a.base = base == nullptr ? nullptr : base + (y * g.out.width + x) * row;
        accumulate<Arch>(a, out_channels);
        x += count;
      }
      done = end;
    } while (done < all_taps);
  }
}

/// Those of an increasing list that are at least `first` and below `last`.
inline std::span<const std::uint32_t> indices_within(std::span<const std::uint32_t> list,
                                                     std::size_t first, std::size_t last) {
  const auto begin = std::lower_bound(list.begin(), list.end(), first);
  const auto end = std::lower_bound(begin, list.end(), last);
  return list.subspan(static_cast<std::size_t>(begin - list.begin()),
                      static_cast<std::size_t>(end - begin));
}

/// One group, with the taps that suit it.
template <class Arch, class T>
void convolve_group(const ConvGeometry& g, const ConvTarget<T>& target,
                    std::span<const std::uint32_t> in_channels,
                    std::span<const std::uint32_t> out_channels, const T* in, std::size_t row) {
  if (in_channels.size() * g.kernel.height * g.kernel.width >= Fetched<ListedTaps>::worth) {
    convolve_group<Fetched<ListedTaps>, Arch>(g, target, in_channels, out_channels, in, row);
  } else {
    convolve_group<ListedTaps, Arch>(g, target, in_channels, out_channels, in, row);
  }
}

/// One group after another.
template <class Arch, class T>
void convolve(const ConvGeometry& g, const ConvTarget<T>& target,
              std::span<const std::uint32_t> in_channels,
              std::span<const std::uint32_t> out_channels, const T* in, std::size_t row) {
  const std::size_t ins = g.in.channels / g.groups;
  const std::size_t outs = g.out.channels / g.groups;
  if (g.groups == 1) {
    convolve_group<Arch>(g, target, in_channels, out_channels, in, row);
    return;
  }
  for (std::size_t k = 0; k < g.groups; ++k) {
    convolve_group<Arch>(g, target, indices_within(in_channels, k * ins, (k + 1) * ins),
                         indices_within(out_channels, k * outs, (k + 1) * outs), in, row);
  }
}

}  // namespace detail

/// A convolution (cross-correlation, as in PyTorch) on a tile, with bias and activation.
///
/// weight [out.channels][g.taps()]; bias [out.channels] or null. Only channels in in_channels are
/// read and only those in out_channels are written; both lists increase. Padding is never stored:
/// taps outside of the image are left out. relu is applied in registers, other activations in a
/// second pass over the channels written.
///
/// `row` is the number of images in a row: 64, or fewer for a batch smaller than a tile (a whole
/// number of packs that divides 64), laid out [channel][row][column][`row` images].
template <class Arch = default_arch, class T>
void conv2d(const ConvGeometry& g, const T* weight, const T* bias,
            std::span<const std::uint32_t> in_channels, std::span<const std::uint32_t> out_channels,
            const T* in, T* out, Activation activation = {}, std::size_t row = row_size) {
  detail::convolve<Arch>(
      g,
      detail::ConvTarget<T>{
          .weight = weight, .bias = bias, .out = out, .relu = activation.kind == Activation::relu},
      in_channels, out_channels, in, row);
  detail::activate_rows<Arch>(activation, out_channels, out, g.out.height * g.out.width * row);
}

/// One input channel toggled: z = base + scale * its contribution, for the listed channels of sums
/// without activation. base is what z was before, and may be z. scale is 1 to let it in, -1 to take
/// it out. The sum of a pixel's taps is formed first, so letting a channel in and taking it out
/// adds and subtracts the same number.
template <class Arch = default_arch, class T>
void conv2d_update(const ConvGeometry& g, const T* weight, std::uint32_t channel, T scale,
                   std::span<const std::uint32_t> out_channels, const T* in, const T* base, T* z) {
  const std::span<const std::uint32_t> one(&channel, 1);
  detail::convolve<Arch>(
      g,
      detail::ConvTarget<T>{
          .weight = weight, .bias = nullptr, .out = z, .add = true, .scale = scale, .base = base},
      one, out_channels, in, row_size);
}

}  // namespace gtap::nn::kernels
