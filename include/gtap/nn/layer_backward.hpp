#pragma once

#include <gtap/nn/kernels/conv2d_gradient.hpp>
#include <gtap/nn/kernels/dense_gradient.hpp>
#include <gtap/nn/kernels/pointwise_gradient.hpp>
#include <gtap/nn/layer_forward.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace gtap::nn::detail {

/// What backward() of one node works on: one tile, whose padding has gradients of zero.
template <class T>
struct BackwardTile {
  const T* x;        ///< what the node read; may be y, for a node that ran in place
  const T* y;        ///< what it wrote
  const T* dy;       ///< gradient of the loss by y
  T* dx;             ///< where the gradient by x goes; may be dy; null: not wanted
  T* dweight;        ///< where the gradient by the weight goes, as Node::weight is laid out
  T* dbias;          ///< where the gradient by the bias goes, if the node has one
  const T* dropped;  ///< Dropout: what each number was multiplied with
  Channels in;       ///< 0, 1, ...: all channels that the node reads
  Channels out;      ///< and all that it writes
};

template <class T>
void bias_gradient(const Node<T>& node, const BackwardTile<T>& t) {
  if (node.bias.size() == 0) return;
  const std::size_t count = node.out.pixels() * tile_images;
  for (std::size_t c = 0; c < node.out.channels; ++c)
    t.dbias[c] = kernels::sum_rows(t.dy + c * count, count);
}

/// dx = dy * f(number of the element).
template <class T, class F>
void scale_gradient(const Node<T>& node, const BackwardTile<T>& t, F f) {
  if (t.dx == nullptr) return;
  const std::size_t count = node.in.size() * tile_images;
  for (std::size_t i = 0; i < count; ++i)
    t.dx[i] = t.dy[i] * f(i);
}

template <class T>
void backward(const Node<T>& node, const Dense&, const BackwardTile<T>& t) {
  const std::size_t in = node.in.channels;
  bias_gradient(node, t);
  std::fill_n(t.dweight, node.weight.size(), T(0));
  kernels::dense_weight_gradient(node.out.channels, in, in, t.dy, t.x, t.dweight);
  if (t.dx != nullptr) {
    kernels::dense_input_gradient(node.weight.data(), in, t.in, t.out, t.dy, t.dx);
  }
}

template <class T>
void backward(const Node<T>& node, const Conv2d& conv, const BackwardTile<T>& t) {
  const kernels::ConvGeometry g = geometry(node, conv);
  bias_gradient(node, t);
  std::fill_n(t.dweight, node.weight.size(), T(0));
  kernels::conv2d_weight_gradient(g, t.dy, t.x, t.dweight);
  if (t.dx != nullptr) {
    kernels::conv2d_input_gradient(g, node.weight.data(), t.in, t.out, t.dy, t.dx);
  }
}

/// Adds the gradient channel by channel: function(x, y, dy, dx) on a channel's first rows.
template <class T, class Function>
void pool_gradient(const Node<T>& node, const BackwardTile<T>& t, Function function) {
  if (t.dx == nullptr) return;
  const std::size_t ins = node.in.pixels() * tile_images;
  const std::size_t outs = node.out.pixels() * tile_images;
  std::fill_n(t.dx, node.in.channels * ins, T(0));
  for (std::size_t c = 0; c < node.in.channels; ++c)
    function(t.x + c * ins, t.y + c * outs, t.dy + c * outs, t.dx + c * ins);
}

template <class T>
void backward(const Node<T>& node, const MaxPool2d& pool, const BackwardTile<T>& t) {
  pool_gradient(node, t, [g = geometry(node, pool)](const T* x, const T* y, const T* dy, T* dx) {
    kernels::max_pool_gradient(g, x, y, dy, dx);
  });
}

template <class T>
void backward(const Node<T>& node, const AvgPool2d& pool, const BackwardTile<T>& t) {
  pool_gradient(node, t, [g = geometry(node, pool)](const T*, const T*, const T* dy, T* dx) {
    kernels::avg_pool_gradient(g, dy, dx);
  });
}

