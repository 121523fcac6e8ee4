#pragma once

#include <gtap/io/detail/onnx_call.hpp>
#include <gtap/io/detail/onnx_constant_operators.hpp>
#include <gtap/io/detail/onnx_graph.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gtap::detail {

// Operators that copy, join and pad channels and pixels.

/// Copies of channels; of what a ChannelPad made they are those of its input, or zeros.
inline void emit_selection(OnnxCall& call, const OnnxValue& value,
                           std::vector<std::int64_t> channels) {
  std::size_t from = value.layer;
  if (from != nn::network_input) {
    const OnnxLayer& before = call.graph.layers()[from];
    if (const auto* pad = std::get_if<nn::ChannelPad>(&before.layer)) {
      from = before.inputs[0];
      const auto first = static_cast<std::int64_t>(pad->before);
      const auto count = static_cast<std::int64_t>(call.graph.shape(from).channels);
      for (std::int64_t& c : channels)
        c = c >= first && c < first + count ? c - first : -1;
    }
  }
  call.graph.spend(call.where(), channels.size() * sizeof(std::int64_t));
  call.emit(call.add(nn::ChannelSelect{.channels = std::move(channels)}, {from}),
            value.dims.size());
}

inline void read_gather(OnnxCall& call) {
  const OnnxValue& value = call.channels(0);
  const OnnxTensor& indices = call.constant(1, "indices");
  const std::size_t axis = onnx_axis(call.where(), call.integer("axis", 0), value.dims.size() + 1);
  call.require(axis == 1 && indices.dims.size() == 1 && !indices.is_real(), "a list of channels",
               text("axis ", axis, ", indices ", dims_text(indices.dims)));
  std::vector<std::int64_t> channels = indices.integers();
  for (std::int64_t& c : channels)
    c = static_cast<std::int64_t>(onnx_axis(call.where(), c, value.shape.channels));
  emit_selection(call, value, std::move(channels));
}

inline void read_slice(OnnxCall& call) {
  const OnnxValue& value = call.channels(0);
  const std::vector<std::int64_t> dims = with_batch(value);
  const std::vector<OnnxRange> ranges = slice_ranges(call, dims);
  call.require(ranges[0].count == 1 && ranges[0].step == 1, "all images", "a slice of the batch");
  nn::Extent stride = 1;
  for (std::size_t k = 2; k < ranges.size(); ++k) {
    const OnnxRange& r = ranges[k];
    const bool every = r.first == 0 && r.step > 0 && r.count == (dims[k] - 1) / r.step + 1;
    call.require(every, "pixels from the first to the last, with a step",
                 text(r.count, " of ", dims[k], " from ", r.first));
    (k + 1 == ranges.size() ? stride.width : stride.height) = call.size(r.step, "a step", 1);
  }
  const OnnxRange& r = ranges[1];
  call.require(r.count > 0, "at least 1 channel", "none");
  std::size_t layer = value.layer;
  const bool strides = !(stride == nn::Extent(1));
  if (strides) {
    // Two slices, one for each direction, are one layer.
    if (layer != nn::network_input) {
      const OnnxLayer& before = call.graph.layers()[layer];
      const auto* pool = std::get_if<nn::MaxPool2d>(&before.layer);
      if (pool != nullptr && pool->size == nn::Extent(1) && pool->padding == nn::Extent(0)) {
        stride = {stride.height * pool->stride.height, stride.width * pool->stride.width};
        layer = before.inputs[0];
      }
    }
    const bool last = r.count == dims[1] && r.step == 1;
    layer = call.add(nn::MaxPool2d{.size = 1, .stride = stride}, {layer}, {}, last ? "" : "step");
  }
  if (r.step != 1) {
    std::vector<std::int64_t> channels;
    for (std::int64_t k = 0; k < r.count; ++k)
      channels.push_back(r.first + k * r.step);
    OnnxValue sliced = value;
    sliced.layer = layer;
    emit_selection(call, sliced, std::move(channels));
    return;
  }
  if (r.count != dims[1]) {
    const nn::ChannelSlice slice{.first = static_cast<std::size_t>(r.first),
                                 .count = static_cast<std::size_t>(r.count)};
    layer = call.add(slice, {layer});
  }
  if (layer == value.layer) {
    call.result(value);
  } else {
    call.emit(layer, value.dims.size());
  }
}

inline void read_split(OnnxCall& call) {
  const OnnxValue value = call.channels(0);
  const std::size_t axis = onnx_axis(call.where(), call.integer("axis", 0), value.dims.size() + 1);
  call.require(axis == 1, "a split of channels", text("axis ", axis));
  const std::size_t parts = call.node.outputs.size();
  auto sizes = call.list("split", 1);
  call.ignore("num_outputs");
  if (!sizes) {
    call.require(parts > 0 && value.shape.channels % parts == 0, "equal parts",
                 text(parts, " of ", value.shape.channels, " channels"));
    sizes.emplace(parts, static_cast<std::int64_t>(value.shape.channels / parts));
  }
  call.require(sizes->size() == parts, text(parts, " sizes"), text(sizes->size()));
  std::size_t first = 0;
  for (std::size_t k = 0; k < parts; ++k) {
    const std::size_t count = call.size((*sizes)[k], "a part", 1);
    call.emit(
        call.add(nn::ChannelSlice{.first = first, .count = count}, {value.layer}, {}, text(k)),
        value.dims.size(), k);
    first += count;
  }
  call.require(first == value.shape.channels, text(value.shape.channels, " channels in all"),
               text(first));
}

