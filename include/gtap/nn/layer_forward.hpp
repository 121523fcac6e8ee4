#pragma once

#include <gtap/nn/channels.hpp>
#include <gtap/nn/kernels/conv2d.hpp>
#include <gtap/nn/kernels/dense.hpp>
#include <gtap/nn/kernels/losses.hpp>
#include <gtap/nn/kernels/pointwise.hpp>
#include <gtap/nn/kernels/pool.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/tensor.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gtap::nn {

namespace detail {

template <class T>
kernels::ConvGeometry geometry(const Node<T>& node, const Conv2d& conv) {
  return {.in = node.in,
          .out = node.out,
          .kernel = conv.kernel,
          .stride = conv.stride,
          .padding = conv.padding,
          .groups = conv.groups};
}

template <class T>
const T* data_or_null(const Vector<T>& v) {
  return v.size() == 0 ? nullptr : v.data();
}

template <class T, class Pool>
kernels::PoolGeometry geometry(const Node<T>& node, const Pool& pool) {
  return {.in = {node.in.height, node.in.width},
          .out = {node.out.height, node.out.width},
          .size = pool.size,
          .stride = pool_stride(pool),
          .padding = pool.padding};
}

/// Calls function(first row of input, first row of output) for each channel.
template <class T, class Function>
void for_channels(const Node<T>& node, Channels channels, const T* x, T* y, Function function) {
  for (const std::uint32_t c : channels)
    function(x + c * node.in.pixels() * tile_images, y + c * node.out.pixels() * tile_images);
}

template <class T>
void forward(const Node<T>& node, const Dense&, Channels in, Channels out, const T* x, T* y,
             kernels::Activation then) {
  kernels::dense(node.weight.data(), node.in.channels, data_or_null(node.bias), in, out, x, y,
                 then);
}

template <class T>
void forward(const Node<T>& node, const Conv2d& conv, Channels in, Channels out, const T* x, T* y,
             kernels::Activation then) {
  kernels::conv2d(geometry(node, conv), node.weight.data(), data_or_null(node.bias), in, out, x, y,
                  then);
}

template <class T>
void forward(const Node<T>& node, const MaxPool2d& pool, Channels channels, Channels, const T* x,
             T* y, kernels::Activation) {
  for_channels(node, channels, x, y,
               [g = geometry(node, pool)](const T* in, T* out) { kernels::max_pool(g, in, out); });
}

template <class T>
void forward(const Node<T>& node, const AvgPool2d& pool, Channels channels, Channels, const T* x,
             T* y, kernels::Activation) {
  for_channels(node, channels, x, y,
               [g = geometry(node, pool)](const T* in, T* out) { kernels::avg_pool(g, in, out); });
}

template <class T>
void forward(const Node<T>& node, const GlobalAvgPool&, Channels channels, Channels, const T* x,
             T* y, kernels::Activation) {
  for_channels(node, channels, x, y, [pixels = node.in.pixels()](const T* in, T* out) {
    kernels::global_avg_pool(pixels, in, out);
  });
}

/// What a layer does to each number by itself; `none` when it is another kind of layer.
inline kernels::Activation activation_of(const Layer& layer) {
  using kernels::Activation;
  if (std::holds_alternative<Relu>(layer)) return {.kind = Activation::relu};
  if (const auto* leaky = std::get_if<LeakyRelu>(&layer)) {
    return {.kind = Activation::leaky_relu, .slope = leaky->slope};
  }
  if (std::holds_alternative<Sigmoid>(layer)) return {.kind = Activation::sigmoid};
  if (std::holds_alternative<Tanh>(layer)) return {.kind = Activation::tanh};
  if (std::holds_alternative<Gelu>(layer)) return {.kind = Activation::gelu};
  return {};
}

template <class T>
void forward(const Node<T>& node, const BatchNorm& norm, Channels channels, Channels, const T* x,
             T* y, kernels::Activation then) {
  const std::size_t count = node.in.pixels() * tile_images;
  for (const std::uint32_t c : channels) {
    const auto e = static_cast<Eigen::Index>(c);
    const T scale =
        node.weight(0, e) / std::sqrt(node.running_var(e) + static_cast<T>(norm.epsilon));
    const T shift = node.bias(e) - node.running_mean(e) * scale;
    kernels::affine(scale, shift, x + c * count, y + c * count, count, then);
  }
}

/// All channels must be present.
template <class T>
void forward(const Node<T>& node, const Softmax&, Channels, Channels, const T* x, T* y,
             kernels::Activation) {
  kernels::softmax(node.in.channels, x, y);
}

/// Activations, and Flatten and Dropout, which leave every number as it is and where it is.
template <class T, class Pointwise>
void forward(const Node<T>& node, const Pointwise&, Channels channels, Channels, const T* x, T* y,
             kernels::Activation) {
  const kernels::Activation activation = activation_of(node.layer);
  if (x == y && activation.kind == kernels::Activation::none) return;
  const std::size_t count = node.in.pixels() * tile_images;
  for (const std::uint32_t c : channels)
    kernels::activate(activation, x + c * count, y + c * count, count);
}

}  // namespace detail

/// Whether forward_tile() may write over its own input.
inline bool runs_in_place(const Layer& layer) {
  return !is_mixing(layer) && !std::holds_alternative<MaxPool2d>(layer) &&
         !std::holds_alternative<AvgPool2d>(layer) && !std::holds_alternative<GlobalAvgPool>(layer);
}

/// Whether forward_tile() of this layer can apply the activation that comes next by the way.
inline bool takes_activation(const Layer& layer) {
  return is_mixing(layer) || std::holds_alternative<BatchNorm>(layer);
}

/// What a node makes of one tile at inference. Reads the channels `in` of `x`, a tile of node.in,
/// and writes the channels `out` of `y`, a tile of node.out; the others are not touched. For a
/// node that is not mixing, `out` must be what becomes of `in`. `then` is applied to what is
/// written if takes_activation(), else ignored.
template <class T>
void forward_tile(const Node<T>& node, Channels in, Channels out, const T* x, T* y,
                  kernels::Activation then = {}) {
  std::visit([&](const auto& layer) { detail::forward(node, layer, in, out, x, y, then); },
             node.layer);
}

}  // namespace gtap::nn
