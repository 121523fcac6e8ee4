#pragma once

#include <gtap/io/detail/onnx_call.hpp>
#include <gtap/io/detail/onnx_graph.hpp>
#include <gtap/io/detail/onnx_window.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace gtap::detail {

// Operators that are layers, but for pooling.

inline OnnxParameters with_names(OnnxCall& call, OnnxParameters parameters,
                                 std::initializer_list<std::size_t> inputs) {
  for (const std::size_t k : inputs) {
    if (call.node.has_input(k)) parameters.names.push_back(call.node.inputs[k]);
  }
  return parameters;
}

inline void read_conv(OnnxCall& call) {
  const OnnxValue& value = call.pixels(0);
  const OnnxTensor& weight = call.weights(1, "a weight");
  const std::size_t rank = value.dims.size() - 1;
  const std::vector<std::int64_t>& d = weight.dims;
  call.require(d.size() == rank + 2, text("a weight of ", rank + 2, " dimensions"), dims_text(d));
  const OnnxWindow w = read_window(call, value, std::span(d).subspan(2));
  nn::Conv2d conv{.out = call.size(d[0], "an output channel", 1),
                  .kernel = w.kernel,
                  .stride = w.stride,
                  .padding = w.before,
                  .dilation = w.dilation,
                  .groups = call.size(call.integer("group", 1), "a group", 1),
                  .bias = call.node.has_input(2)};
  const bool divides = value.shape.channels % conv.groups == 0 && conv.out % conv.groups == 0;
  call.require(divides && static_cast<std::size_t>(d[1]) == value.shape.channels / conv.groups,
               text("a weight and groups for ", value.shape.channels, " channels"),
               text(dims_text(d), " with ", conv.groups, " groups"));
  OnnxParameters parameters{.weight = weight};
  if (conv.bias) {
    parameters.bias = call.weights(2, "a bias");
    call.require(parameters.bias.dims == std::vector<std::int64_t>{d[0]},
                 text("a bias of ", d[0], " numbers"), dims_text(parameters.bias.dims));
  }
  std::size_t from = value.layer;
  if (!(w.before == w.after)) {
    const nn::ZeroPad2d pad{.top = w.before.height,
                            .bottom = w.after.height,
                            .left = w.before.width,
                            .right = w.after.width};
    from = call.add(pad, {from}, {}, "pad");
    conv.padding = 0;
  }
  const std::size_t dims = value.dims.size();
  call.emit(call.add(conv, {from}, with_names(call, std::move(parameters), {1, 2})), dims);
}

/// Whether a tensor is one number, or `size` along its last dimension and one along the others.
inline bool is_row(const OnnxTensor& tensor, std::size_t size) {
  const bool last = tensor.dims.empty() || tensor.dims.back() == static_cast<std::int64_t>(size);
  return tensor.size() == 1 || (tensor.size() == size && last);
}

inline void read_gemm(OnnxCall& call) {
  const OnnxValue& value = call.flat(0);
  const OnnxTensor& weight = call.weights(1, "a weight");
  call.require(call.integer("transA", 0) == 0, "transA 0", "1");
  const bool out_first = call.integer("transB", 0) != 0;
  call.require(weight.dims.size() == 2, "a weight of 2 dimensions", dims_text(weight.dims));
  const auto ins = static_cast<std::size_t>(weight.dims[out_first ? 1 : 0]);
  call.require(ins == value.shape.channels, text("a weight for ", value.shape.channels, " inputs"),
               dims_text(weight.dims));
  const nn::Dense dense{.out = static_cast<std::size_t>(weight.dims[out_first ? 0 : 1]),
                        .bias = call.node.has_input(2)};
  OnnxParameters parameters{.weight = weight,
                            .transposed = !out_first,
                            .weight_scale = call.real("alpha", 1.0f),
                            .bias_scale = call.real("beta", 1.0f)};
  if (dense.bias) {
    parameters.bias = call.weights(2, "a bias");
    call.require(is_row(parameters.bias, dense.out), text("a bias of ", dense.out, " numbers"),
                 dims_text(parameters.bias.dims));
  }
  call.emit(call.add(dense, {value.layer}, with_names(call, std::move(parameters), {1, 2})), 1);
}

inline void read_matmul(OnnxCall& call) {
  const OnnxValue& value = call.flat(0);
  const OnnxTensor& weight = call.weights(1, "a weight");
  call.require(
      weight.dims.size() == 2 && static_cast<std::size_t>(weight.dims[0]) == value.shape.channels,
      text("a weight [", value.shape.channels, ", outputs]"), dims_text(weight.dims));
  const nn::Dense dense{.out = static_cast<std::size_t>(weight.dims[1]), .bias = false};
  call.emit(
      call.add(dense, {value.layer}, with_names(call, {.weight = weight, .transposed = true}, {1})),
      1);
}

inline void read_batch_norm(OnnxCall& call) {
  const OnnxValue& value = call.channels(0);
  call.require(call.integer("training_mode", 0) == 0, "inference", "training_mode");
  call.require(call.integer("spatial", 1) == 1, "statistics of channels", "spatial 0");
  call.require(call.node.outputs.size() == 1, "1 output", text(call.node.outputs.size()));
  call.ignore("momentum");
  const double epsilon = call.real("epsilon", 1e-5f);
  OnnxParameters parameters{.weight = call.weights(1, "a scale"),
                            .bias = call.weights(2, "a bias"),
                            .mean = call.weights(3, "a mean"),
                            .variance = call.weights(4, "a variance")};
  for (const OnnxTensor* t :
       {&parameters.weight, &parameters.bias, &parameters.mean, &parameters.variance}) {
    const std::vector<std::int64_t> wanted{static_cast<std::int64_t>(value.shape.channels)};
    call.require(t->dims == wanted, text("numbers for ", value.shape.channels, " channels"),
                 dims_text(t->dims));
  }
  // Zero is not an epsilon that training could live with; this one leaves every float as it is.
  const nn::BatchNorm norm{.epsilon = epsilon == 0.0 ? 1e-30 : epsilon};
  call.emit(call.add(norm, {value.layer}, with_names(call, std::move(parameters), {1, 2, 3, 4})),
            value.dims.size());
}