inline void read_concat(OnnxCall& call) {
  const std::size_t rank = call.channels(0).dims.size();
  const std::size_t axis = onnx_axis(call.where(), call.integer("axis", 0), rank + 1);
  call.require(axis == 1, "channels put together", text("axis ", axis));
  if (call.node.inputs.size() == 1) {
    call.result(call.images(0));
    return;
  }
  std::vector<std::size_t> inputs;
  for (std::size_t k = 0; k < call.node.inputs.size(); ++k) {
    call.require(call.channels(k).dims.size() == rank, "inputs of one number of dimensions",
                 dims_text(call.images(k).dims));
    inputs.push_back(call.images(k).layer);
  }
  call.emit(call.add(nn::Concat{}, std::move(inputs)), rank);
}

inline void read_pad(OnnxCall& call) {
  const OnnxValue& value = call.channels(0);
  call.require(call.string("mode", "constant") == "constant", "mode constant",
               quote_name(call.string("mode", "constant")));
  const bool fills = call.node.has_input(2);
  const double fill =
      fills ? call.weights(2, "what is padded with").real(0) : call.real("value", 0);
  call.require(fill == 0.0, "padding with zeros", text(fill));
  const auto given = call.list("pads", 1);
  const std::size_t rank = value.dims.size() + 1;
  std::vector<std::int64_t> axes;
  for (std::size_t k = 0; k < rank; ++k)
    axes.push_back(static_cast<std::int64_t>(k));
  if (call.node.has_input(3)) axes = *call.list("axes", 3);
  call.require(given && given->size() == 2 * axes.size(), text(2 * axes.size(), " pads"),
               given ? text(given->size()) : "none");
  std::vector<std::size_t> before(4, 0);
  std::vector<std::size_t> after(4, 0);
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const std::size_t axis = onnx_axis(call.where(), axes[k], rank);
    // An image of one dimension is one row.
    const std::size_t at = rank == 3 && axis == 2 ? 3 : axis;
    before[at] = call.size((*given)[k], "a pad");
    after[at] = call.size((*given)[axes.size() + k], "a pad");
  }
  call.require(before[0] + after[0] == 0, "no padding of the batch", "some");
  std::size_t layer = value.layer;
  const bool pixels = before[2] + after[2] + before[3] + after[3] > 0;
  if (pixels) {
    const nn::ZeroPad2d pad{
        .top = before[2], .bottom = after[2], .left = before[3], .right = after[3]};
    layer = call.add(pad, {layer}, {}, before[1] + after[1] > 0 ? "pixels" : "");
  }
  if (before[1] + after[1] > 0) {
    layer = call.add(nn::ChannelPad{.before = before[1], .after = after[1]}, {layer});
  }
  if (layer == value.layer) {
    call.result(value);
  } else {
    call.emit(layer, value.dims.size());
  }
}

/// Resize and Upsample by whole factors, each pixel becoming a block of equal ones.
inline void read_resize(OnnxCall& call) {
  const OnnxValue& value = call.pixels(0);
  const bool upsample = call.node.op == "Upsample";
  call.require(call.string("mode", "nearest") == "nearest", "mode nearest",
               quote_name(call.string("mode", "nearest")));
  const std::string places = call.string("coordinate_transformation_mode",
                                         upsample || call.opset < 11 ? "asymmetric" : "half_pixel");
  const std::string rounding =
      call.string("nearest_mode", upsample || call.opset < 11 ? "floor" : "round_prefer_floor");
  call.ignore("cubic_coeff_a");
  call.ignore("exclude_outside");
  call.ignore("extrapolation_value");
  call.require(call.integer("antialias", 0) == 0, "no antialiasing", "some");
  const std::vector<std::int64_t> dims = with_batch(value);
  std::vector<double> scales;
  const std::size_t at = upsample || call.opset < 11 ? 1 : 2;
  const auto* given = call.attribute("scales", OnnxAttribute::reals);
  if (given != nullptr) {
    scales.assign(given->fs.begin(), given->fs.end());
  } else if (call.node.has_input(at) && call.constant(at, "scales").size() > 0) {
    for (std::size_t k = 0; k < call.weights(at, "scales").size(); ++k)
      scales.push_back(call.weights(at, "scales").real(k));
  } else {
    const std::vector<std::int64_t> sizes = call.constant(3, "sizes").integers();
    for (std::size_t k = 0; k < sizes.size() && k < dims.size(); ++k) {
      const bool batch = k == 0 && (sizes[0] == onnx_batch || sizes[0] == call.fixed_batch);
      scales.push_back(batch ? 1.0 : static_cast<double>(sizes[k]) / static_cast<double>(dims[k]));
    }
  }
  call.require(scales.size() == dims.size(), text(dims.size(), " scales"), text(scales.size()));
  nn::Extent factor = 1;
  for (std::size_t k = 0; k < scales.size(); ++k) {
    const double s = scales[k];
    call.require(s >= 1.0 && s < 1e6 && s == std::floor(s) && (k >= 2 || s == 1.0),
                 "whole factors of height and width", text("factor ", s, " of axis ", k));
    if (k >= 2)
      (k + 1 == scales.size() ? factor.width : factor.height) = static_cast<std::size_t>(s);
  }
  const std::size_t most = std::max(factor.height, factor.width);
  const bool rounds = rounding == "round_prefer_floor" || rounding == "round_prefer_ceil";
  const bool blocks = (places == "asymmetric" && rounding == "floor") ||
                      (places == "asymmetric" && rounding == "round_prefer_floor" && most <= 2) ||
                      ((places == "half_pixel" || places == "pytorch_half_pixel") && rounds);
  call.require(blocks, "pixels that become blocks of equal ones", text(places, ", ", rounding));
  call.emit(call.add(nn::Upsample{.factor = factor}, {value.layer}), value.dims.size());
}

}  // namespace gtap::detail
