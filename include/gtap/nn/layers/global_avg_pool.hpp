#pragma once

#include <gtap/nn/layers/pool2d.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// Mean of each channel; the output is flat.
struct GlobalAvgPool {
  static constexpr std::string_view kind = "globalpool";
  std::string name = {};
  static constexpr Needed needs_output = Needed::nothing;

  Shape output_shape(std::span<const Shape> in, std::string_view) const {
    return {in[0].channels, 1, 1};
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    const std::size_t p = t.in[0].pixels();
    detail::for_channels(t, [p](const T* x, T* y) { kernels::global_avg_pool(p, x, y); });
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const std::size_t p = t.in[0].pixels();
    detail::for_gradients(t, [p](const T*, const T*, const T* dy, T* dx) {
      kernels::global_avg_pool_gradient(p, dy, dx);
    });
  }
};

}  // namespace gtap::nn
