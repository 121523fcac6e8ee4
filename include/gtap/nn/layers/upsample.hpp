#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/layer_work.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// Each pixel becomes a block of `factor` equal ones (nearest neighbour).
struct Upsample {
  static constexpr std::string_view kind = "upsample";
  Extent factor = 2;
  std::string name = {};
  static constexpr Needed needs_output = Needed::nothing;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require(factor.height > 0 && factor.width > 0, node, "a factor of at least 1",
                    detail::text(factor));
    return {in[0].channels, in[0].height * factor.height, in[0].width * factor.width};
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    detail::for_channels(t, [&](const T* x, T* y) {
      for_pixels(t.in[0], t.out, [&](std::size_t in, std::size_t out) {
        std::copy_n(x + in * tile_images, tile_images, y + out * tile_images);
      });
    });
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    detail::for_gradients(t, [&](const T*, const T*, const T* dy, T* dx) {
      for_pixels(t.in[0], t.out, [&](std::size_t in, std::size_t out) {
        for (std::size_t l = 0; l < tile_images; ++l)
          dx[in * tile_images + l] += dy[out * tile_images + l];
      });
    });
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("factor", self.factor);
  }

 private:
  template <class Visit>
  void for_pixels(Shape in, Shape out, Visit visit) const {
    for (std::size_t y = 0; y < out.height; ++y) {
      for (std::size_t x = 0; x < out.width; ++x)
        visit(y / factor.height * in.width + x / factor.width, y * out.width + x);
    }
  }
};

}  // namespace gtap::nn
