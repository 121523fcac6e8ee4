#pragma once

#include <gtap/io/detail/onnx_tensor.hpp>
#include <gtap/io/detail/protobuf.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Writes ONNX files for tests, right ones and wrong ones.
class OnnxBytes {
 public:
  using Ints = std::vector<std::int64_t>;
  using Floats = std::vector<float>;
  using Names = std::vector<std::string>;
  using Writer = gtap::detail::ProtoWriter;

  std::int64_t opset = 13;
  Writer graph;

  /// An attribute of a node.
  struct Attribute {
    std::string name;
    Writer content;
    Attribute(std::string n, std::int64_t i) : name(std::move(n)) {
      content.integer(3, i);
      content.number(20, 2);
    }
    Attribute(std::string n, int i) : Attribute(std::move(n), std::int64_t{i}) {}
    Attribute(std::string n, float f) : name(std::move(n)) {
      content.real(2, f);
      content.number(20, 1);
    }
    Attribute(std::string n, const char* s) : name(std::move(n)) {
      content.string(4, s);
      content.number(20, 3);
    }
    Attribute(std::string n, const Ints& is) : name(std::move(n)) {
      for (const std::int64_t i : is)
        content.integer(8, i);
      content.number(20, 7);
    }
  };

  void node(const std::string& op, const Names& inputs, const Names& outputs,
            const std::vector<Attribute>& attributes = {}, const std::string& name = "",
            const std::string& domain = "") {
    Writer node;
    for (const std::string& one : inputs)
      node.string(1, one);
    for (const std::string& one : outputs)
      node.string(2, one);
    if (!name.empty()) node.string(3, name);
    node.string(4, op);
    for (const Attribute& one : attributes) {
      Writer attribute = one.content;
      attribute.string(1, one.name);
      node.message(5, attribute);
    }
    if (!domain.empty()) node.string(7, domain);
    graph.message(1, node);
  }

  static Writer tensor(const std::string& name, const Floats& values, const Ints& dims) {
    Writer tensor;
    for (const std::int64_t d : dims)
      tensor.integer(1, d);
    tensor.number(2, 1);
    tensor.string(8, name);
    tensor.bytes(9, std::span(reinterpret_cast<const std::uint8_t*>(values.data()),
                              values.size() * sizeof(float)));
    return tensor;
  }
  void floats(const std::string& name, const Floats& values, const Ints& dims) {
    graph.message(5, tensor(name, values, dims));
  }
  void ints(const std::string& name, const Ints& values) {
    Writer tensor;
    tensor.integer(1, static_cast<std::int64_t>(values.size()));
    tensor.number(2, 7);
    for (const std::int64_t i : values)
      tensor.integer(7, i);
    tensor.string(8, name);
    graph.message(5, tensor);
  }

  /// -1 stands for a dimension that is open.
  void value(unsigned field, const std::string& name, const Ints& dims, std::int64_t type = 1) {
    Writer shape;
    for (const std::int64_t d : dims) {
      Writer dim;
      if (d < 0) {
        dim.string(2, "n");
      } else {
        dim.integer(1, d);
      }
      shape.message(1, dim);
    }
    Writer tensor;
    tensor.integer(1, type);
    tensor.message(2, shape);
    Writer whole;
    whole.message(1, tensor);
    Writer info;
    info.string(1, name);
    info.message(2, whole);
    graph.message(field, info);
  }
  void input(const Ints& dims, const std::string& name = "x") { value(11, name, dims); }
  void output(const std::string& name = "y") { value(12, name, {}); }

  std::vector<std::uint8_t> file() const {
    Writer version;
    version.integer(2, opset);
    Writer model;
    model.integer(1, 7);
    model.message(8, version);
    model.message(7, graph);
    return model.written();
  }
};
