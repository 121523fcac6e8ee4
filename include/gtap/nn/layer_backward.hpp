#pragma once

#include <gtap/nn/aligned.hpp>
#include <gtap/nn/conv_gradient.hpp>
#include <gtap/nn/layer_forward.hpp>
#include <gtap/nn/transpose.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <span>

namespace gtap::nn::detail {

/// What backward() of one node works on: one tile.
template <class T>
struct BackwardTile {
  std::size_t valid;    ///< images that are not padding; gradients of padding are zero
  const T* x;           ///< what the node read; may be y, for a node that ran in place
  const T* y;           ///< what it wrote
  const T* dy;          ///< gradient of the loss by y
  T* dx;                ///< where the gradient by x goes; may be dy; null: not wanted
  T* dweight;           ///< where the gradient by the weight goes, as Node::weight is laid out
  T* dbias;             ///< where the gradient by the bias goes, if the node has one
  const T* transposed;  ///< Dense: the weight as [in, out], if dx is wanted
  const T* dropped;     ///< Dropout: what each number was multiplied with
  AlignedVector<T>& scratch;
  Channels in;   ///< 0, 1, ...: all channels that the node reads
  Channels out;  ///< and all that it writes
};

/// The sum over a channel's pixels and images; the padding is zero.
template <class T>
T channel_sum(const T* rows, std::size_t pixels) {
  T lanes[tile_images] = {};
  for (std::size_t p = 0; p < pixels; ++p) {
    for (std::size_t l = 0; l < tile_images; ++l)
      lanes[l] += rows[p * tile_images + l];
  }
  T sum = 0;
  for (const T lane : lanes)
    sum += lane;
  return sum;
}

template <class T>
void bias_gradient(const Node<T>& node, const BackwardTile<T>& t) {
  if (node.bias.size() == 0) return;
  for (std::size_t c = 0; c < node.out.channels; ++c)
    t.dbias[c] = channel_sum(t.dy + c * node.out.pixels() * tile_images, node.out.pixels());
}

/// dx = dy * f(number of the element).
template <class T, class F>
void scale_gradient(const Node<T>& node, const BackwardTile<T>& t, F f) {
  if (t.dx == nullptr) return;
  const std::size_t count = node.in.size() * tile_images;
  for (std::size_t i = 0; i < count; ++i)
    t.dx[i] = t.dy[i] * f(i);
}

/// dW[o][i] = sum over images of dy[o] x[i]: the dense kernel once more, with the images as its
/// inputs and 64 of the columns i as its lanes.
template <class T>
void backward(const Node<T>& node, const Dense&, const BackwardTile<T>& t) {
  const std::size_t in = node.in.channels;
  const std::size_t out = node.out.channels;
  bias_gradient(node, t);
  t.scratch.resize((tile_images + out) * tile_images);
  T* columns = t.scratch.data();                   // [image][64 columns]
  T* block = columns + tile_images * tile_images;  // [out][64 columns]
  std::array<std::uint32_t, tile_images> images;
  for (std::size_t l = 0; l < tile_images; ++l)
    images[l] = static_cast<std::uint32_t>(l);
  for (std::size_t i = 0; i < in; i += tile_images) {
    const std::size_t count = std::min(tile_images, in - i);
    transpose(t.x + i * tile_images, tile_images, count, t.valid, columns, tile_images);
    kernels::dense(t.dy, tile_images, static_cast<const T*>(nullptr),
                   Channels(images).first(t.valid), t.out, columns, block);
    for (std::size_t o = 0; o < out; ++o)
      std::copy_n(block + o * tile_images, count, t.dweight + o * in + i);
  }
  if (t.dx != nullptr) {
    kernels::dense(t.transposed, out, static_cast<const T*>(nullptr), t.out, t.in, t.dy, t.dx);
  }
}

template <class T>
void backward(const Node<T>& node, const Conv2d& conv, const BackwardTile<T>& t) {
  bias_gradient(node, t);
  std::fill_n(t.dweight, node.weight.size(), T(0));
  conv2d_weight_gradient(geometry(node, conv), t.x, t.dy, t.dweight);
  if (t.dx != nullptr) {
    conv2d_input_gradient(geometry(node, conv), node.weight.data(), t.dy, t.dx);
  }
}

/// Calls visit(pixel of the output, [y0, y1) and [x0, x1) of the input) for each window.
template <class Visit>
void for_each_window(const kernels::PoolGeometry& g, Visit&& visit) {
  for (std::size_t y = 0; y < g.out.height; ++y) {
    const std::size_t top = y * g.stride.height;
    const std::size_t y0 = std::max(top, g.padding.height) - g.padding.height;
    const std::size_t y1 = std::min(top + g.size.height - g.padding.height, g.in.height);
    for (std::size_t x = 0; x < g.out.width; ++x) {
      const std::size_t left = x * g.stride.width;
      const std::size_t x0 = std::max(left, g.padding.width) - g.padding.width;
      const std::size_t x1 = std::min(left + g.size.width - g.padding.width, g.in.width);
      visit(y * g.out.width + x, y0, y1, x0, x1);
    }
  }
}

/// The gradient goes to the first largest of each window.
template <class T>
void backward(const Node<T>& node, const MaxPool2d& pool, const BackwardTile<T>& t) {
  if (t.dx == nullptr) return;
  std::fill_n(t.dx, node.in.size() * tile_images, T(0));
  for (std::size_t c = 0; c < node.in.channels; ++c) {
    const T* x = t.x + c * node.in.pixels() * tile_images;
    T* dx = t.dx + c * node.in.pixels() * tile_images;
    const T* dy = t.dy + c * node.out.pixels() * tile_images;
    for_each_window(geometry(node, pool), [&](std::size_t pixel, std::size_t y0, std::size_t y1,
                                              std::size_t x0, std::size_t x1) {
      T best[tile_images];
      T left[tile_images];  // of the gradient, not yet given away
      std::fill_n(best, tile_images, -std::numeric_limits<T>::infinity());
      std::copy_n(dy + pixel * tile_images, tile_images, left);
      for (std::size_t v = y0; v < y1; ++v) {
        for (std::size_t u = x0; u < x1; ++u) {
          const T* row = x + (v * node.in.width + u) * tile_images;
          for (std::size_t l = 0; l < tile_images; ++l)
            best[l] = row[l] > best[l] ? row[l] : best[l];
        }
      }
      for (std::size_t v = y0; v < y1; ++v) {
        for (std::size_t u = x0; u < x1; ++u) {
          const std::size_t row = (v * node.in.width + u) * tile_images;
          for (std::size_t l = 0; l < tile_images; ++l) {
            const T given = x[row + l] == best[l] ? left[l] : T(0);
            dx[row + l] += given;
            left[l] -= given;
          }
        }
      }
    });
  }
}

template <class T>
void backward(const Node<T>& node, const AvgPool2d& pool, const BackwardTile<T>& t) {
  if (t.dx == nullptr) return;
  const T share = T(1) / static_cast<T>(pool.size.height * pool.size.width);
  std::fill_n(t.dx, node.in.size() * tile_images, T(0));
  for (std::size_t c = 0; c < node.in.channels; ++c) {
    T* dx = t.dx + c * node.in.pixels() * tile_images;
    const T* dy = t.dy + c * node.out.pixels() * tile_images;
    for_each_window(geometry(node, pool), [&](std::size_t pixel, std::size_t y0, std::size_t y1,
                                              std::size_t x0, std::size_t x1) {
      for (std::size_t v = y0; v < y1; ++v) {
        for (std::size_t u = x0; u < x1; ++u) {
          T* row = dx + (v * node.in.width + u) * tile_images;
          for (std::size_t l = 0; l < tile_images; ++l)
            row[l] += share * dy[pixel * tile_images + l];
        }
      }
    });
  }
}

template <class T>
void backward(const Node<T>& node, const GlobalAvgPool&, const BackwardTile<T>& t) {
  if (t.dx == nullptr) return;
  const T share = T(1) / static_cast<T>(node.in.pixels());
  for (std::size_t c = 0; c < node.in.channels; ++c) {
    const T* dy = t.dy + c * tile_images;
    T* dx = t.dx + c * node.in.pixels() * tile_images;
    for (std::size_t p = 0; p < node.in.pixels(); ++p) {
      for (std::size_t l = 0; l < tile_images; ++l)
        dx[p * tile_images + l] = share * dy[l];
    }
  }
}

template <class T>
void backward(const Node<T>& node, const Relu&, const BackwardTile<T>& t) {
  scale_gradient(node, t, [x = t.x](std::size_t i) { return x[i] > T(0) ? T(1) : T(0); });
}

template <class T>
void backward(const Node<T>& node, const LeakyRelu& leaky, const BackwardTile<T>& t) {
  const T slope = static_cast<T>(leaky.slope);
  scale_gradient(node, t, [x = t.x, slope](std::size_t i) { return x[i] > T(0) ? T(1) : slope; });
}

template <class T>
void backward(const Node<T>& node, const Sigmoid&, const BackwardTile<T>& t) {
  scale_gradient(node, t, [y = t.y](std::size_t i) { return y[i] * (T(1) - y[i]); });
}

template <class T>
void backward(const Node<T>& node, const Tanh&, const BackwardTile<T>& t) {
  scale_gradient(node, t, [y = t.y](std::size_t i) { return T(1) - y[i] * y[i]; });
}

template <class T>
void backward(const Node<T>& node, const Gelu&, const BackwardTile<T>& t) {
  scale_gradient(node, t, [x = t.x](std::size_t i) {
    const T v = x[i];
    const T cumulative = T(0.5) * (T(1) + std::erf(v * T(1 / std::numbers::sqrt2)));
    const T density = T(std::numbers::inv_sqrtpi / std::numbers::sqrt2) * std::exp(-T(0.5) * v * v);
    return cumulative + v * density;
  });
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
    t.dbias[c] = channel_sum(dy, node.in.pixels());
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
