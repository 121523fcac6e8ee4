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

/// The channels of two or more inputs, one input after the other; heights and widths agree.
struct Concat {
  static constexpr std::string_view kind = "concat";
  std::string name = {};

  static constexpr std::size_t fewest_inputs = 2;
  static constexpr Needed needs_output = Needed::nothing;
  static constexpr std::size_t most_inputs = static_cast<std::size_t>(-1);

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    Shape out = in[0];
    out.channels = 0;
    for (const Shape& shape : in) {
      detail::require(shape.height == out.height && shape.width == out.width, node,
                      "inputs of one height and width", detail::shapes_text(in));
      out.channels += shape.channels;
    }
    return out;
  }
  ChannelMap channel_map(std::span<const Shape> in, std::size_t input) const {
    std::size_t offset = 0;
    for (std::size_t i = 0; i < input; ++i)
      offset += in[i].channels;
    return ChannelMap::placing(static_cast<std::ptrdiff_t>(offset));
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    const std::size_t count = t.out.pixels() * tile_images;
    std::size_t input = 0;
    std::size_t offset = 0;
    for (const std::uint32_t c : t.write) {
      while (c >= offset + t.in[input].channels)
        offset += t.in[input++].channels;
      std::copy_n(t.from(input, c - offset), count, t.to(c));
    }
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const T* dy = t.dy;
    for (std::size_t i = 0; i < t.in.size(); ++i) {
      const std::size_t count = t.in[i].size() * tile_images;
      if (t.dx[i] != nullptr) std::copy_n(dy, count, t.dx[i]);
      dy += count;
    }
  }
};

}  // namespace gtap::nn
