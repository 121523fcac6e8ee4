#pragma once

#include <gtap/io/detail/onnx_call.hpp>
#include <gtap/io/detail/onnx_graph.hpp>
#include <gtap/io/detail/onnx_layer_operators.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gtap::detail {

// Add, Sub, Mul and Div of images and constants, or of images and images.

/// A constant's numbers for images: one, or one a channel.
inline std::vector<float> channel_numbers(OnnxCall& call, const OnnxValue& value,
                                          const OnnxTensor& tensor) {
  // Dimensions are counted from the last one; images have one for the batch more.
  const std::size_t rank = value.dims.size() + 1;
  bool fits = tensor.dims.size() <= rank;
  for (std::size_t k = 0; fits && k < tensor.dims.size(); ++k) {
    const std::size_t axis = rank - tensor.dims.size() + k;
    const std::int64_t size = tensor.dims[k];
    fits = size == 1 || (axis == 1 && size == static_cast<std::int64_t>(value.shape.channels));
  }
  call.require(fits, text("one number, or one for each of ", value.shape.channels, " channels"),
               dims_text(tensor.dims));
  std::vector<float> numbers(tensor.size());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = static_cast<float>(tensor.real(i));
  return numbers;
}

/// An Add after a Dense or Conv2d without bias, whose result nobody else reads, is its bias.
inline bool becomes_bias(OnnxCall& call, std::size_t k, const OnnxTensor& tensor) {
  const OnnxValue& value = call.channels(k);
  if (value.layer == nn::network_input || !call.only_reader(k)) return false;
  OnnxLayer& layer = call.graph.layers()[value.layer];
  const auto mixes = [&](auto* mixing) {
    if (mixing == nullptr || mixing->bias || layer.output != call.node.inputs[k]) return false;
    const std::vector<float> numbers = channel_numbers(call, value, tensor);
    mixing->bias = true;
    layer.parameters.bias = OnnxTensor::from(OnnxType::f32, std::span(numbers),
                                             {static_cast<std::int64_t>(numbers.size())});
    layer.parameters.names.push_back(call.node.inputs[1 - k]);
    return true;
  };
  if (!mixes(std::get_if<nn::Dense>(&layer.layer)) &&
      !mixes(std::get_if<nn::Conv2d>(&layer.layer))) {
    return false;
  }
  call.emit(value.layer, value.dims.size());
  return true;
}

/// One of two inputs is a constant, number `c`.
inline void read_with_constant(OnnxCall& call, std::size_t c) {
  const std::string& op = call.node.op;
  const OnnxValue& value = call.channels(1 - c);
  const OnnxTensor& tensor = call.weights(c, "a number");
  if (op == "Add" && becomes_bias(call, 1 - c, tensor)) return;
  std::vector<float> numbers = channel_numbers(call, value, tensor);
  if (op == "Add") {
    emit_affine(call, value, {1.0f}, std::move(numbers));
  } else if (op == "Mul") {
    emit_affine(call, value, std::move(numbers), {0.0f});
  } else if (op == "Sub") {
    if (c == 1) {
      for (float& x : numbers)
        x = -x;
    }
    emit_affine(call, value, {c == 1 ? 1.0f : -1.0f}, std::move(numbers));
  } else {
    call.require(c == 1, "images divided by a constant", "a constant divided by images");
    for (float& x : numbers) {
      call.require(x != 0.0f, "a divisor other than 0", "0");
      x = 1.0f / x;
    }
    emit_affine(call, value, std::move(numbers), {0.0f});
  }
}

inline void read_sum(OnnxCall& call) {
  const OnnxValue& first = call.channels(0);
  if (call.node.inputs.size() == 1) {
    call.result(first);
    return;
  }
  std::vector<std::size_t> inputs;
  for (std::size_t k = 0; k < call.node.inputs.size(); ++k) {
    const OnnxValue& value = call.channels(k);
    call.require(value.dims == first.dims, "images of one shape",
                 text(dims_text(first.dims), " and ", dims_text(value.dims)));
    inputs.push_back(value.layer);
  }
  call.emit(call.add(nn::Add{}, std::move(inputs)), first.dims.size());
}

inline void read_product(OnnxCall& call) {
  const OnnxValue* first = &call.channels(0);
  const OnnxValue* second = &call.channels(1);
  const bool rank = first->dims.size() == second->dims.size();
  if (first->shape.pixels() == 1 && second->shape.pixels() > 1) std::swap(first, second);
  const bool one_a_channel = second->shape == nn::Shape{first->shape.channels, 1, 1};
  call.require(rank && (first->shape == second->shape || one_a_channel),
               "images of one shape, or one number a channel",
               text(dims_text(first->dims), " and ", dims_text(second->dims)));
  call.emit(call.add(nn::Multiply{}, {first->layer, second->layer}), first->dims.size());
}

inline void read_arithmetic(OnnxCall& call) {
  call.require(call.node.inputs.size() == 2, "2 inputs", text(call.node.inputs.size()));
  if (call.is_constant(0) || call.is_constant(1)) {
    read_with_constant(call, call.is_constant(0) ? 0 : 1);
  } else if (call.node.op == "Add") {
    read_sum(call);
  } else if (call.node.op == "Mul") {
    read_product(call);
  } else {
    call.refuse("a constant", "images and images");
  }
}

}  // namespace gtap::detail
