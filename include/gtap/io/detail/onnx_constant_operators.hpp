#pragma once

#include <gtap/io/detail/onnx_call.hpp>
#include <gtap/io/detail/onnx_folding.hpp>
#include <gtap/io/detail/onnx_graph.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::detail {

// Operators on constants, whose results are constants again.

/// The sizes that Reshape asks for, of a value with these sizes.
inline std::vector<std::int64_t> reshaped_dims(OnnxCall& call, std::vector<std::int64_t> from,
                                               std::vector<std::int64_t> target) {
  const bool zeros_copy = call.integer("allowzero", 0) == 0;
  std::int64_t known = 1;
  std::optional<std::size_t> inferred;
  const auto product = static_cast<std::int64_t>(dims_product(call.where(), from));
  for (std::size_t k = 0; k < target.size(); ++k) {
    if (target[k] == 0 && zeros_copy) {
      call.require(k < from.size(), "a size to copy", text("size 0 at ", k));
      target[k] = from[k];
    }
    if (target[k] == -1) {
      call.require(!inferred, "one size of -1", "several");
      inferred = k;
    } else {
      const std::int64_t size = target[k];
      call.require(size > 0 && known <= product / size, "sizes of as many numbers",
                   text(dims_text(from), " as ", dims_text(target)));
      known *= size;
    }
  }
  if (inferred && product % known == 0) target[*inferred] = product / known;
  call.require(inferred ? product % known == 0 : product == known, "sizes of as many numbers",
               text(dims_text(from), " as ", dims_text(target)));
  return target;
}

/// The ranges that Slice takes of each axis.
inline std::vector<OnnxRange> slice_ranges(OnnxCall& call, std::span<const std::int64_t> dims) {
  const auto starts = call.list("starts", 1);
  const auto ends = call.list("ends", 2);
  auto axes = call.list("axes", 3);
  auto steps = call.node.has_input(4) ? call.list("steps", 4) : std::nullopt;
  call.require(starts && ends, "starts and ends", "none");
  if (!axes) {
    axes.emplace(starts->size());
    std::iota(axes->begin(), axes->end(), 0);
  }
  if (!steps) steps.emplace(starts->size(), 1);
  call.require(starts->size() == ends->size() && starts->size() == axes->size() &&
                   starts->size() == steps->size(),
               "as many starts as ends, axes and steps", "other numbers of them");
  std::vector<OnnxRange> ranges;
  for (const std::int64_t size : dims)
    ranges.push_back({0, 1, size});
  for (std::size_t k = 0; k < starts->size(); ++k) {
    const std::size_t axis = onnx_axis(call.where(), (*axes)[k], dims.size());
    ranges[axis] = onnx_range(call.where(), (*starts)[k], (*ends)[k], (*steps)[k], dims[axis]);
  }
  return ranges;
}

/// The sizes after Squeeze or Unsqueeze.
inline std::vector<std::int64_t> squeezed_dims(OnnxCall& call, std::vector<std::int64_t> dims) {
  auto axes = call.list("axes", 1);
  if (call.node.op == "Unsqueeze") {
    call.require(axes.has_value(), "axes", "none");
    const std::size_t rank = dims.size() + axes->size();
    std::vector<bool> added(rank, false);
    for (const std::int64_t axis : *axes) {
      const std::size_t at = onnx_axis(call.where(), axis, rank);
      call.require(!added[at], "different axes", text("axis ", axis, " twice"));
      added[at] = true;
    }
    std::vector<std::int64_t> result;
    std::size_t next = 0;
    for (std::size_t k = 0; k < rank; ++k)
      result.push_back(added[k] ? 1 : dims[next++]);
    return result;
  }
  std::vector<bool> gone(dims.size(), false);
  for (std::size_t k = 0; !axes && k < dims.size(); ++k)
    gone[k] = dims[k] == 1;
  for (const std::int64_t axis : axes.value_or(std::vector<std::int64_t>{})) {
    const std::size_t at = onnx_axis(call.where(), axis, dims.size());
    call.require(dims[at] == 1, "axes of size 1 to leave out",
                 text("axis ", axis, " of ", dims[at]));
    gone[at] = true;
  }
  std::vector<std::int64_t> result;
  for (std::size_t k = 0; k < dims.size(); ++k) {
    if (!gone[k]) result.push_back(dims[k]);
  }
  return result;
}

