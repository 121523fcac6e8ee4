#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/kernels/pointwise_gradient.hpp>
#include <gtap/nn/kernels/pool.hpp>
#include <gtap/nn/layer_work.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace gtap::nn::detail {

// What pooling layers have in common.

/// The stride in use: a pooling stride of 0 means the window's size.
template <class Pool>
Extent pool_stride(const Pool& layer) {
  return {layer.stride.height == 0 ? layer.size.height : layer.stride.height,
          layer.stride.width == 0 ? layer.size.width : layer.stride.width};
}

template <class Pool>
Shape pooled(const Pool& layer, Shape in, std::string_view node) {
  require(
      2 * layer.padding.height <= layer.size.height && 2 * layer.padding.width <= layer.size.width,
      node, "a padding of at most half the window",
      text("padding ", layer.padding, " with a window of ", layer.size));
  require(
      (layer.extra.height == 0 || layer.padding.height + layer.extra.height < layer.size.height) &&
          (layer.extra.width == 0 || layer.padding.width + layer.extra.width < layer.size.width),
      node, "windows with a pixel of the image in each",
      text("extra ", layer.extra, " with a window of ", layer.size));
  const Shape reached{in.channels, in.height + layer.extra.height, in.width + layer.extra.width};
  const Extent out = windows(layer.size, pool_stride(layer), layer.padding, reached, node);
  return {in.channels, out.height, out.width};
}

template <class Pool>
kernels::PoolGeometry pool_geometry(const Pool& pool, Shape in, Shape out) {
  kernels::PoolGeometry g{.in = {in.height, in.width},
                          .out = {out.height, out.width},
                          .size = pool.size,
                          .stride = pool_stride(pool),
                          .padding = pool.padding};
  if constexpr (requires { pool.count_padding; }) g.counts_padding = pool.count_padding;
  return g;
}

template <class Self, class Visit>
void pool_settings(Self& self, Visit&& visit) {
  visit("size", self.size);
  visit("stride", self.stride);
  visit("padding", self.padding);
  visit("extra", self.extra);
}

}  // namespace gtap::nn::detail
