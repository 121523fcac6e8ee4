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

/// `count` channels from number `first` on.
struct ChannelSlice {
  static constexpr std::string_view kind = "slice";
  std::size_t first = 0;
  std::size_t count = 0;
  std::string name = {};
  static constexpr Needed needs_output = Needed::nothing;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require(count > 0 && count <= in[0].channels && first <= in[0].channels - count, node,
                    "at least 1 channel of the input",
                    detail::text(count, " from ", first, " on of ", in[0]));
    return {count, in[0].height, in[0].width};
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::placing(-static_cast<std::ptrdiff_t>(first));
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    const std::size_t numbers = t.out.pixels() * tile_images;
    for (const std::uint32_t c : t.write)
      std::copy_n(t.from(0, c + first), numbers, t.to(c));
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    if (t.dx[0] == nullptr) return;
    std::fill_n(t.dx[0], t.in[0].size() * tile_images, T(0));
    std::copy_n(t.dy, t.out.size() * tile_images, t.dx[0] + first * t.out.pixels() * tile_images);
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("first", self.first);
    visit("count", self.count);
  }
};

}  // namespace gtap::nn
