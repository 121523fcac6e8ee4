#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/kernels/combine.hpp>
#include <gtap/nn/layer_work.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// The product of two inputs, number by number. The second one has the shape of the first, or one
/// value a channel, as in squeeze-and-excitation.
struct Multiply {
  static constexpr std::string_view kind = "multiply";
  std::string name = {};

  static constexpr std::size_t fewest_inputs = 2;
  static constexpr std::size_t most_inputs = 2;
  static constexpr bool in_place = true;
  static constexpr Needed needs_output = Needed::nothing;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require(in[1] == in[0] || in[1] == Shape{in[0].channels, 1, 1}, node,
                    "two inputs of one shape, or a second one with one value a channel",
                    detail::shapes_text(in));
    return in[0];
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    const std::size_t pixels = t.out.pixels();
    for (const std::uint32_t c : t.write) {
      if (t.in[1] == t.in[0]) {
        kernels::multiply(t.from(0, c), t.from(1, c), t.to(c), pixels * tile_images);
      } else {
        kernels::multiply_rows(t.from(0, c), t.from(1, c), t.to(c), pixels);
      }
    }
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const std::size_t pixels = t.out.pixels();
    const bool same = t.in[1] == t.in[0];
    for (std::size_t c = 0; c < t.out.channels; ++c) {
      const std::size_t at = c * pixels * tile_images;
      const std::size_t factor = same ? at : c * tile_images;
      if (t.dx[0] != nullptr) {
        if (same) {
          kernels::multiply(t.dy + at, t.x[1] + at, t.dx[0] + at, pixels * tile_images);
        } else {
          kernels::multiply_rows(t.dy + at, t.x[1] + factor, t.dx[0] + at, pixels);
        }
      }
      if (t.dx[1] != nullptr) {
        if (same) {
          kernels::multiply(t.dy + at, t.x[0] + at, t.dx[1] + at, pixels * tile_images);
        } else {
          kernels::dot_rows(t.dy + at, t.x[0] + at, t.dx[1] + factor, pixels);
        }
      }
    }
  }
};

}  // namespace gtap::nn
