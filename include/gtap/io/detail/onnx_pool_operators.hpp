#pragma once

#include <gtap/io/detail/onnx_call.hpp>
#include <gtap/io/detail/onnx_graph.hpp>
#include <gtap/io/detail/onnx_window.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gtap::detail {

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

}  // namespace gtap::detail