template <class T>
void backward(const Node<T>& node, const GlobalAvgPool&, const BackwardTile<T>& t) {
  pool_gradient(node, t, [p = node.in.pixels()](const T*, const T*, const T* dy, T* dx) {
    kernels::global_avg_pool_gradient(p, dy, dx);
  });
}

/// Relu, LeakyRelu, Gelu: from what they read, or for the first two what has its signs.
template <class T, class Activation>
void backward(const Node<T>& node, const Activation&, const BackwardTile<T>& t) {
  if (t.dx == nullptr) return;
  kernels::activate_gradient(activation_of(node.layer), t.x, t.dy, t.dx,
                             node.in.size() * tile_images);
}

template <class T>
void backward(const Node<T>& node, const Sigmoid&, const BackwardTile<T>& t) {
  scale_gradient(node, t, [y = t.y](std::size_t i) { return y[i] * (T(1) - y[i]); });
}

template <class T>
void backward(const Node<T>& node, const Tanh&, const BackwardTile<T>& t) {
  scale_gradient(node, t, [y = t.y](std::size_t i) { return T(1) - y[i] * y[i]; });
}

/// At inference, where batch norm is a fixed scale and shift of each channel.
template <class T>
void backward(const Node<T>& node, const BatchNorm& norm, const BackwardTile<T>& t) {
  const std::size_t count = node.in.pixels() * tile_images;
  for (std::size_t c = 0; c < node.in.channels; ++c) {
    const auto e = static_cast<Eigen::Index>(c);
    const T inverse = T(1) / std::sqrt(node.running_var(e) + static_cast<T>(norm.epsilon));
    const T mean = node.running_mean(e);
    const T* x = t.x + c * count;
    const T* dy = t.dy + c * count;
    T lanes[tile_images] = {};
    for (std::size_t i = 0; i < count; ++i)
      lanes[i % tile_images] += dy[i] * (x[i] - mean);
    T sum = 0;
    for (const T lane : lanes)
      sum += lane;
    t.dweight[c] = sum * inverse;
    t.dbias[c] = kernels::sum_rows(dy, count);
    if (t.dx == nullptr) continue;
    const T scale = node.weight(0, e) * inverse;
    for (std::size_t i = 0; i < count; ++i)
      t.dx[c * count + i] = dy[i] * scale;
  }
}

template <class T>
void backward(const Node<T>& node, const Softmax&, const BackwardTile<T>& t) {
  if (t.dx == nullptr) return;
  T inner[tile_images] = {};
  for (std::size_t c = 0; c < node.in.channels; ++c) {
    for (std::size_t l = 0; l < tile_images; ++l)
      inner[l] += t.y[c * tile_images + l] * t.dy[c * tile_images + l];
  }
  for (std::size_t c = 0; c < node.in.channels; ++c) {
    for (std::size_t l = 0; l < tile_images; ++l) {
      const std::size_t i = c * tile_images + l;
      t.dx[i] = t.y[i] * (t.dy[i] - inner[l]);
    }
  }
}

template <class T>
void backward(const Node<T>& node, const Flatten&, const BackwardTile<T>& t) {
  if (t.dx != t.dy) scale_gradient(node, t, [](std::size_t) { return T(1); });
}

template <class T>
void backward(const Node<T>& node, const Dropout&, const BackwardTile<T>& t) {
  if (t.dropped == nullptr) {
    if (t.dx != t.dy) scale_gradient(node, t, [](std::size_t) { return T(1); });
  } else {
    scale_gradient(node, t, [d = t.dropped](std::size_t i) { return d[i]; });
  }
}

/// Gradients of one node on one tile: by what it read, and by its parameters.
template <class T>
void backward_tile(const Node<T>& node, const BackwardTile<T>& tile) {
  std::visit([&](const auto& layer) { backward(node, layer, tile); }, node.layer);
}

}  // namespace gtap::nn::detail
