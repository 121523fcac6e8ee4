#pragma once

#include <gtap/nn/layers/pool2d.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// Largest value of each channel; the output is flat.
struct GlobalMaxPool {
  static constexpr std::string_view kind = "globalmaxpool";
  std::string name = {};

  static constexpr Needed needs_output = Needed::value;

  Shape output_shape(std::span<const Shape> in, std::string_view) const {
    return {in[0].channels, 1, 1};
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  template <class T>
  void forward(const ForwardTile<T>& t) const {
    const std::size_t p = t.in[0].pixels();
    detail::for_channels(t, [p](const T* x, T* y) { kernels::global_max_pool(p, x, y); });
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const std::size_t p = t.in[0].pixels();
    detail::for_gradients(t, [p](const T* x, const T* y, const T* dy, T* dx) {
      kernels::max_pool_gradient(kernels::detail::global_window(p), x, y, dy, dx);
    });
  }
};

}  // namespace gtap::nn
