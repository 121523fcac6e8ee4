#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/detail/onnx_external.hpp>
#include <gtap/io/detail/onnx_model.hpp>
#include <gtap/io/detail/onnx_tensor.hpp>
#include <gtap/io/detail/protobuf.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap::detail {

/// Reads an ONNX file's bytes, which must outlive the model: large constants stay where they are.
/// Everything is checked against the bytes that are there before memory is asked for.
class OnnxParser {
 public:
  OnnxParser(std::string where, std::filesystem::path folder)
      : where_(std::move(where)), folder_(std::move(folder)) {}

  OnnxModel model(std::span<const std::uint8_t> bytes) {
    OnnxModel model;
    bool graph = false;
    each_field(where_, bytes, [&](const ProtoField& f) {
      if (f.number == 1) model.ir_version = integer(where_, f);
      if (f.number == 8) opset(content(where_, f), model);
      if (f.number == 14) metadata(content(where_, f), model);
      if (f.number == 25) fail(where_, "a model without local functions", "one with them");
      if (f.number == 7) {
        if (graph) fail(where_, "one graph", "a second one");
        graph = true;
        this->graph(content(where_, f), model);
      }
    });
    if (!graph || model.ir_version < 1) {
      fail(where_, "an ONNX model",
           graph ? "a file without an IR version" : "a file without a graph");
    }
    if (model.opset == 0) fail(where_, "an opset of the default domain", "none");
    return model;
  }

 private:
  template <class Visit>
  static void each_field(const std::string& where, std::span<const std::uint8_t> message,
                         Visit&& visit) {
    ProtoReader reader(where, message);
    ProtoField field;
    while (reader.next(field))
      visit(field);
  }

  static void require_wire(const std::string& where, const ProtoField& f, bool right) {
    if (!right) fail(where, "fields of ONNX's kinds", text("another kind in field ", f.number));
  }
  static std::int64_t integer(const std::string& where, const ProtoField& f) {
    require_wire(where, f, f.wire == ProtoField::varint);
    return static_cast<std::int64_t>(f.value);
  }
  static std::span<const std::uint8_t> content(const std::string& where, const ProtoField& f) {
    require_wire(where, f, f.wire == ProtoField::bytes);
    return f.content;
  }
  static std::string string(const std::string& where, const ProtoField& f) {
    const auto bytes = content(where, f);
    return {bytes.begin(), bytes.end()};
  }
  static float real(const std::string& where, const ProtoField& f) {
    require_wire(where, f, f.wire == ProtoField::fixed32);
    return std::bit_cast<float>(static_cast<std::uint32_t>(f.value));
  }

  /// Whole numbers, packed or one by one.
  static void integers(const std::string& where, const ProtoField& f,
                       std::vector<std::int64_t>& list) {
    if (f.wire != ProtoField::bytes) {
      list.push_back(integer(where, f));
      return;
    }
    ProtoReader reader(where, f.content);
    while (!reader.done())
      list.push_back(static_cast<std::int64_t>(reader.read_varint()));
  }

  /// float_data and double_data: the bytes of the numbers, packed or one by one.
  static void numbers(const std::string& where, const ProtoField& f, ProtoField::Wire one,
                      std::vector<std::uint8_t>& list) {
    require_wire(where, f, f.wire == ProtoField::bytes || f.wire == one);
    list.insert(list.end(), f.content.begin(), f.content.end());
  }

  void opset(std::span<const std::uint8_t> message, OnnxModel& model) const {
    std::string domain;
    std::int64_t version = 0;
    each_field(where_, message, [&](const ProtoField& f) {
      if (f.number == 1) domain = string(where_, f);
      if (f.number == 2) version = integer(where_, f);
    });
    if (domain.empty() || domain == "ai.onnx") model.opset = version;
  }

