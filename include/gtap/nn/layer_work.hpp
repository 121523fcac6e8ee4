#pragma once

#include <gtap/nn/channels.hpp>
#include <gtap/nn/kernels/pointwise.hpp>
#include <gtap/nn/parameters.hpp>
#include <gtap/nn/shape.hpp>
#include <gtap/nn/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// What forward() of a layer works on: one tile, whose layout is that of Tensor. Channels that are
/// not listed are neither read nor written.
template <class T>
struct ForwardTile {
  std::span<const Shape> in;  ///< shape of each input
  Shape out;                  ///< and of the output
  const Parameters<T>& parameters;
  std::span<const Channels> read;  ///< of each input: the channels that are present
  Channels write;                  ///< the output's channels to compute
  std::span<const T* const> x;     ///< rows of each input
  T* y;                            ///< rows of the output
  kernels::Activation then{};      ///< to apply to what is written, where the layer takes it

  /// The first row of a channel.
  const T* from(std::size_t input, std::size_t channel) const {
    return x[input] + channel * in[input].pixels() * tile_images;
  }
  T* to(std::size_t channel) const { return y + channel * out.pixels() * tile_images; }
};

/// What backward() of a layer works on: one tile with all its channels, whose padding has gradients
/// of zero.
template <class T>
struct BackwardTile {
  std::span<const Shape> in;
  Shape out;
  const Parameters<T>& parameters;
  std::span<const T* const> x;  ///< what was read; for a layer that ran in place what it wrote
  const T* y;                   ///< what was written
  const T* dy;                  ///< gradient of the loss by y
  std::span<T* const> dx;       ///< by input: where its gradient goes; may be dy; null: not wanted
  T* dweight;                   ///< where the gradient by the weight goes, laid out as it
  T* dbias;                     ///< where the gradient by the bias goes, if there is one
  const T* dropped;             ///< Dropout: what each number was multiplied with
  Channels all;                 ///< 0, 1, ...: at least as many as any input or the output has
};

/// What must be left of the numbers that a layer read or wrote, for its backward pass.
enum class Needed { nothing, sign, value };

namespace detail {

inline void require(bool holds, std::string_view name, std::string_view expected,
                    const std::string& came) {
  if (!holds) fail(name, expected, came);
}

inline void require_flat(Shape in, std::string_view name) {
  require(in.pixels() == 1, name, "a flat input (Flatten{} comes before)", text(in));
}

/// Height and width after a window has moved over the padded input; throws when it does not fit.
inline Extent windows(Extent size, Extent stride, Extent padding, Shape in, std::string_view name) {
  const auto came =
      text("window ", size, ", stride ", stride, ", padding ", padding, " on an input of ", in);
  require(size.height > 0 && size.width > 0, name, "a window of at least 1x1", came);
  require(stride.height > 0 && stride.width > 0, name, "a stride of at least 1", came);
  const std::size_t height = in.height + 2 * padding.height;
  const std::size_t width = in.width + 2 * padding.width;
  require(size.height <= height && size.width <= width, name,
          "a window no larger than the padded input", came);
  return {(height - size.height) / stride.height + 1, (width - size.width) / stride.width + 1};
}

/// Shapes as they stand in messages: "16x8x8 and 16x4x4".
inline std::string shapes_text(std::span<const Shape> shapes) {
  std::string list;
  for (std::size_t i = 0; i < shapes.size(); ++i)
    list += (i == 0 ? "" : i + 1 == shapes.size() ? " and " : ", ") + text(shapes[i]);
  return list;
}

template <class T>
const T* data_or_null(const Vector<T>& v) {
  return v.size() == 0 ? nullptr : v.data();
}

/// Calls function(first row of input, first row of output) for each channel to write.
template <class T, class Function>
void for_channels(const ForwardTile<T>& t, Function function) {
  for (const std::uint32_t c : t.write)
    function(t.from(0, c), t.to(c));
}

/// Adds the gradient channel by channel: function(x, y, dy, dx) on a channel's first rows.
template <class T, class Function>
void for_gradients(const BackwardTile<T>& t, Function function) {
  if (t.dx[0] == nullptr) return;
  const std::size_t ins = t.in[0].pixels() * tile_images;
  const std::size_t outs = t.out.pixels() * tile_images;
  std::fill_n(t.dx[0], t.in[0].channels * ins, T(0));
  for (std::size_t c = 0; c < t.in[0].channels; ++c)
    function(t.x[0] + c * ins, t.y + c * outs, t.dy + c * outs, t.dx[0] + c * ins);
}

/// dx = dy * f(number of the element).
template <class T, class F>
void scale_gradient(const BackwardTile<T>& t, F f) {
  if (t.dx[0] == nullptr) return;
  const std::size_t count = t.in[0].size() * tile_images;
  for (std::size_t i = 0; i < count; ++i)
    t.dx[0][i] = t.dy[i] * f(i);
}

}  // namespace detail
}  // namespace gtap::nn
