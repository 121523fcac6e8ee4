#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/kernels/conv2d.hpp>
#include <gtap/nn/kernels/conv2d_gradient.hpp>
#include <gtap/nn/kernels/dense_gradient.hpp>
#include <gtap/nn/layer_work.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// Cross-correlation, as in PyTorch: weight [out, in / groups, kernel height, kernel width], zeros
/// around the image. Group g of the outputs reads only group g of the inputs; with as many groups
/// as inputs and outputs it is depthwise and keeps channels apart. An image of height 1 and a
/// kernel such as {1, 5} make it one-dimensional.
struct Conv2d {
  static constexpr std::string_view kind = "conv";
  std::size_t out = 0;
  Extent kernel = 3;
  Extent stride = 1;
  Extent padding = 0;
  Extent dilation = 1;  ///< distance of neighbouring taps
  std::size_t groups = 1;
  bool bias = true;
  std::string name = {};

  static constexpr bool mixing = true;
  static constexpr Needed needs_output = Needed::nothing;
  static constexpr bool takes_activation = true;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require(out > 0, node, "at least 1 output channel", detail::text(out));
    detail::require(
        groups > 0 && in[0].channels % groups == 0 && out % groups == 0, node,
        "groups that divide input and output channels",
        detail::text(groups, " groups on an input of ", in[0], " with ", out, " output channels"));
    detail::require(dilation.height > 0 && dilation.width > 0, node, "a dilation of at least 1",
                    detail::text(dilation));
    const Extent span = kernel.height == 0 || kernel.width == 0
                            ? kernel
                            : Extent((kernel.height - 1) * dilation.height + 1,
                                     (kernel.width - 1) * dilation.width + 1);
    const Extent pixels = detail::windows(span, stride, padding, in[0], node);
    return {out, pixels.height, pixels.width};
  }
  ChannelMap channel_map(std::span<const Shape> in, std::size_t) const {
    const bool depthwise = groups > 1 && groups == in[0].channels && groups == out;
    return depthwise ? ChannelMap::keeping() : ChannelMap::mixing(groups);
  }
  ParameterShape parameter_shape(std::span<const Shape> in) const {
    return {.weight = {out, in[0].channels / groups, kernel.height, kernel.width},
            .bias = bias ? out : 0};
  }
  kernels::ConvGeometry geometry(Shape in, Shape result) const {
    return {.in = in,
            .out = result,
            .kernel = kernel,
            .stride = stride,
            .padding = padding,
            .groups = groups,
            .dilation = dilation};
  }

  template <class T>
  void forward(const ForwardTile<T>& t) const {
    kernels::conv2d(geometry(t.in[0], t.out), t.parameters.weight.data(),
                    detail::data_or_null(t.parameters.bias), t.read[0], t.write, t.x[0], t.y,
                    t.then);
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const kernels::ConvGeometry g = geometry(t.in[0], t.out);
    const std::size_t count = t.out.pixels() * tile_images;
    for (std::size_t c = 0; c < (bias ? out : 0); ++c)
      t.dbias[c] = kernels::sum_rows(t.dy + c * count, count);
    std::fill_n(t.dweight, t.parameters.weight.size(), T(0));
    kernels::conv2d_weight_gradient(g, t.dy, t.x[0], t.dweight);
    if (t.dx[0] != nullptr) {
      kernels::conv2d_input_gradient(g, t.parameters.weight.data(), t.all.first(g.in.channels),
                                     t.all.first(out), t.dy, t.dx[0]);
    }
  }

  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("out", self.out);
    visit("kernel", self.kernel);
    visit("stride", self.stride);
    visit("padding", self.padding);
    visit("dilation", self.dilation);
    visit("groups", self.groups);
    visit("bias", self.bias);
  }
};

}  // namespace gtap::nn