/// A permutation of axes, by default the reverse.
inline std::vector<std::int64_t> transpose_axes(OnnxCall& call, std::size_t rank) {
  std::vector<std::int64_t> reversed(rank);
  for (std::size_t k = 0; k < rank; ++k)
    reversed[k] = static_cast<std::int64_t>(rank - 1 - k);
  std::vector<std::int64_t> perm = call.integers("perm").value_or(reversed);
  std::vector<std::int64_t> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  std::reverse(reversed.begin(), reversed.end());
  call.require(sorted == reversed, text("an order of ", rank, " axes"), dims_text(perm));
  return perm;
}

inline void fold_constant(OnnxCall& call) {
  using Kind = OnnxAttribute::Kind;
  if (const auto* one = call.attribute("value", Kind::tensor); one != nullptr && one->t) {
    call.result({.kind = OnnxValue::constant, .tensor = *one->t});
  } else if (const auto* i = call.attribute("value_int", Kind::integer)) {
    call.fold(OnnxTensor::from({i->i}, {}));
  } else if (const auto* is = call.attribute("value_ints", Kind::integers)) {
    call.fold(OnnxTensor::from(is->is, {static_cast<std::int64_t>(is->is.size())}));
  } else if (const auto* f = call.attribute("value_float", Kind::real)) {
    call.fold(OnnxTensor::from(OnnxType::f32, std::span<const float>(&f->f, 1), {}));
  } else if (const auto* fs = call.attribute("value_floats", Kind::reals)) {
    call.fold(OnnxTensor::from(OnnxType::f32, std::span<const float>(fs->fs),
                               {static_cast<std::int64_t>(fs->fs.size())}));
  } else {
    call.refuse("a constant of numbers", "none");
  }
}

inline void fold_shape(OnnxCall& call) {
  const OnnxValue& value = call.input(0);
  std::vector<std::int64_t> dims = value.tensor.dims;
  if (value.kind == OnnxValue::images) {
    dims = value.dims;
    dims.insert(dims.begin(), onnx_batch);
  }
  const auto rank = static_cast<std::int64_t>(dims.size());
  call.require(call.integer("start", 0) == 0 && call.integer("end", rank) == rank, "a whole shape",
               "a part of one");
  call.fold(OnnxTensor::from(dims, {rank}));
}

inline void fold_filled(OnnxCall& call) {
  const std::vector<std::int64_t> dims = call.constant(0, "a shape").integers();
  const auto* value = call.attribute("value", OnnxAttribute::tensor);
  const float zero = 0.0f;
  const OnnxTensor one =
      value != nullptr && value->t
          ? *value->t
          : OnnxTensor::from(OnnxType::f32, std::span<const float>(&zero, 1), {});
  call.require(one.size() == 1, "one number to fill with", dims_text(one.dims));
  const std::size_t size = dims_product(call.where(), dims);
  call.require(size <= std::size_t{1} << 31, "a small constant", dims_text(dims));
  call.graph.spend(call.where(), size * onnx_type_bytes(one.type));
  const auto first = [](const std::vector<std::int64_t>&) { return 0; };
  call.result({.kind = OnnxValue::constant, .tensor = fold_moved(call.where(), one, dims, first)});
}

