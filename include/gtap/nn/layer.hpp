#pragma once

#include <gtap/nn/layers/add.hpp>
#include <gtap/nn/layers/avg_pool2d.hpp>
#include <gtap/nn/layers/batch_norm.hpp>
#include <gtap/nn/layers/channel_pad.hpp>
#include <gtap/nn/layers/channel_select.hpp>
#include <gtap/nn/layers/channel_slice.hpp>
#include <gtap/nn/layers/clip.hpp>
#include <gtap/nn/layers/concat.hpp>
#include <gtap/nn/layers/conv2d.hpp>
#include <gtap/nn/layers/dense.hpp>
#include <gtap/nn/layers/dropout.hpp>
#include <gtap/nn/layers/flatten.hpp>
#include <gtap/nn/layers/gelu.hpp>
#include <gtap/nn/layers/global_avg_pool.hpp>
#include <gtap/nn/layers/global_max_pool.hpp>
#include <gtap/nn/layers/hard_sigmoid.hpp>
#include <gtap/nn/layers/hard_swish.hpp>
#include <gtap/nn/layers/layer_norm.hpp>
#include <gtap/nn/layers/leaky_relu.hpp>
#include <gtap/nn/layers/max_pool2d.hpp>
#include <gtap/nn/layers/multiply.hpp>
#include <gtap/nn/layers/pointwise.hpp>
#include <gtap/nn/layers/relu.hpp>
#include <gtap/nn/layers/sigmoid.hpp>
#include <gtap/nn/layers/silu.hpp>
#include <gtap/nn/layers/softmax.hpp>
#include <gtap/nn/layers/tanh.hpp>
#include <gtap/nn/layers/upsample.hpp>
#include <gtap/nn/layers/zero_pad2d.hpp>
#include <gtap/nn/own_layer.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace gtap::nn {

/// The settings of any layer: plain aggregates, written with designated initialisers, as in
/// Conv2d{.out = 6, .kernel = 5, .padding = 2}, or somebody's own. `name` may be left empty: the
/// network then names the layer by its kind and a running number, "conv1", "dense2"; a number whose
/// name is given to another layer is skipped. Parameters live in the network.
using Layer = std::variant<Dense, Conv2d, MaxPool2d, AvgPool2d, GlobalAvgPool, Relu, LeakyRelu,
                           Sigmoid, Tanh, Gelu, Flatten, BatchNorm, Softmax, Dropout, Add, Multiply,
                           Concat, ChannelSlice, ChannelPad, ChannelSelect, ZeroPad2d, Upsample,
                           GlobalMaxPool, LayerNorm, HardSigmoid, HardSwish, SiLU, Clip, OwnLayer>;

/// "conv", "dense" and so on: what names are made of.
inline std::string_view kind_of(const Layer& layer) {
  return std::visit([](const auto& l) { return std::string_view(l.kind); }, layer);
}

/// The name that the layer was given, or empty.
inline const std::string& name_of(const Layer& layer) {
  return std::visit([](const auto& l) -> const std::string& { return l.name; }, layer);
}

/// Layers that sum products of weights and inputs: Dense, Conv2d.
inline bool is_mixing(const Layer& layer) {
  return std::holds_alternative<Dense>(layer) || std::holds_alternative<Conv2d>(layer);
}

/// What a layer does to each number by itself; `none` when it is another kind of layer.
inline kernels::Activation activation_of(const Layer& layer) {
  return std::visit(
      [](const auto& l) -> kernels::Activation {
        if constexpr (requires { l.activation(); }) return l.activation();
        return {};
      },
      layer);
}

/// Whether forward() may write over its first input.
inline bool runs_in_place(const Layer& layer) {
  return std::visit([](const auto& l) { return detail::in_place(l); }, layer);
}

/// Whether forward() can apply the activation that comes next by the way.
inline bool takes_activation(const Layer& layer) {
  return std::visit(
      [](const auto& l) {
        if constexpr (requires { l.takes_activation; }) return l.takes_activation;
        return false;
      },
      layer);
}

/// Which parameters a layer has on inputs of these shapes.
inline ParameterShape parameter_shape(const Layer& layer, std::span<const Shape> in) {
  return std::visit([&](const auto& l) { return detail::parameter_shape(l, in); }, layer);
}

/// How channels of an input become channels of the output.
inline ChannelMap channel_map(const Layer& layer, std::span<const Shape> in, std::size_t input) {
  return std::visit([&](const auto& l) { return detail::channel_map(l, in, input); }, layer);
}

/// What a layer makes of input shapes. Throws gtap::Error that names the node and the shapes when
/// its settings are wrong, or number or shapes of inputs do not fit.
inline Shape output_shape(const Layer& layer, std::span<const Shape> in, std::string_view node) {
  return std::visit(
      [&](const auto& l) {
        const std::size_t fewest = detail::fewest_inputs(l);
        const std::size_t most = detail::most_inputs(l);
        if (in.size() < fewest || in.size() > most) {
          detail::fail(node,
                       detail::text(fewest, fewest == most ? "" : " or more",
                                    fewest == 1 && most == 1 ? " input" : " inputs"),
                       detail::text(in.size()));
        }
        return detail::output_shape(l, in, node);
      },
      layer);
}
inline Shape output_shape(const Layer& layer, Shape in, std::string_view node) {
  return output_shape(layer, std::span<const Shape>(&in, 1), node);
}

}  // namespace gtap::nn
