#pragma once

#include <gtap/nn/kernels/accumulate.hpp>
#include <gtap/nn/kernels/dense.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gtap::nn::kernels {

// Gradients of a tile: dz is the gradient by a layer's outputs before the activation, dx by its
// inputs. Images of padding take part, so their dz must be zero, as losses and activations leave
// it.

namespace detail {

/// 0, 1, 2, ... 63.
inline constexpr std::array<std::uint32_t, row_size> first_indices = [] {
  std::array<std::uint32_t, row_size> list{};
  for (std::uint32_t i = 0; i < row_size; ++i)
    list[i] = i;
  return list;
}();

}  // namespace detail

/// gradient[o * in_stride + i] += sum over images of dz row o * x row i, for all outs x ins.
/// The inputs are transposed block by block, so that inputs lie in the lanes and no sums across
/// lanes are needed; one write of the gradient for a tile.
template <class Arch = default_arch, class T>
void dense_weight_gradient(std::size_t outs, std::size_t ins, std::size_t in_stride, const T* dz,
                           const T* x, T* gradient) {
  constexpr std::size_t most = detail::block_outputs;
  constexpr std::size_t size = detail::Pack<T, Arch>::size;
  alignas(64) T transposed[row_size * row_size] = {};
  alignas(64) T sums[most * row_size];
  for (std::size_t i0 = 0; i0 < ins; i0 += row_size) {
    const std::size_t count = std::min(row_size, ins - i0);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t image = 0; image < row_size; ++image)
        transposed[image * row_size + i] = x[(i0 + i) * row_size + image];
    }
    for (std::size_t o0 = 0; o0 < outs; o0 += most) {
      const std::size_t rows = std::min(most, outs - o0);
      const detail::Accumulation<T, detail::RowTaps> a{.weight = dz + o0 * row_size,
                                                       .weight_stride = row_size,
                                                       .taps = {detail::first_indices.data()},
                                                       .count = row_size,
                                                       .in = transposed,
                                                       .out = sums,
                                                       .out_stride = row_size,
                                                       .width = (count + size - 1) / size * size};
      detail::accumulate<Arch>(a, std::span(detail::first_indices).first(rows));
      for (std::size_t o = 0; o < rows; ++o) {
        T* const to = gradient + (o0 + o) * in_stride + i0;
        for (std::size_t i = 0; i < count; ++i)
          to[i] += sums[o * row_size + i];
      }
    }
  }
}

/// dx row i = sum over o in out_rows of weight[o * in_stride + i] * dz row o, for i in in_rows;
/// added to dx where `add`.
template <class Arch = default_arch, class T>
void dense_input_gradient(const T* weight, std::size_t in_stride,
                          std::span<const std::uint32_t> in_rows,
                          std::span<const std::uint32_t> out_rows, const T* dz, T* dx,
                          bool add = false) {
  std::array<detail::Tap, detail::block_rows<T>> list;
  const std::size_t part = detail::even_part(out_rows.size(), list.size());
  std::size_t done = 0;
  do {
    const std::size_t taps = std::min(part, out_rows.size() - done);
    const std::uint32_t* rows = out_rows.data() + done;
    for (std::size_t k = 0; k < taps; ++k)
      list[k] = {static_cast<std::uint32_t>(rows[k] * row_size),
                 static_cast<std::uint32_t>(rows[k] * in_stride)};
    detail::accumulate<Arch>(detail::Accumulation<T, detail::ListedTaps>{.weight = weight,
                                                                         .weight_stride = 1,
                                                                         .taps = {list.data()},
                                                                         .count = taps,
                                                                         .in = dz,
                                                                         .out = dx,
                                                                         .out_stride = row_size,
                                                                         .width = row_size,
                                                                         .add = add || done != 0},
                             in_rows);
    done += taps;
  } while (done < out_rows.size());
}

/// Sum of all numbers of contiguous rows: the gradient of a bias is that of its channel's dz.
template <class Arch = default_arch, class T>
T sum_rows(const T* dz, std::size_t numbers) {
  using P = detail::Pack<T, Arch>;
  constexpr std::size_t packs = 4;
  P sums[packs];
  GTAP_DETAIL_UNROLL
  for (std::size_t n = 0; n < packs; ++n)
    sums[n] = P(T{0});
  for (std::size_t i = 0; i < numbers; i += packs * P::size) {
    GTAP_DETAIL_UNROLL
    for (std::size_t n = 0; n < packs; ++n)
      sums[n] += P::load_aligned(dz + i + n * P::size);
  }
  return detail::sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

}  // namespace gtap::nn::kernels
