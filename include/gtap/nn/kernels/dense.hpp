#pragma once

#include <gtap/nn/kernels/accumulate.hpp>
#include <gtap/nn/kernels/pointwise.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
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

/// What is left to do of an activation after the micro-kernel, which does relu.
template <class Arch, class T>
void activate_rows(Activation activation, std::span<const std::uint32_t> rows, T* out,
                   std::size_t numbers = row_size) {
  if (activation.kind == Activation::none || activation.kind == Activation::relu) return;
  for (const std::uint32_t r : rows)
    activate<Arch>(activation, out + r * numbers, out + r * numbers, numbers);
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
  detail::activate_rows<Arch>(activation, out_rows, out);
}

/// Inputs that are toggled together: `count` rows of a dense layer's input that follow one another.
template <class T>
struct DenseUpdate {
  const T* weight;     ///< of output o and the first of the inputs: weight + o * stride
  std::size_t stride;  ///< numbers from one output's weights to the next one's
  std::size_t count;   ///< inputs, whose weights follow one another
  T scale;             ///< 1 lets them in, -1 takes them out
  const T* in;         ///< their rows
  const T* base;       ///< sums before, all rows
  T* sums;             ///< sums after; may be base, and null where they are not wanted
  T* out;              ///< activation of the sums after; may be base where sums is null
  Activation activation{};
};

/// Brings a dense layer up to date: sums row o = base row o + scale * sum over i < count of
/// weight[o * stride + i] * in row i, and out row o = activation(sums row o), for o in out_rows.
/// The sum is formed first, so letting inputs in and taking them out adds and subtracts the same
/// numbers. Cost: count * |out_rows| * 64 multiply-adds.
template <class Arch = default_arch, class T>
void dense_update(const DenseUpdate<T>& u, std::span<const std::uint32_t> out_rows) {
  detail::accumulate<Arch>(
      detail::Accumulation<T, detail::FirstTaps>{.weight = u.weight,
                                                 .weight_stride = u.stride,
                                                 .taps = {},
                                                 .count = u.count,
                                                 .in = u.in,
                                                 .out = u.out,
                                                 .out_stride = row_size,
                                                 .width = row_size,
                                                 .add = true,
                                                 .scale = u.scale,
                                                 .base = u.base,
                                                 .sums = u.sums,
                                                 .relu = u.activation.kind == Activation::relu},
      out_rows);
  detail::activate_rows<Arch>(u.activation, out_rows, u.out);
}

}  // namespace gtap::nn::kernels