  void metadata(std::span<const std::uint8_t> message, OnnxModel& model) const {
    std::string key;
    std::string value;
    each_field(where_, message, [&](const ProtoField& f) {
      if (f.number == 1) key = string(where_, f);
      if (f.number == 2) value = string(where_, f);
    });
    model.metadata[key] = value;
  }

  void graph(std::span<const std::uint8_t> message, OnnxModel& model) {
    std::vector<OnnxInput> inputs;
    each_field(where_, message, [&](const ProtoField& f) {
      if (f.number == 1) model.nodes.push_back(node(content(where_, f)));
      if (f.number == 2) model.name = string(where_, f);
      if (f.number == 5) {
        std::string name;
        OnnxTensor one = tensor(where_, content(where_, f), &name);
        if (!model.initializers.emplace(name, std::move(one)).second) {
          fail(where_, "initializers of different names", quote_name(name) + " twice");
        }
      }
      if (f.number == 11) inputs.push_back(input(content(where_, f)));
      if (f.number == 12) model.outputs.push_back(input(content(where_, f)));
      if (f.number == 15) fail(where_, "dense initializers", "sparse ones");
    });
    for (OnnxInput& one : inputs) {
      if (!model.initializers.contains(one.name)) model.inputs.push_back(std::move(one));
    }
  }

  OnnxInput input(std::span<const std::uint8_t> message) const {
    OnnxInput input;
    std::span<const std::uint8_t> type;
    each_field(where_, message, [&](const ProtoField& f) {
      if (f.number == 1) input.name = string(where_, f);
      if (f.number == 2) type = content(where_, f);
    });
    const std::string where = text(where_, " value ", quote_name(input.name));
    each_field(where, type, [&](const ProtoField& f) {
      if (f.number != 1) return;
      each_field(where, content(where, f), [&](const ProtoField& part) {
        if (part.number == 1) input.type = static_cast<OnnxType>(integer(where, part));
        if (part.number != 2) return;
        input.dims.emplace();
        each_field(where, content(where, part), [&](const ProtoField& dim) {
          if (dim.number == 1) input.dims->push_back(dimension(where, content(where, dim)));
        });
      });
    });
    return input;
  }

  static OnnxDimension dimension(const std::string& where, std::span<const std::uint8_t> message) {
    OnnxDimension dimension;
    each_field(where, message, [&](const ProtoField& f) {
      if (f.number == 1) dimension.size = integer(where, f);
      if (f.number == 2) dimension.name = string(where, f);
    });
    return dimension;
  }

  OnnxNode node(std::span<const std::uint8_t> message) const {
    OnnxNode node;
    each_field(where_, message, [&](const ProtoField& f) {
      if (f.number == 1) node.inputs.push_back(string(where_, f));
      if (f.number == 2) node.outputs.push_back(string(where_, f));
      if (f.number == 3) node.name = string(where_, f);
      if (f.number == 4) node.op = string(where_, f);
      if (f.number == 7) node.domain = string(where_, f);
    });
    const std::string where = text(where_, " node ", quote_name(node.label()));
    each_field(where, message, [&](const ProtoField& f) {
      if (f.number == 5) node.attributes.push_back(attribute(where, content(where, f)));
    });
    return node;
  }

  OnnxAttribute attribute(const std::string& where, std::span<const std::uint8_t> message) const {
    OnnxAttribute a;
    std::vector<std::uint8_t> reals;
    std::int64_t kind = 0;
    each_field(where, message, [&](const ProtoField& f) {
      if (f.number == 1) a.name = string(where, f);
      if (f.number == 2) a.f = real(where, f);
      if (f.number == 3) a.i = integer(where, f);
      if (f.number == 4) a.s = string(where, f);
      if (f.number == 5) a.t = tensor(where, content(where, f), nullptr);
      if (f.number == 7) numbers(where, f, ProtoField::fixed32, reals);
      if (f.number == 8) integers(where, f, a.is);
      if (f.number == 20) kind = integer(where, f);
    });
    a.fs.resize(reals.size() / sizeof(float));
    if (!a.fs.empty()) std::memcpy(a.fs.data(), reals.data(), a.fs.size() * sizeof(float));
    const bool known = (kind >= 1 && kind <= 4) || kind == 6 || kind == 7;
    if (known) a.kind = static_cast<OnnxAttribute::Kind>(kind);
    return a;
  }

