#pragma once

#include <gtap/nn/kernels/accumulate.hpp>
#include <gtap/nn/kernels/pointwise.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace gtap::nn::kernels {

namespace detail {

/// Rows of input that are used by all outputs before the next ones are. They come from L2 in order,
/// which is as fast as from L1, so half of a usual L2 is better than sums written more often.
template <class T>
inline constexpr std::size_t block_rows = 256 * 1024 / (row_size * sizeof(T));

/// Equal parts of at most `most`: the size of each but perhaps the last.
inline std::size_t even_part(std::size_t count, std::size_t most) {
  const std::size_t parts = (count + most - 1) / most;
  return parts == 0 ? 1 : (count + parts - 1) / parts;
}

}  // namespace detail

/// A dense layer on a tile, with bias and activation:
/// out row o = activation(bias[o] + sum over i in in_rows of weight[o * in_stride + i] * in row i),
/// for o in out_rows. Rows that are not listed are neither read nor written; the cost is
/// |in_rows| * |out_rows| * 64 multiply-adds. `bias` may be null. relu is applied in registers,
/// other activations in a second pass over the rows written.
template <class Arch = default_arch, class T>
void dense(const T* weight, std::size_t in_stride, const T* bias,
           std::span<const std::uint32_t> in_rows, std::span<const std::uint32_t> out_rows,
           const T* in, T* out, Activation activation = {}) {
  const std::size_t part = detail::even_part(in_rows.size(), detail::block_rows<T>);
  std::size_t done = 0;
  do {
    const std::size_t taps = std::min(part, in_rows.size() - done);
    const bool last = done + taps == in_rows.size();
    detail::accumulate<Arch>(
        detail::Accumulation<T, detail::RowTaps>{
            .weight = weight,
            .weight_stride = in_stride,
            .taps = {in_rows.data() + done},
            .count = taps,
            .in = in,
            .out = out,
            .out_stride = row_size,
            .width = row_size,
            .bias = done == 0 ? bias : nullptr,
            .add = done != 0,
            .relu = last && activation.kind == Activation::relu},
        out_rows);
    done += taps;
  } while (done < in_rows.size());
  if (activation.kind != Activation::none && activation.kind != Activation::relu) {
    for (const std::uint32_t o : out_rows)
      activate<Arch>(activation, out + o * row_size, out + o * row_size, row_size);
  }
}

/// One input toggled: z row o += scale * column[o] * in_row for o in out_rows, where `column` is
/// the input's weights, contiguous over all outputs. scale is 1 to let it in, -1 to take it out.
template <class Arch = default_arch, class T>
void dense_update(const T* column, T scale, std::span<const std::uint32_t> out_rows,
                  const T* in_row, T* z) {
  using P = detail::Pack<T, Arch>;
  constexpr std::size_t packs = 4;
  for (std::size_t at = 0; at < row_size; at += packs * P::size) {
    P x[packs];
    GTAP_DETAIL_UNROLL
    for (std::size_t n = 0; n < packs; ++n)
      x[n] = P(scale) * P::load_aligned(in_row + at + n * P::size);
    for (const std::uint32_t o : out_rows) {
      T* const row = z + o * row_size + at;
      const P w(column[o]);
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < packs; ++n)
        detail::multiply_add(w, x[n], P::load_aligned(row + n * P::size))
            .store_aligned(row + n * P::size);
    }
  }
}

/// As dense_update, and the activated rows go to a second buffer in the same pass (relu or none):
/// z row o += scale * column[o] * in_row; out row o = activation(z row o).
template <class Arch = default_arch, class T>
void dense_update_activate(const T* column, T scale, std::span<const std::uint32_t> out_rows,
                           const T* in_row, T* z, T* out, Activation activation) {
  using P = detail::Pack<T, Arch>;
  constexpr std::size_t packs = 4;
  const P floor(activation.kind == Activation::relu ? T{0} : -std::numeric_limits<T>::infinity());
  for (std::size_t at = 0; at < row_size; at += packs * P::size) {
    P x[packs];
    GTAP_DETAIL_UNROLL
    for (std::size_t n = 0; n < packs; ++n)
      x[n] = P(scale) * P::load_aligned(in_row + at + n * P::size);
    for (const std::uint32_t o : out_rows) {
      const std::size_t place = o * row_size + at;
      const P w(column[o]);
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < packs; ++n) {
        const P value = detail::multiply_add(w, x[n], P::load_aligned(z + place + n * P::size));
        value.store_aligned(z + place + n * P::size);
        detail::larger(floor, value).store_aligned(out + place + n * P::size);
      }
    }
  }
  if (activation.kind != Activation::none && activation.kind != Activation::relu) {
    for (const std::uint32_t o : out_rows)
      activate<Arch>(activation, out + o * row_size, out + o * row_size, row_size);
  }
}

}  // namespace gtap::nn::kernels
