#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/kernels/combine.hpp>
#include <gtap/nn/layer_work.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// The sum of two or more inputs of one shape.
struct Add {
  static constexpr std::string_view kind = "add";
  std::string name = {};

  static constexpr std::size_t fewest_inputs = 2;
  static constexpr std::size_t most_inputs = static_cast<std::size_t>(-1);
  static constexpr bool in_place = true;
  static constexpr Needed needs_output = Needed::nothing;
  static constexpr bool takes_activation = true;
  bool backward_in_place() const { return true; }

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    for (const Shape& shape : in)
      detail::require(shape == in[0], node, "inputs of one shape", detail::shapes_text(in));
    return in[0];
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    const std::size_t count = t.out.pixels() * tile_images;
    for (const std::uint32_t c : t.write) {
      T* const y = t.to(c);
      const T* sum = t.from(0, c);
      for (std::size_t i = 1; i < t.x.size(); ++i) {
        const bool last = i + 1 == t.x.size();
        kernels::add(sum, t.from(i, c), y, count, last ? t.then : kernels::Activation{});
        sum = y;
      }
    }
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    for (T* const dx : t.dx) {
      if (dx != nullptr && dx != t.dy) std::copy_n(t.dy, t.out.size() * tile_images, dx);
    }
  }
};

}  // namespace gtap::nn
