#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/kernels/dense.hpp>
#include <gtap/nn/kernels/dense_gradient.hpp>
#include <gtap/nn/layer_work.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// y = W x + b on a flat input. Weight [out, in], as in PyTorch.
struct Dense {
  static constexpr std::string_view kind = "dense";
  std::size_t out = 0;
  bool bias = true;
  std::string name = {};

  static constexpr bool mixing = true;
  static constexpr Needed needs_output = Needed::nothing;
  static constexpr bool takes_activation = true;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require_flat(in[0], node);
    detail::require(out > 0, node, "at least 1 output", detail::text(out));
    return {out, 1, 1};
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const { return ChannelMap::mixing(); }
  ParameterShape parameter_shape(std::span<const Shape> in) const {
    return {.weight = {out, in[0].channels}, .bias = bias ? out : 0};
  }

  template <class T>
  void forward(const ForwardTile<T>& t) const {
    kernels::dense(t.parameters.weight.data(), t.in[0].channels,
                   detail::data_or_null(t.parameters.bias), t.read[0], t.write, t.x[0], t.y,
                   t.then);
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const std::size_t ins = t.in[0].channels;
    for (std::size_t c = 0; c < (bias ? out : 0); ++c)
      t.dbias[c] = kernels::sum_rows(t.dy + c * tile_images, tile_images);
    std::fill_n(t.dweight, t.parameters.weight.size(), T(0));
    kernels::dense_weight_gradient(out, ins, ins, t.dy, t.x[0], t.dweight);
    if (t.dx[0] != nullptr) {
      kernels::dense_input_gradient(t.parameters.weight.data(), ins, t.all.first(ins),
                                    t.all.first(out), t.dy, t.dx[0]);
    }
  }

  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("out", self.out);
    visit("bias", self.bias);
  }
};

}  // namespace gtap::nn