inline void fold_gather(OnnxCall& call) {
  const OnnxTensor& from = call.constant(0, "what is gathered from");
  const OnnxTensor& indices = call.constant(1, "indices");
  call.require(!indices.is_real(), "whole numbers as indices", onnx_type_name(indices.type));
  const std::size_t axis = onnx_axis(call.where(), call.integer("axis", 0), from.dims.size());
  const std::size_t size = static_cast<std::size_t>(from.dims[axis]);
  const std::size_t row = size == 0 ? 0 : from.bytes.size() / size;
  if (row != 0) call.require(indices.size() <= (std::size_t{1} << 31) / row, "few indices", "many");
  call.graph.spend(call.where(), row * indices.size());
  call.result(
      {.kind = OnnxValue::constant, .tensor = fold_gather(call.where(), from, indices, axis)});
}

inline void fold_concat(OnnxCall& call) {
  std::vector<OnnxTensor> parts;
  for (std::size_t k = 0; k < call.node.inputs.size(); ++k)
    parts.push_back(call.constant(k, "a part"));
  call.fold(fold_concat(call.where(), parts,
                        onnx_axis(call.where(), call.integer("axis", 0), parts[0].dims.size())));
}

inline void fold_same_numbers(OnnxCall& call) {
  OnnxTensor tensor = call.constant(0, "what is reshaped");
  if (call.node.op == "Reshape") {
    tensor.dims = reshaped_dims(call, tensor.dims, call.constant(1, "a shape").integers());
  } else if (call.node.op == "Squeeze" || call.node.op == "Unsqueeze") {
    tensor.dims = squeezed_dims(call, tensor.dims);
  }
  call.result({.kind = OnnxValue::constant, .tensor = std::move(tensor)});
}

/// Floor and Ceil.
inline void fold_rounded(OnnxCall& call) {
  const OnnxTensor& from = call.weights(0, "what is rounded");
  std::vector<float> values(from.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = from.real(i);
    values[i] = static_cast<float>(call.node.op == "Floor" ? std::floor(x) : std::ceil(x));
  }
  call.fold(OnnxTensor::from(OnnxType::f32, std::span<const float>(values), from.dims));
}

inline void fold_arithmetic(OnnxCall& call, char op) {
  call.fold(fold_arithmetic(call.where(), op, call.constant(0, "a number"),
                            call.constant(1, "a number")));
}

/// What is done with a node all of whose inputs are constants.
inline const std::map<std::string_view, void (*)(OnnxCall&)>& onnx_folding() {
  static const std::map<std::string_view, void (*)(OnnxCall&)> table{
      {"Constant", fold_constant},
      {"Shape", fold_shape},
      {"ConstantOfShape", fold_filled},
      {"Gather", fold_gather},
      {"Concat", fold_concat},
      {"Reshape", fold_same_numbers},
      {"Squeeze", fold_same_numbers},
      {"Unsqueeze", fold_same_numbers},
      {"Identity", fold_same_numbers},
      {"Floor", fold_rounded},
      {"Ceil", fold_rounded},
      {"Add", [](OnnxCall& call) { fold_arithmetic(call, '+'); }},
      {"Sub", [](OnnxCall& call) { fold_arithmetic(call, '-'); }},
      {"Mul", [](OnnxCall& call) { fold_arithmetic(call, '*'); }},
      {"Div", [](OnnxCall& call) { fold_arithmetic(call, '/'); }},
      {"Slice",
       [](OnnxCall& call) {
         const OnnxTensor& from = call.constant(0, "what is sliced");
         call.fold(fold_slice(call.where(), from, slice_ranges(call, from.dims)));
       }},
      {"Transpose",
       [](OnnxCall& call) {
         const OnnxTensor& from = call.constant(0, "what is transposed");
         call.fold(fold_transpose(call.where(), from, transpose_axes(call, from.dims.size())));
       }},
      {"Cast", [](OnnxCall& call) {
         const OnnxTensor& from = call.constant(0, "what is cast");
         call.fold(fold_cast(call.where(), from, static_cast<OnnxType>(call.integer("to", 0))));
       }}};
  return table;
}

}  // namespace gtap::detail
