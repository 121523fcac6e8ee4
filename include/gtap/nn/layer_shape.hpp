#pragma once

#include <gtap/core/error.hpp>
#include <gtap/nn/layer.hpp>

#include <cmath>
#include <string>
#include <string_view>

namespace gtap::nn {
namespace detail {

inline void require(bool holds, std::string_view name, std::string_view expected,
                    const std::string& came) {
  if (!holds) fail(name, expected, came);
}

/// Height and width after a window has moved over the padded input; throws when it does not fit.
inline Extent windows(Extent size, Extent stride, Extent padding, Shape in, std::string_view name) {
  const auto came =
      text("window ", size, ", stride ", stride, ", padding ", padding, " on an input of ", in);
  require(size.height > 0 && size.width > 0, name, "a window of at least 1x1", came);
  require(stride.height > 0 && stride.width > 0, name, "a stride of at least 1", came);
  const std::size_t height = in.height + 2 * padding.height;
  const std::size_t width = in.width + 2 * padding.width;
  require(size.height <= height && size.width <= width, name,
          "a window no larger than the padded input", came);
  return {(height - size.height) / stride.height + 1, (width - size.width) / stride.width + 1};
}

inline void require_flat(Shape in, std::string_view name) {
  require(in.pixels() == 1, name, "a flat input (Flatten{} comes before)", text(in));
}

inline Shape output_shape(const Dense& layer, Shape in, std::string_view name) {
  require_flat(in, name);
  require(layer.out > 0, name, "at least 1 output", text(layer.out));
  return {layer.out, 1, 1};
}

inline Shape output_shape(const Conv2d& layer, Shape in, std::string_view name) {
  require(layer.out > 0, name, "at least 1 output channel", text(layer.out));
  require(
      layer.groups > 0 && in.channels % layer.groups == 0 && layer.out % layer.groups == 0, name,
      "groups that divide input and output channels",
      text(layer.groups, " groups on an input of ", in, " with ", layer.out, " output channels"));
  const Extent out = windows(layer.kernel, layer.stride, layer.padding, in, name);
  return {layer.out, out.height, out.width};
}

/// The stride in use: a pooling stride of 0 means the window's size.
template <class Pool>
Extent pool_stride(const Pool& layer) {
  return {layer.stride.height == 0 ? layer.size.height : layer.stride.height,
          layer.stride.width == 0 ? layer.size.width : layer.stride.width};
}

template <class Pool>
Shape pooled(const Pool& layer, Shape in, std::string_view name) {
  require(
      2 * layer.padding.height <= layer.size.height && 2 * layer.padding.width <= layer.size.width,
      name, "a padding of at most half the window",
      text("padding ", layer.padding, " with a window of ", layer.size));
  const Extent out = windows(layer.size, pool_stride(layer), layer.padding, in, name);
  return {in.channels, out.height, out.width};
}

inline Shape output_shape(const MaxPool2d& layer, Shape in, std::string_view name) {
  return pooled(layer, in, name);
}
inline Shape output_shape(const AvgPool2d& layer, Shape in, std::string_view name) {
  return pooled(layer, in, name);
}
inline Shape output_shape(const GlobalAvgPool&, Shape in, std::string_view) {
  return {in.channels, 1, 1};
}
inline Shape output_shape(const Flatten&, Shape in, std::string_view) {
  return {in.size(), 1, 1};
}

inline Shape output_shape(const LeakyRelu& layer, Shape in, std::string_view name) {
  require(std::isfinite(layer.slope), name, "a finite slope", text(layer.slope));
  return in;
}
inline Shape output_shape(const BatchNorm& layer, Shape in, std::string_view name) {
  require(layer.epsilon > 0.0 && std::isfinite(layer.epsilon), name, "an epsilon above 0",
          text(layer.epsilon));
  require(layer.momentum >= 0.0 && layer.momentum <= 1.0, name, "a momentum in [0, 1]",
          text(layer.momentum));
  return in;
}
inline Shape output_shape(const Softmax&, Shape in, std::string_view name) {
  require_flat(in, name);
  return in;
}
inline Shape output_shape(const Dropout& layer, Shape in, std::string_view name) {
  require(layer.drop >= 0.0 && layer.drop < 1.0, name, "a drop probability in [0, 1)",
          text(layer.drop));
  return in;
}

/// Relu, Sigmoid, Tanh, Gelu.
template <class Activation>
Shape output_shape(const Activation&, Shape in, std::string_view) {
  return in;
}

}  // namespace detail

/// What a layer makes of an input shape. Throws gtap::Error that names the layer and the shapes
/// when its settings are wrong or the input does not fit.
inline Shape output_shape(const Layer& layer, Shape in, std::string_view name) {
  return std::visit([&](const auto& l) { return detail::output_shape(l, in, name); }, layer);
}

}  // namespace gtap::nn
