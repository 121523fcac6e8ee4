#pragma once

#include <gtap/io/detail/onnx_call.hpp>
#include <gtap/io/detail/onnx_graph.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gtap::detail {

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

}  // namespace gtap::detail
