#pragma once

#include <gtap/nn/layers/pool2d.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// Largest value of each window. Stride 0 means the window's size. Windows that do not fit are
/// left out; `extra` is how much further they may reach at the bottom and at the right. Padding
/// never wins.
struct MaxPool2d {
  static constexpr std::string_view kind = "maxpool";
  Extent size = 2;
  Extent stride = 0;
  Extent padding = 0;
  Extent extra = 0;
  std::string name = {};

  static constexpr Needed needs_output = Needed::value;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    return detail::pooled(*this, in[0], node);
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    const kernels::PoolGeometry g = detail::pool_geometry(*this, t.in[0], t.out);
    detail::for_channels(t, [&](const T* x, T* y) { kernels::max_pool(g, x, y); });
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const kernels::PoolGeometry g = detail::pool_geometry(*this, t.in[0], t.out);
    detail::for_gradients(t, [g](const T* x, const T* y, const T* dy, T* dx) {
      kernels::max_pool_gradient(g, x, y, dy, dx);
    });
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    detail::pool_settings(self, visit);
  }
};

}  // namespace gtap::nn
