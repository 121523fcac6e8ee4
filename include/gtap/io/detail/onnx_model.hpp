#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/onnx_tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gtap::detail {

// What an ONNX file holds, as far as gtap reads it.

struct OnnxAttribute {
  enum Kind { real = 1, integer = 2, string = 3, tensor = 4, reals = 6, integers = 7, other = 0 };
  std::string name;
  Kind kind = other;
  float f = 0.0f;
  std::int64_t i = 0;
  std::string s;
  std::vector<float> fs;
  std::vector<std::int64_t> is;
  std::optional<OnnxTensor> t;
};

struct OnnxNode {
  std::string name;
  std::string op;
  std::string domain;
  std::vector<std::string> inputs;  ///< an empty name: left out
  std::vector<std::string> outputs;
  std::vector<OnnxAttribute> attributes;

  /// The name of the node, or of its first output where it has none.
  const std::string& label() const { return name.empty() && !outputs.empty() ? outputs[0] : name; }

  bool has_input(std::size_t k) const { return k < inputs.size() && !inputs[k].empty(); }

  const OnnxAttribute* find(std::string_view attribute) const {
    for (const OnnxAttribute& one : attributes) {
      if (one.name == attribute) return &one;
    }
    return nullptr;
  }
};

/// One dimension of an input: a size, or a name (or nothing) where it is dynamic.
struct OnnxDimension {
  std::optional<std::int64_t> size;
  std::string name;
};

struct OnnxInput {
  std::string name;
  OnnxType type = OnnxType::none;
  std::optional<std::vector<OnnxDimension>> dims;
};

struct OnnxModel {
  std::int64_t ir_version = 0;
  std::int64_t opset = 0;  ///< of the default domain; 0: none
  std::vector<OnnxNode> nodes;
  std::map<std::string, OnnxTensor> initializers;
  std::vector<OnnxInput> inputs;  ///< those that are no initializers
  std::vector<OnnxInput> outputs;
  std::map<std::string, std::string> metadata;
  std::string name;
};

}  // namespace gtap::detail
