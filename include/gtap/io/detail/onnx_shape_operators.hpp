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

// Operators that give images other dimensions.

inline void read_reshape(OnnxCall& call) {
  const OnnxValue& value = call.images(0);
  std::vector<std::int64_t> target = call.constant(1, "a shape").integers();
  call.require(!target.empty(), "a batch of any size", "no dimension");
  std::int64_t& batch = target[0];
  const bool any = batch == onnx_batch || batch == 0 || batch == call.fixed_batch;
  const bool inferred = batch == -1 && std::count(target.begin(), target.end(), -1) == 1;
  call.require(any || inferred, "a batch of any size", dims_text(target));
  batch = 1;
  std::vector<std::int64_t> dims = reshaped_dims(call, with_batch(value), std::move(target));
  dims.erase(dims.begin());
  call.reshaped(value, std::move(dims));
}

inline void read_flatten(OnnxCall& call) {
  const OnnxValue& value = call.images(0);
  const std::size_t rank = value.dims.size() + 1;
  const std::int64_t axis = call.integer("axis", 1);
  call.require(axis == 1 || axis == 1 - static_cast<std::int64_t>(rank), "axis 1", text(axis));
  call.reshaped(value, {static_cast<std::int64_t>(dims_product(call.where(), value.dims))});
}

inline void read_squeeze(OnnxCall& call) {
  const OnnxValue& value = call.images(0);
  std::vector<std::int64_t> dims = value.dims;
  dims.insert(dims.begin(), 2);  // the batch is of no size that could be left out
  dims = squeezed_dims(call, std::move(dims));
  call.require(dims[0] == 2, "the batch first", "a dimension before it");
  dims.erase(dims.begin());
  call.reshaped(value, std::move(dims));
}

inline void read_transpose(OnnxCall& call) {
  const OnnxValue& value = call.images(0);
  const std::vector<std::int64_t> perm = transpose_axes(call, value.dims.size() + 1);
  call.require(perm[0] == 0, "the batch first", dims_text(perm));
  std::vector<std::int64_t> dims;
  std::vector<std::int64_t> moved;  // axes with more than one place
  for (std::size_t k = 1; k < perm.size(); ++k) {
    const std::int64_t axis = perm[k] - 1;
    dims.push_back(value.dims[static_cast<std::size_t>(axis)]);
    if (dims.back() > 1) moved.push_back(axis);
  }
  if (std::is_sorted(moved.begin(), moved.end())) {
    call.reshaped(value, std::move(dims));
    return;
  }
  // [groups, channels, ...] to [channels, groups, ...] shuffles channels.
  bool shuffles = perm.size() >= 3 && perm[1] == 2 && perm[2] == 1 &&
                  static_cast<std::size_t>(dims[0] * dims[1]) == value.shape.channels;
  for (std::size_t k = 3; k < perm.size(); ++k)
    shuffles = shuffles && perm[k] == static_cast<std::int64_t>(k);
  call.require(shuffles, "an order that moves a flat vector or shuffles channels",
               text(dims_text(perm), " on ", dims_text(value.dims)));
  nn::ChannelSelect select;
  for (std::int64_t c = 0; c < dims[0]; ++c) {
    for (std::int64_t g = 0; g < dims[1]; ++g)
      select.channels.push_back(g * dims[0] + c);
  }
  call.graph.spend(call.where(), select.channels.size() * sizeof(std::int64_t));
  OnnxValue shuffled = value;
  shuffled.layer = call.add(std::move(select), {value.layer});
  shuffled.dims = std::move(dims);
  call.result(std::move(shuffled));
}

}  // namespace gtap::detail
