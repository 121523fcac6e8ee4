#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/layer_work.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// Rows and columns of zeros around each channel.
struct ZeroPad2d {
  static constexpr std::string_view kind = "zeropad";
  std::size_t top = 0;
  std::size_t bottom = 0;
  std::size_t left = 0;
  std::size_t right = 0;
  std::string name = {};
  static constexpr Needed needs_output = Needed::nothing;

  Shape output_shape(std::span<const Shape> in, std::string_view) const {
    return {in[0].channels, top + in[0].height + bottom, left + in[0].width + right};
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    const std::size_t width = t.in[0].width;
    detail::for_channels(t, [&](const T* x, T* y) {
      std::fill_n(y, t.out.pixels() * tile_images, T(0));
      for (std::size_t r = 0; r < t.in[0].height; ++r)
        std::copy_n(x + r * width * tile_images, width * tile_images, y + place(r, t.out.width));
    });
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const std::size_t width = t.in[0].width;
    detail::for_gradients(t, [&](const T*, const T*, const T* dy, T* dx) {
      for (std::size_t r = 0; r < t.in[0].height; ++r)
        std::copy_n(dy + place(r, t.out.width), width * tile_images, dx + r * width * tile_images);
    });
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("top", self.top);
    visit("bottom", self.bottom);
    visit("left", self.left);
    visit("right", self.right);
  }

 private:
  /// Where the first number of an input's row of pixels is in an output channel.
  std::size_t place(std::size_t row, std::size_t width) const {
    return ((top + row) * width + left) * tile_images;
  }
};

}  // namespace gtap::nn
