#pragma once

#include <gtap/nn/kernels/accumulate.hpp>
#include <gtap/nn/kernels/pointwise.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

namespace gtap::nn::kernels {

/// One step of a chain through two dense layers: an input of the first is toggled, the first's sums
/// are brought up to date, activated, and fed to the second, all in one pass over the sums.
///
/// z row o += scale * column[o] * in_row for o in units; out row j = bias[j] + sum over o in units
/// of columns[o * outs + j] * activation(z row o) for all j < outs.
template <class T>
struct DenseToggle {
  const T* column;                       ///< the input's weights, over all rows of z
  T scale;                               ///< 1 lets the input in, -1 takes it out
  const T* in_row;                       ///< 64 images
  std::span<const std::uint32_t> units;  ///< rows of z that are present; others are not touched
  T* z;                                  ///< sums of the first layer
  bool keep = true;                      ///< write z back; a neighbour's value does not need it
  bool relu = true;                      ///< between the layers, else nothing
  const T* columns;                      ///< the second layer's weights by columns, [units][outs]
  std::size_t outs;                      ///< outputs of the second layer
  const T* bias;                         ///< of the second layer, or null
};

namespace detail {

/// Outputs that dense_toggle accumulates at once: with two packs of each and 32 registers, or one.
inline constexpr std::size_t toggle_outputs = 12;
template <class Arch>
inline constexpr std::size_t toggle_packs = has_32_registers<Arch> ? 2 : 1;

/// M outputs from `first` on; z is updated where `update`, else read as it is.
template <class Arch, std::size_t M, class T>
void toggle_block(const DenseToggle<T>& t, std::size_t first, bool update, T* out) {
  using P = Pack<T, Arch>;
  constexpr std::size_t N = toggle_packs<Arch>;
  const P scale(update ? t.scale : T{0});
  const P floor(t.relu ? T{0} : -std::numeric_limits<T>::infinity());
  const T* const columns = t.columns + first;
  const bool store = update && t.keep;
  for (std::size_t at = 0; at < row_size; at += N * P::size) {
    P row[N];
    P sums[M][N];
    GTAP_DETAIL_UNROLL
    for (std::size_t n = 0; n < N; ++n)
      row[n] = scale * P::load_aligned(t.in_row + at + n * P::size);
    GTAP_DETAIL_UNROLL
    for (std::size_t m = 0; m < M; ++m) {
      const P start(t.bias == nullptr ? T{0} : t.bias[first + m]);
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < N; ++n)
        sums[m][n] = start;
    }
    T* const z = t.z + at;
    for (const std::uint32_t o : t.units) {
      const P w(t.column[o]);
      P values[N];
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < N; ++n)
        values[n] = multiply_add(w, row[n], P::load_aligned(z + o * row_size + n * P::size));
      if (store) {
        GTAP_DETAIL_UNROLL
        for (std::size_t n = 0; n < N; ++n)
          values[n].store_aligned(z + o * row_size + n * P::size);
      }
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < N; ++n)
        values[n] = larger(floor, values[n]);
      const T* const weights = columns + o * t.outs;
      GTAP_DETAIL_UNROLL
      for (std::size_t m = 0; m < M; ++m) {
        const P factor(weights[m]);
        GTAP_DETAIL_UNROLL
        for (std::size_t n = 0; n < N; ++n)
          sums[m][n] = multiply_add(factor, values[n], sums[m][n]);
      }
    }
    GTAP_DETAIL_UNROLL
    for (std::size_t m = 0; m < M; ++m) {
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < N; ++n)
        sums[m][n].store_aligned(out + (first + m) * row_size + at + n * P::size);
    }
  }
}

/// toggle_block with `count` outputs, 1 to 12.
template <class Arch, class T, std::size_t... I>
void toggle_count(std::size_t count, const DenseToggle<T>& t, std::size_t first, bool update,
                  T* out, std::index_sequence<I...>) {
  (void)((count == I + 1 ? (toggle_block<Arch, I + 1>(t, first, update, out), true) : false) ||
         ...);
}

}  // namespace detail

/// Runs the step. With up to 12 outputs z is read once, else once for every 12 outputs and written
/// at the first; with `keep` false and more than 12 outputs every pass updates anew. Cost: |units|
/// * (outs + 1) * 64 multiply-adds.
template <class Arch = default_arch, class T>
void dense_toggle(const DenseToggle<T>& t, T* out) {
  std::size_t left = t.outs;
  std::size_t first = 0;
  for (std::size_t blocks = (left + detail::toggle_outputs - 1) / detail::toggle_outputs;
       blocks > 0; --blocks) {
    const std::size_t count = (left + blocks - 1) / blocks;
    detail::toggle_count<Arch>(count, t, first, first == 0 || !t.keep, out,
                               std::make_index_sequence<detail::toggle_outputs>{});
    first += count;
    left -= count;
  }
}

}  // namespace gtap::nn::kernels
