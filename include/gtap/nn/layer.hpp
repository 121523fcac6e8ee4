#pragma once

#include <gtap/nn/shape.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace gtap::nn {

// Settings of layers: plain aggregates, written with designated initialisers, as in
// Conv2d{.out = 6, .kernel = 5, .padding = 2}. `name` may be left empty: the network then names
// the layer by its kind and a running number, "conv1", "dense2"; a number whose name is given to
// another layer is skipped. Parameters live in the network.

/// y = W x + b on a flat input. Weight [out, in], as in PyTorch.
struct Dense {
  static constexpr std::string_view kind = "dense";
  std::size_t out = 0;
  bool bias = true;
  std::string name = {};
};

/// Cross-correlation, as in PyTorch: weight [out, in / groups, kernel height, kernel width], zeros
/// around the image. Group g of the outputs reads only group g of the inputs.
struct Conv2d {
  static constexpr std::string_view kind = "conv";
  std::size_t out = 0;
  Extent kernel = 3;
  Extent stride = 1;
  Extent padding = 0;
  std::size_t groups = 1;
  bool bias = true;
  std::string name = {};
};

/// Largest value of each window. Stride 0 means the window's size. Windows that do not fit are
/// left out; padding never wins.
struct MaxPool2d {
  static constexpr std::string_view kind = "maxpool";
  Extent size = 2;
  Extent stride = 0;
  Extent padding = 0;
  std::string name = {};
};

/// Mean of each window, padding counted as zeros (PyTorch's default). Stride 0 means the window's
/// size.
struct AvgPool2d {
  static constexpr std::string_view kind = "avgpool";
  Extent size = 2;
  Extent stride = 0;
  Extent padding = 0;
  std::string name = {};
};

/// Mean of each channel; the output is flat.
struct GlobalAvgPool {
  static constexpr std::string_view kind = "globalpool";
  std::string name = {};
};

/// max(x, 0).
struct Relu {
  static constexpr std::string_view kind = "relu";
  std::string name = {};
};

/// x where positive, slope * x elsewhere.
struct LeakyRelu {
  static constexpr std::string_view kind = "leakyrelu";
  double slope = 0.01;
  std::string name = {};
};

/// 1 / (1 + exp(-x)).
struct Sigmoid {
  static constexpr std::string_view kind = "sigmoid";
  std::string name = {};
};

/// Hyperbolic tangent.
struct Tanh {
  static constexpr std::string_view kind = "tanh";
  std::string name = {};
};

/// x Phi(x) with the normal distribution function Phi (the exact form, by erf).
struct Gelu {
  static constexpr std::string_view kind = "gelu";
  std::string name = {};
};

/// Channels of pixels become one flat vector [channel][row][column].
struct Flatten {
  static constexpr std::string_view kind = "flatten";
  std::string name = {};
};

/// Per channel (x - mean) / sqrt(variance + epsilon) * weight + bias. Training uses the mini-batch
/// and moves the running statistics by `momentum`; inference uses the running statistics.
struct BatchNorm {
  static constexpr std::string_view kind = "batchnorm";
  double epsilon = 1e-5;
  double momentum = 0.1;
  std::string name = {};
};

/// exp(x_i) / sum of exp(x_j) over a flat input. Training takes the cross-entropy before a last
/// Softmax.
struct Softmax {
  static constexpr std::string_view kind = "softmax";
  std::string name = {};
};

/// In training each value is dropped with probability `drop`, and the others divided by 1 - drop;
/// nothing at inference.
struct Dropout {
  static constexpr std::string_view kind = "dropout";
  double drop = 0.5;
  std::string name = {};
};

/// The settings of any layer.
using Layer = std::variant<Dense, Conv2d, MaxPool2d, AvgPool2d, GlobalAvgPool, Relu, LeakyRelu,
                           Sigmoid, Tanh, Gelu, Flatten, BatchNorm, Softmax, Dropout>;

/// "conv", "dense" and so on: what names are made of.
inline std::string_view kind_of(const Layer& layer) {
  return std::visit([](const auto& settings) { return settings.kind; }, layer);
}

/// Mixing layers make channels out of other channels and hold weights that prune: Dense, Conv2d.
inline bool is_mixing(const Layer& layer) {
  return std::holds_alternative<Dense>(layer) || std::holds_alternative<Conv2d>(layer);
}

/// Channel-wise layers keep channels apart, so a channel that is absent before is absent after.
inline bool is_channelwise(const Layer& layer) {
  return !is_mixing(layer) && !std::holds_alternative<Softmax>(layer);
}

}  // namespace gtap::nn
