#pragma once

#include <gtap/io/detail/onnx_call.hpp>
#include <gtap/io/detail/onnx_graph.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace gtap::detail {

// Operators that are layers.

/// A window's settings along both pixel dimensions; an image of one dimension is one row.
struct OnnxWindow {
  nn::Extent kernel = 1;
  nn::Extent stride = 1;
  nn::Extent dilation = 1;
  nn::Extent before = 0;  ///< padding at the top and at the left
  nn::Extent after = 0;   ///< at the bottom and at the right
  bool given = false;     ///< whether the kernel is an attribute
};

inline nn::Extent read_extent(OnnxCall& call, std::string_view name, std::size_t rank,
                              std::size_t otherwise, std::int64_t least) {
  const auto list = call.integers(name);
  if (!list) return otherwise;
  call.require(list->size() == rank, text(rank, " numbers as ", name), dims_text(*list));
  const std::size_t last = call.size(list->back(), name, least);
  return {rank == 1 ? otherwise : call.size(list->front(), name, least), last};
}

/// `kernel` is the weight's where the file does not say it.
inline OnnxWindow read_window(OnnxCall& call, const OnnxValue& value,
                              std::span<const std::int64_t> kernel = {}) {
  const std::size_t rank = value.dims.size() - 1;
  OnnxWindow w;
  w.given = call.node.find("kernel_shape") != nullptr;
  w.kernel = read_extent(call, "kernel_shape", rank, 1, 1);
  w.stride = read_extent(call, "strides", rank, 1, 1);
  w.dilation = read_extent(call, "dilations", rank, 1, 1);
  if (!kernel.empty()) {
    const nn::Extent own{rank == 1 ? 1 : call.size(kernel[0], "a kernel", 1),
                         call.size(kernel.back(), "a kernel", 1)};
    call.require(!w.given || w.kernel == own, text("a kernel of ", own), text(w.kernel));
    w.kernel = own;
  } else {
    call.require(w.given, "a kernel_shape", "none");
  }
  const std::string pad = call.string("auto_pad", "NOTSET");
  const auto pads = call.integers("pads");
  if (pad == "SAME_UPPER" || pad == "SAME_LOWER") {
    const auto same = [&](std::size_t in, std::size_t size, std::size_t step, std::size_t holes,
                          std::size_t& before, std::size_t& after) {
      const std::size_t needed = ((in + step - 1) / step - 1) * step + (size - 1) * holes + 1;
      const std::size_t all = needed > in ? needed - in : 0;
      before = pad == "SAME_UPPER" ? all / 2 : all - all / 2;
      after = all - before;
    };
    same(value.shape.height, w.kernel.height, w.stride.height, w.dilation.height, w.before.height,
         w.after.height);
    same(value.shape.width, w.kernel.width, w.stride.width, w.dilation.width, w.before.width,
         w.after.width);
    return w;
  }
  call.require(pad == "NOTSET" || pad == "VALID" || pad.empty(), "a known auto_pad",
               quote_name(pad));
  if (!pads || pad == "VALID") return w;
  call.require(pads->size() == 2 * rank, text(2 * rank, " pads"), dims_text(*pads));
  w.before.width = call.size((*pads)[rank - 1], "a pad");
  w.after.width = call.size(pads->back(), "a pad");
  if (rank == 2) {
    w.before.height = call.size((*pads)[0], "a pad");
    w.after.height = call.size((*pads)[2], "a pad");
  }
  return w;
}

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

/// Pixels of padding after the last that windows reach, where they start with `before`.
inline std::size_t pool_reach(std::size_t in, std::size_t size, std::size_t stride,
                              std::size_t before, std::size_t after, bool ceil) {
  const std::size_t all = in + before + after;
  if (all < size) return after;
  std::size_t windows = (all - size + (ceil ? stride - 1 : 0)) / stride + 1;
  // A window that would begin past the image is none.
  if (ceil && (windows - 1) * stride >= in + before) --windows;
  const std::size_t end = (windows - 1) * stride + size;
  return end > in + before ? end - in - before : 0;
}

