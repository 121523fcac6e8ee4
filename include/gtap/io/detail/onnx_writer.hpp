#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/onnx_tensor.hpp>
#include <gtap/io/detail/protobuf.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::detail {

/// Writes the graph of an ONNX file, node by node.
class OnnxWriter {
 public:
  using Ints = std::vector<std::int64_t>;
  using Names = std::vector<std::string>;

  /// An attribute: a whole number, a real one, a text or a list of whole numbers.
  struct Attribute {
    ProtoWriter content;
    Attribute(std::string_view name, std::int64_t value) : Attribute(name, 2) {
      content.integer(3, value);
    }
    Attribute(std::string_view name, float value) : Attribute(name, 1) { content.real(2, value); }
    Attribute(std::string_view name, const char* value) : Attribute(name, 3) {
      content.string(4, value);
    }
    Attribute(std::string_view name, const Ints& values) : Attribute(name, 7) {
      for (const std::int64_t value : values)
        content.integer(8, value);
    }

   private:
    Attribute(std::string_view name, int kind) {
      content.string(1, name);
      content.integer(20, kind);
    }
  };

  /// A name of a value that nothing has yet: the wanted one, or that with a number.
  std::string free_name(const std::string& wanted) {
    std::string name = wanted;
    for (std::size_t k = 1; name.empty() || !taken_.insert(name).second; ++k)
      name = text(wanted, '_', k);
    return name;
  }

  void node(std::string_view op, const std::string& name, const Names& inputs,
            const std::string& output, const std::vector<Attribute>& attributes = {}) {
    ProtoWriter node;
    for (const std::string& input : inputs)
      node.string(1, input);
    node.string(2, output);
    node.string(3, name);
    node.string(4, op);
    for (const Attribute& one : attributes)
      node.message(5, one.content);
    graph_.message(1, node);
  }

  /// An initializer with raw data; returns its name.
  template <class N>
  std::string tensor(const std::string& wanted, std::span<const N> values, const Ints& dims) {
    const OnnxType type = std::same_as<N, float>    ? OnnxType::f32
                          : std::same_as<N, double> ? OnnxType::f64
                                                    : OnnxType::i64;
    const std::string name = free_name(wanted);
    ProtoWriter tensor;
    for (const std::int64_t d : dims)
      tensor.integer(1, d);
    tensor.integer(2, static_cast<std::int64_t>(type));
    tensor.string(8, name);
    tensor.bytes(
        9, std::span(reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()));
    initializers_.push_back(std::move(tensor));
    return name;
  }
  std::string ints(const std::string& wanted, const Ints& values) {
    return tensor(wanted, std::span(values), {static_cast<std::int64_t>(values.size())});
  }
  template <class N>
  std::string scalar(const std::string& wanted, N value) {
    return tensor(wanted, std::span<const N>(&value, 1), {});
  }

  /// Images of these sizes behind a batch of any size: an input (field 11) or an output (12).
  void value(unsigned field, const std::string& name, const std::string& batch, const Ints& dims,
             OnnxType type) {
    ProtoWriter shape;
    ProtoWriter any;
    any.string(2, batch);
    shape.message(1, any);
    for (const std::int64_t d : dims) {
      ProtoWriter dim;
      dim.integer(1, d);
      shape.message(1, dim);
    }
    ProtoWriter tensor;
    tensor.integer(1, static_cast<std::int64_t>(type));
    tensor.message(2, shape);
    ProtoWriter kind;
    kind.message(1, tensor);
    ProtoWriter info;
    info.string(1, name);
    info.message(2, kind);
    values_.push_back({field, std::move(info)});
  }

  std::vector<std::uint8_t> file(const std::string& graph_name, const std::string& version,
                                 const std::map<std::string, std::string>& metadata) {
    graph_.string(2, graph_name.empty() ? "gtap" : graph_name);
    for (const ProtoWriter& tensor : initializers_)
      graph_.message(5, tensor);
    initializers_.clear();
    for (const auto& value : values_)
      graph_.message(value.first, value.second);
    ProtoWriter opset;
    opset.string(1, "");
    opset.integer(2, 13);
    ProtoWriter model;
    model.integer(1, 7);
    model.string(2, "gtap");
    model.string(3, version);
    model.message(7, graph_);
    model.message(8, opset);
    for (const auto& item : metadata) {
      ProtoWriter entry;
      entry.string(1, item.first);
      entry.string(2, item.second);
      model.message(14, entry);
    }
    return model.written();
  }

 private:
  ProtoWriter graph_;
  std::vector<ProtoWriter> initializers_;
  std::vector<std::pair<unsigned, ProtoWriter>> values_;
  std::set<std::string> taken_;
};

}  // namespace gtap::detail
