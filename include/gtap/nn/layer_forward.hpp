#pragma once

#include <gtap/nn/kernels/conv2d.hpp>
#include <gtap/nn/kernels/dense.hpp>
#include <gtap/nn/kernels/pointwise.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace gtap::nn {

/// Channels of a tile that are present, in increasing order.
using Channels = std::span<const std::uint32_t>;

namespace detail {

template <class T>
kernels::ConvGeometry geometry(const Node<T>& node, const Conv2d& conv) {
  return {.in = node.in,
          .out = node.out,
          .kernel_h = conv.kernel.height,
          .kernel_w = conv.kernel.width,
          .stride_h = conv.stride.height,
          .stride_w = conv.stride.width,
          .padding_h = conv.padding.height,
          .padding_w = conv.padding.width,
          .groups = conv.groups};
}

template <class T>
const T* data_or_null(const Vector<T>& v) {
  return v.size() == 0 ? nullptr : v.data();
}

/// Calls visit(row of output pixel, rows of the input pixels under its window) for each window of
/// one channel; `rows` are pixel numbers inside the channel.
template <class Pool, class Visit>
void for_each_window(const Pool& pool, Shape in, Shape out, Visit&& visit) {
  const Extent stride = pool_stride(pool);
  for (std::size_t y = 0; y < out.height; ++y) {
    const std::size_t top = y * stride.height;
    const std::size_t y0 = top < pool.padding.height ? 0 : top - pool.padding.height;
    const std::size_t y1 = std::min(in.height, top + pool.size.height - pool.padding.height);
    for (std::size_t x = 0; x < out.width; ++x) {
      const std::size_t left = x * stride.width;
      const std::size_t x0 = left < pool.padding.width ? 0 : left - pool.padding.width;
      const std::size_t x1 = std::min(in.width, left + pool.size.width - pool.padding.width);
      visit(y * out.width + x, y0, y1, x0, x1);
    }
  }
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
  for (const std::uint32_t c : channels) {
    const T* from = x + c * node.in.pixels() * tile_images;
    T* to = y + c * node.out.pixels() * tile_images;
    for_each_window(
        pool, node.in, node.out,
        [&](std::size_t pixel, std::size_t y0, std::size_t y1, std::size_t x0, std::size_t x1) {
          T* best = to + pixel * tile_images;
          std::fill_n(best, tile_images, -std::numeric_limits<T>::infinity());
          for (std::size_t v = y0; v < y1; ++v) {
            for (std::size_t u = x0; u < x1; ++u) {
              const T* row = from + (v * node.in.width + u) * tile_images;
              for (std::size_t l = 0; l < tile_images; ++l)
                best[l] = row[l] > best[l] ? row[l] : best[l];
            }
          }
        });
  }
}

template <class T>
void forward(const Node<T>& node, const AvgPool2d& pool, Channels channels, Channels, const T* x,
             T* y, kernels::Activation) {
  const T share = T(1) / static_cast<T>(pool.size.height * pool.size.width);
  for (const std::uint32_t c : channels) {
    const T* from = x + c * node.in.pixels() * tile_images;
    T* to = y + c * node.out.pixels() * tile_images;
    for_each_window(
        pool, node.in, node.out,
        [&](std::size_t pixel, std::size_t y0, std::size_t y1, std::size_t x0, std::size_t x1) {
          T* mean = to + pixel * tile_images;
          std::fill_n(mean, tile_images, T(0));
          for (std::size_t v = y0; v < y1; ++v) {
            for (std::size_t u = x0; u < x1; ++u) {
              const T* row = from + (v * node.in.width + u) * tile_images;
              for (std::size_t l = 0; l < tile_images; ++l)
                mean[l] += row[l] * share;
            }
          }
        });
  }
}

template <class T>
void forward(const Node<T>& node, const GlobalAvgPool&, Channels channels, Channels, const T* x,
             T* y, kernels::Activation) {
  const T share = T(1) / static_cast<T>(node.in.pixels());
  for (const std::uint32_t c : channels) {
    const T* from = x + c * node.in.pixels() * tile_images;
    T sum[tile_images] = {};
    for (std::size_t p = 0; p < node.in.pixels(); ++p) {
      for (std::size_t l = 0; l < tile_images; ++l)
        sum[l] += from[p * tile_images + l];
    }
    for (std::size_t l = 0; l < tile_images; ++l)
      y[c * tile_images + l] = sum[l] * share;
  }
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

template <class T>
void forward(const Node<T>&, const Softmax&, Channels channels, Channels, const T* x, T* y,
             kernels::Activation) {
  T largest[tile_images];
  T sum[tile_images] = {};
  std::fill_n(largest, tile_images, -std::numeric_limits<T>::infinity());
  for (const std::uint32_t c : channels) {
    for (std::size_t l = 0; l < tile_images; ++l)
      largest[l] = std::max(largest[l], x[c * tile_images + l]);
  }
  for (const std::uint32_t c : channels) {
    for (std::size_t l = 0; l < tile_images; ++l) {
      const T e = std::exp(x[c * tile_images + l] - largest[l]);
      y[c * tile_images + l] = e;
      sum[l] += e;
    }
  }
  for (const std::uint32_t c : channels) {
    for (std::size_t l = 0; l < tile_images; ++l)
      y[c * tile_images + l] /= sum[l];
  }
}

/// Activations, and Flatten and Dropout, which leave every number as it is.
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
