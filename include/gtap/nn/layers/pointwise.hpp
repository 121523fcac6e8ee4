#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/kernels/pointwise_gradient.hpp>
#include <gtap/nn/layer_work.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

namespace gtap::nn::detail {

/// A layer that is a function of each number by itself: it says which by activation(), and may
/// leave out what it has in common with all of them.
template <class L>
concept Pointwise = requires(const L& layer) {
  { layer.activation() } -> std::same_as<kernels::Activation>;
};

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

template <class L>
Shape output_shape(const L& layer, std::span<const Shape> in, std::string_view node) {
  if constexpr (requires { layer.output_shape(in, node); }) {
    return layer.output_shape(in, node);
  } else {
    static_assert(Pointwise<L>);
    return in[0];
  }
}

template <class L>
ChannelMap channel_map(const L& layer, std::span<const Shape> in, std::size_t input) {
  if constexpr (requires { layer.channel_map(in, input); }) {
    return layer.channel_map(in, input);
  } else {
    static_assert(Pointwise<L>);
    return ChannelMap::keeping();
  }
}

template <class L>
bool in_place(const L& layer) {
  if constexpr (requires { layer.in_place; }) return layer.in_place;
  return Pointwise<L>;
}

template <class L, class T>
void forward(const L& layer, const ForwardTile<T>& t) {
  if constexpr (requires { layer.forward(t); }) {
    layer.forward(t);
  } else {
    forward_pointwise(layer.activation(), t);
  }
}

template <class L, class T>
void backward(const L& layer, const BackwardTile<T>& t) {
  if constexpr (requires { layer.backward(t); }) {
    layer.backward(t);
  } else {
    backward_pointwise(layer.activation(), t);
  }
}

}  // namespace gtap::nn::detail
