#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/kernels/pointwise_gradient.hpp>
#include <gtap/nn/layer_work.hpp>

#include <cstddef>

namespace gtap::nn::detail {

// What layers that are functions of each number by itself have in common.

template <class T>
void forward_pointwise(const kernels::Activation& activation, const ForwardTile<T>& t) {
  const std::size_t count = t.out.pixels() * tile_images;
  for_channels(t, [&](const T* x, T* y) { kernels::activate(activation, x, y, count); });
}

/// From what was read, or for those whose backward pass needs its signs only, what has them.
template <class T>
void backward_pointwise(const kernels::Activation& activation, const BackwardTile<T>& t) {
  if (t.dx[0] == nullptr) return;
  kernels::activate_gradient(activation, t.x[0], t.dy, t.dx[0], t.in[0].size() * tile_images);
}

}  // namespace gtap::nn::detail
