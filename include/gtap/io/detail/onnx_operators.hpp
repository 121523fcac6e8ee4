#pragma once

#include <gtap/io/detail/onnx_arithmetic_operators.hpp>
#include <gtap/io/detail/onnx_call.hpp>
#include <gtap/io/detail/onnx_channel_operators.hpp>
#include <gtap/io/detail/onnx_constant_operators.hpp>
#include <gtap/io/detail/onnx_layer_operators.hpp>
#include <gtap/io/detail/onnx_pool_operators.hpp>
#include <gtap/io/detail/onnx_shape_operators.hpp>

#include <map>
#include <string_view>

namespace gtap::detail {

/// What is done with a node that reads images.
inline const std::map<std::string_view, void (*)(OnnxCall&)>& onnx_operators() {
  static const std::map<std::string_view, void (*)(OnnxCall&)> table{
      {"Conv", read_conv},
      {"Gemm", read_gemm},
      {"MatMul", read_matmul},
      {"BatchNormalization", read_batch_norm},
      {"LayerNormalization", read_layer_norm},
      {"MaxPool", read_pool},
      {"AveragePool", read_pool},
      {"GlobalAveragePool", read_global_pool},
      {"GlobalMaxPool", read_global_pool},
      {"ReduceMean", read_global_pool},
      {"ReduceMax", read_global_pool},
      {"Clip", read_clip},
      {"HardSigmoid", read_hard_sigmoid},
      {"Softmax", read_softmax},
      {"Dropout", read_dropout},
      {"Relu", [](OnnxCall& call) { read_pointwise(call, nn::Relu{}); }},
      {"Sigmoid", [](OnnxCall& call) { read_pointwise(call, nn::Sigmoid{}); }},
      {"Tanh", [](OnnxCall& call) { read_pointwise(call, nn::Tanh{}); }},
      {"HardSwish", [](OnnxCall& call) { read_pointwise(call, nn::HardSwish{}); }},
      {"LeakyRelu",
       [](OnnxCall& call) {
         read_pointwise(call, nn::LeakyRelu{.slope = call.real("alpha", 0.01f)});
       }},
      {"Gelu",
       [](OnnxCall& call) {
         call.require(call.string("approximate", "none") == "none", "the exact form", "tanh");
         read_pointwise(call, nn::Gelu{});
       }},
      {"Add", read_arithmetic},
      {"Sub", read_arithmetic},
      {"Mul", read_arithmetic},
      {"Div", read_arithmetic},
      {"Sum", read_sum},
      {"Concat", read_concat},
      {"Split", read_split},
      {"Slice", read_slice},
      {"Gather", read_gather},
      {"Pad", read_pad},
      {"Resize", read_resize},
      {"Upsample", read_resize},
      {"Reshape", read_reshape},
      {"Flatten", read_flatten},
      {"Squeeze", read_squeeze},
      {"Unsqueeze", read_squeeze},
      {"Transpose", read_transpose},
      {"Shape", fold_shape},
      {"Identity", [](OnnxCall& call) { call.result(call.images(0)); }},
      {"Cast", [](OnnxCall& call) {
         const auto to = static_cast<OnnxType>(call.integer("to", 0));
         call.require(to == OnnxType::f32 || to == OnnxType::f64, "real numbers",
                      onnx_type_name(to));
         call.result(call.images(0));
       }}};
  return table;
}

}  // namespace gtap::detail