/// A layer that leaves a value's dimensions as they are.
template <class L>
void emit_pointwise(OnnxCall& call, OnnxValue value, L layer) {
  value.layer = call.add(std::move(layer), {value.layer});
  call.graph.layers()[value.layer].output = call.node.outputs[0];
  call.result(std::move(value));
}

template <class L>
void read_pointwise(OnnxCall& call, L layer) {
  emit_pointwise(call, call.images(0), std::move(layer));
}

/// scale * x + shift, each one number or one a channel: a batch norm whose statistics are 0 and 1.
inline void emit_affine(OnnxCall& call, const OnnxValue& value, std::vector<float> scale,
                        std::vector<float> shift, std::string_view part = {}) {
  const std::size_t channels = value.shape.channels;
  call.graph.spend(call.where(), channels * 4 * sizeof(float));
  if (scale.size() == 1) scale.resize(channels, scale[0]);
  if (shift.size() == 1) shift.resize(channels, shift[0]);
  const auto tensor = [](const std::vector<float>& values) {
    return OnnxTensor::from(OnnxType::f32, std::span(values),
                            {static_cast<std::int64_t>(values.size())});
  };
  OnnxParameters parameters{.weight = tensor(scale),
                            .bias = tensor(shift),
                            .mean = tensor(std::vector<float>(channels, 0.0f)),
                            .variance = tensor(std::vector<float>(channels, 1.0f))};
  const std::size_t layer =
      call.add(nn::BatchNorm{.epsilon = 1e-30}, {value.layer}, std::move(parameters), part);
  call.emit(layer, value.dims.size());
}

inline void read_hard_sigmoid(OnnxCall& call) {
  const double alpha = call.real("alpha", 0.2f);
  const double beta = call.real("beta", 0.5f);
  if (std::fabs(alpha - 1.0 / 6.0) < 1e-7 && beta == 0.5) {
    read_pointwise(call, nn::HardSigmoid{});
    return;
  }
  emit_affine(call, call.channels(0), {static_cast<float>(alpha)}, {static_cast<float>(beta)},
              "line");
  OnnxValue line = call.made(0);
  line.layer = call.add(nn::Clip{.low = 0.0, .high = 1.0}, {line.layer});
  call.emit(line.layer, line.dims.size());
}

inline void read_clip(OnnxCall& call) {
  constexpr double most = std::numeric_limits<float>::max();
  double low = call.real("min", std::numeric_limits<float>::lowest());
  double high = call.real("max", std::numeric_limits<float>::max());
  if (call.node.has_input(1)) low = call.weights(1, "a limit").real(0);
  if (call.node.has_input(2)) high = call.weights(2, "a limit").real(0);
  call.require(!std::isnan(low) && !std::isnan(high), "limits", "NaN");
  low = std::max(low, -most);
  high = std::min(high, most);
  if (low == 0.0 && high == most) {
    read_pointwise(call, nn::Relu{});
  } else {
    read_pointwise(call, nn::Clip{.low = low, .high = high});
  }
}

inline void read_softmax(OnnxCall& call) {
  const OnnxValue& value = call.flat(0);
  const std::int64_t axis = call.integer("axis", call.opset < 13 ? 1 : -1);
  call.require(axis == 1 || axis == -1, "a softmax over a flat vector", text("axis ", axis));
  call.emit(call.add(nn::Softmax{}, {value.layer}), 1);
}

inline void read_dropout(OnnxCall& call) {
  double ratio = call.real("ratio", 0.5f);
  call.ignore("seed");
  if (call.node.has_input(1)) ratio = call.weights(1, "a ratio").real(0);
  if (call.node.has_input(2)) {
    const OnnxTensor& training = call.constant(2, "training_mode");
    call.require(training.size() == 1 && training.integer(0) == 0, "inference", "training_mode");
  }
  read_pointwise(call, nn::Dropout{.drop = ratio});
}

inline void read_layer_norm(OnnxCall& call) {
  const OnnxValue& value = call.flat(0);
  const std::int64_t axis = call.integer("axis", -1);
  call.require(axis == -1 || axis == 1, "axis -1", text(axis));
  call.ignore("stash_type");
  const OnnxTensor& weight = call.weights(1, "a scale");
  OnnxTensor bias = OnnxTensor::owning(OnnxType::f32, {1}, std::vector<std::uint8_t>(4, 0));
  if (call.node.has_input(2)) bias = call.weights(2, "a bias");
  call.require(weight.size() == value.shape.channels && is_row(bias, value.shape.channels),
               text("numbers for ", value.shape.channels, " channels"), dims_text(weight.dims));
  const nn::LayerNorm norm{.epsilon = call.real("epsilon", 1e-5f)};
  call.emit(
      call.add(norm, {value.layer}, with_names(call, {.weight = weight, .bias = bias}, {1, 2})), 1);
}

}  // namespace gtap::detail
