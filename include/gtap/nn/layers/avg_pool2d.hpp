#pragma once

#include <gtap/nn/layers/pool2d.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// Mean of each window, padding counted as zeros (PyTorch's default) or not at all. Stride 0 means
/// the window's size; windows may reach `extra` further at the bottom and at the right.
struct AvgPool2d {
  static constexpr std::string_view kind = "avgpool";
  Extent size = 2;
  Extent stride = 0;
  Extent padding = 0;
  Extent extra = 0;
  bool count_padding = true;
  std::string name = {};
  static constexpr Needed needs_output = Needed::nothing;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    return detail::pooled(*this, in[0], node);
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    const kernels::PoolGeometry g = detail::pool_geometry(*this, t.in[0], t.out);
    detail::for_channels(t, [&](const T* x, T* y) { kernels::avg_pool(g, x, y); });
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const kernels::PoolGeometry g = detail::pool_geometry(*this, t.in[0], t.out);
    detail::for_gradients(
        t, [g](const T*, const T*, const T* dy, T* dx) { kernels::avg_pool_gradient(g, dy, dx); });
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    detail::pool_settings(self, visit);
    visit("count_padding", self.count_padding);
  }
};

}  // namespace gtap::nn