  OnnxTensor tensor(const std::string& where, std::span<const std::uint8_t> message,
                    std::string* name) const {
    OnnxTensor tensor;
    std::string own_name;
    std::vector<std::uint8_t> reals;
    std::vector<std::int64_t> whole;
    std::map<std::string, std::string> external;
    bool raw = false;
    bool outside = false;
    each_field(where, message, [&](const ProtoField& f) {
      if (f.number == 1) integers(where, f, tensor.dims);
      if (f.number == 2) tensor.type = static_cast<OnnxType>(integer(where, f));
      if (f.number == 4) numbers(where, f, ProtoField::fixed32, reals);
      if (f.number == 5 || f.number == 7 || f.number == 11) integers(where, f, whole);
      if (f.number == 8) own_name = string(where, f);
      if (f.number == 10) numbers(where, f, ProtoField::fixed64, reals);
      if (f.number == 14) outside = integer(where, f) != 0;
      if (f.number == 9) {
        raw = true;
        tensor.bytes = content(where, f);
      }
      if (f.number == 13) external.insert(entry(where, content(where, f)));
    });
    const std::string place =
        own_name.empty() ? where : text(where, " tensor ", quote_name(own_name));
    if (name != nullptr) *name = own_name;
    const std::size_t size = dims_product(place, tensor.dims);
    const std::size_t width = onnx_type_bytes(tensor.type);
    if (width == 0) fail(place, "numbers of a type that gtap reads", onnx_type_name(tensor.type));
    const bool typed = !reals.empty() || !whole.empty();
    if (typed && (raw || outside)) fail(place, "raw data or typed data", "both");
    if (outside) {
      return OnnxTensor::owning(tensor.type, tensor.dims,
                                read_external(place, folder_, external, size * width));
    }
    if (typed) tensor = typed_tensor(place, tensor, std::move(reals), whole);
    if (tensor.bytes.size() != size * width) {
      fail(place, text(size * width, " bytes by its type and its sizes ", dims_text(tensor.dims)),
           text(tensor.bytes.size()));
    }
    return tensor;
  }

  static std::pair<std::string, std::string> entry(const std::string& where,
                                                   std::span<const std::uint8_t> message) {
    std::pair<std::string, std::string> entry;
    each_field(where, message, [&](const ProtoField& f) {
      if (f.number == 1) entry.first = string(where, f);
      if (f.number == 2) entry.second = string(where, f);
    });
    return entry;
  }

  /// A tensor from float_data, double_data, int32_data and int64_data, narrowed to its type.
  static OnnxTensor typed_tensor(const std::string& where, const OnnxTensor& tensor,
                                 std::vector<std::uint8_t> reals,
                                 const std::vector<std::int64_t>& whole) {
    const bool real = tensor.type == OnnxType::f32 || tensor.type == OnnxType::f64;
    if (real != whole.empty()) {
      fail(where, text("data of type ", onnx_type_name(tensor.type)), "data of another type");
    }
    if (real) return OnnxTensor::owning(tensor.type, tensor.dims, std::move(reals));
    const std::size_t width = onnx_type_bytes(tensor.type);
    std::vector<std::uint8_t> bytes(whole.size() * width);
    for (std::size_t i = 0; i < whole.size(); ++i)
      std::memcpy(bytes.data() + i * width, &whole[i], width);
    return OnnxTensor::owning(tensor.type, tensor.dims, std::move(bytes));
  }

  std::string where_;
  std::filesystem::path folder_;
};

}  // namespace gtap::detail
