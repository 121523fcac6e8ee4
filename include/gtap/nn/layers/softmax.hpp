#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/kernels/losses.hpp>
#include <gtap/nn/layer_work.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// exp(x_i) / sum of exp(x_j) over a flat input. Training takes the cross-entropy before a last
/// Softmax.
struct Softmax {
  static constexpr std::string_view kind = "softmax";
  std::string name = {};

  static constexpr bool in_place = true;
  static constexpr Needed needs_output = Needed::value;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require_flat(in[0], node);
    return in[0];
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::needing_all();
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    kernels::softmax(t.out.channels, t.x[0], t.y);
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    if (t.dx[0] == nullptr) return;
    const std::size_t channels = t.out.channels;
    T inner[tile_images] = {};
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t l = 0; l < tile_images; ++l)
        inner[l] += t.y[c * tile_images + l] * t.dy[c * tile_images + l];
    }
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t l = 0; l < tile_images; ++l) {
        const std::size_t i = c * tile_images + l;
        t.dx[0][i] = t.y[i] * (t.dy[i] - inner[l]);
      }
    }
  }
};

}  // namespace gtap::nn