inline void read_pool(OnnxCall& call) {
  const OnnxValue& value = call.pixels(0);
  const bool largest = call.node.op == "MaxPool";
  const OnnxWindow w = read_window(call, value);
  call.require(w.dilation == nn::Extent(1), "no dilation", text(w.dilation));
  call.ignore("storage_order");
  call.require(call.node.outputs.size() == 1, "1 output", text(call.node.outputs.size()));
  const bool ceil = call.integer("ceil_mode", 0) != 0;
  const bool counts = largest || call.integer("count_include_pad", 0) != 0;
  const nn::Extent reach{pool_reach(value.shape.height, w.kernel.height, w.stride.height,
                                    w.before.height, w.after.height, ceil),
                         pool_reach(value.shape.width, w.kernel.width, w.stride.width,
                                    w.before.width, w.after.width, ceil)};
  const nn::Extent extra{reach.height > w.before.height ? reach.height - w.before.height : 0,
                         reach.width > w.before.width ? reach.width - w.before.width : 0};
  // Padding before that has none after it may give one window too many.
  const auto windows = [](std::size_t in, std::size_t size, std::size_t stride, std::size_t before,
                          std::size_t after) { return (in + before + after - size) / stride; };
  const bool fits =
      windows(value.shape.height, w.kernel.height, w.stride.height, w.before.height,
              reach.height) == windows(value.shape.height, w.kernel.height, w.stride.height,
                                       w.before.height, w.before.height + extra.height) &&
      windows(value.shape.width, w.kernel.width, w.stride.width, w.before.width, reach.width) ==
          windows(value.shape.width, w.kernel.width, w.stride.width, w.before.width,
                  w.before.width + extra.width);
  call.require(fits, "no less padding after the image than before it",
               text(w.before, " before, ", w.after, " after"));
  const std::size_t rank = value.dims.size();
  if (largest) {
    const nn::MaxPool2d pool{
        .size = w.kernel, .stride = w.stride, .padding = w.before, .extra = extra};
    call.emit(call.add(pool, {value.layer}), rank);
    return;
  }
  const bool beyond = reach.height > w.after.height || reach.width > w.after.width;
  call.require(!counts || !beyond, "windows within the counted padding", "ceil_mode past it");
  const nn::AvgPool2d pool{.size = w.kernel,
                           .stride = w.stride,
                           .padding = w.before,
                           .extra = extra,
                           .count_padding = counts};
  call.emit(call.add(pool, {value.layer}), rank);
}

/// GlobalAveragePool, GlobalMaxPool, and ReduceMean and ReduceMax over all pixels.
inline void read_global_pool(OnnxCall& call) {
  const OnnxValue& value = call.pixels(0);
  const bool reduces = call.node.op.starts_with("Reduce");
  const std::size_t rank = value.dims.size();
  std::size_t dims = rank;
  if (reduces) {
    auto axes = call.list("axes", 1);
    call.require(axes.has_value(), "a mean over pixels", "one over all");
    for (std::int64_t& axis : *axes)
      axis = static_cast<std::int64_t>(onnx_axis(call.where(), axis, rank + 1));
    std::sort(axes->begin(), axes->end());
    const std::vector<std::int64_t> all =
        rank == 2 ? std::vector<std::int64_t>{2} : std::vector<std::int64_t>{2, 3};
    call.require(*axes == all, text("all pixels, axes ", dims_text(all)), dims_text(*axes));
    call.ignore("noop_with_empty_axes");
    if (call.integer("keepdims", 1) == 0) dims = 1;
  }
  const bool largest = call.node.op == "GlobalMaxPool" || call.node.op == "ReduceMax";
  std::size_t layer = 0;
  const std::string_view part = dims < rank ? "pool" : "";
  if (largest) {
    layer = call.add(nn::GlobalMaxPool{}, {value.layer}, {}, part);
  } else {
    layer = call.add(nn::GlobalAvgPool{}, {value.layer}, {}, part);
  }
  if (dims < rank) layer = call.add(nn::Flatten{}, {layer});
  call.emit(layer, dims);
}

template <class L>
void read_pointwise(OnnxCall& call, L layer) {
  const OnnxValue& value = call.images(0);
  OnnxValue result = value;
  result.layer = call.add(std::move(layer), {value.layer});
  call.graph.layers()[result.layer].output = call.node.outputs[0];
  call.result(std::move(result));
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
