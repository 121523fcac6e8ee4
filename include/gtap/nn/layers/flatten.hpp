#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/layer_work.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// Channels of pixels become one flat vector [channel][row][column].
struct Flatten {
  static constexpr std::string_view kind = "flatten";
  std::string name = {};

  static constexpr bool in_place = true;
  static constexpr Needed needs_output = Needed::nothing;
  static constexpr bool same_numbers = true;  ///< at the same places, whatever their number means

  Shape output_shape(std::span<const Shape> in, std::string_view) const {
    return {in[0].size(), 1, 1};
  }
  ChannelMap channel_map(std::span<const Shape> in, std::size_t) const {
    return ChannelMap::spreading(in[0].pixels());
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    if (t.x[0] == t.y) return;
    for (const std::uint32_t c : t.write)
      std::copy_n(t.x[0] + c * tile_images, tile_images, t.y + c * tile_images);
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    if (t.dx[0] != t.dy) detail::scale_gradient(t, [](std::size_t) { return T(1); });
  }
};

}  // namespace gtap::nn
