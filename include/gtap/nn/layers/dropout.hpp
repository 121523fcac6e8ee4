#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/layer_work.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// In training each value is dropped with probability `drop`, and the others divided by 1 - drop;
/// nothing at inference.
struct Dropout {
  static constexpr std::string_view kind = "dropout";
  double drop = 0.5;
  std::string name = {};

  static constexpr bool in_place = true;
  static constexpr Needed needs_output = Needed::nothing;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require(drop >= 0.0 && drop < 1.0, node, "a drop probability in [0, 1)",
                    detail::text(drop));
    return in[0];
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    if (t.x[0] == t.y) return;
    const std::size_t count = t.out.pixels() * tile_images;
    detail::for_channels(t, [&](const T* x, T* y) { std::copy_n(x, count, y); });
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    if (t.dropped == nullptr) {
      if (t.dx[0] != t.dy) detail::scale_gradient(t, [](std::size_t) { return T(1); });
    } else {
      detail::scale_gradient(t, [d = t.dropped](std::size_t i) { return d[i]; });
    }
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("drop", self.drop);
  }
};

}  // namespace gtap::nn
