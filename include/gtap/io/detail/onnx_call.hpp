#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/onnx_folding.hpp>
#include <gtap/io/detail/onnx_graph.hpp>
#include <gtap/io/detail/onnx_model.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gtap::detail {

/// One node of a graph as its operator's reader sees it: attributes, inputs, and where results go.
class OnnxCall {
 public:
  OnnxCall(const OnnxNode& called, std::int64_t version, OnnxGraph& layers,
           std::map<std::string, OnnxValue>& all, const std::map<std::string, std::size_t>& readers,
           std::optional<std::int64_t> batch)
      : node(called),
        opset(version),
        graph(layers),
        fixed_batch(batch),
        values_(all),
        readers_(readers),
        place_(text(quote_name(called.label()), " (", printable(called.op), ')')) {}

  const OnnxNode& node;
  const std::int64_t opset;
  OnnxGraph& graph;
  const std::optional<std::int64_t> fixed_batch;

  const std::string& where() const { return place_; }
  [[noreturn]] void refuse(std::string_view expected, std::string_view came) const {
    fail(place_, expected, came);
  }
  void require(bool holds, std::string_view expected, std::string_view came) const {
    if (!holds) refuse(expected, came);
  }

  // Attributes. One that no reader asks for is refused at the end.

  const OnnxAttribute* attribute(std::string_view name, OnnxAttribute::Kind kind) {
    used_.emplace(name);
    const OnnxAttribute* const found = node.find(name);
    if (found != nullptr && found->kind != kind) {
      refuse(text("an attribute ", name, " of kind ", int{kind}), text("kind ", int{found->kind}));
    }
    return found;
  }
  std::int64_t integer(std::string_view name, std::int64_t otherwise) {
    const OnnxAttribute* const found = attribute(name, OnnxAttribute::integer);
    return found == nullptr ? otherwise : found->i;
  }
  double real(std::string_view name, float otherwise) {
    const OnnxAttribute* const found = attribute(name, OnnxAttribute::real);
    return double{found == nullptr ? otherwise : found->f};
  }
  std::string string(std::string_view name, std::string_view otherwise) {
    const OnnxAttribute* const found = attribute(name, OnnxAttribute::string);
    return found == nullptr ? std::string(otherwise) : found->s;
  }
  std::optional<std::vector<std::int64_t>> integers(std::string_view name) {
    const OnnxAttribute* const found = attribute(name, OnnxAttribute::integers);
    if (found == nullptr) return {};
    return found->is;
  }
  void ignore(std::string_view name) { used_.emplace(name); }
  void require_all_used() const {
    for (const OnnxAttribute& one : node.attributes) {
      require(used_.contains(one.name), "attributes that gtap knows", quote_name(one.name));
    }
  }

  // Inputs.

  const OnnxValue& input(std::size_t k) const {
    require(node.has_input(k), text("an input ", k), "none");
    return values_.at(node.inputs[k]);
  }
  bool is_constant(std::size_t k) const {
    return node.has_input(k) && input(k).kind == OnnxValue::constant;
  }
  const OnnxTensor& constant(std::size_t k, std::string_view what) const {
    const OnnxValue& value = input(k);
    require(value.kind == OnnxValue::constant, text("a constant as ", what), "a computed one");
    return value.tensor;
  }
  /// Real numbers as weights, at least one.
  const OnnxTensor& weights(std::size_t k, std::string_view what) const {
    const OnnxTensor& tensor = constant(k, what);
    require(tensor.is_real(), text("real numbers as ", what), onnx_type_name(tensor.type));
    require(tensor.size() > 0, text("numbers as ", what), dims_text(tensor.dims));
    return tensor;
  }
  /// A list of whole numbers: an attribute in older versions, an input in newer ones.
  std::optional<std::vector<std::int64_t>> list(std::string_view name, std::size_t k) {
    if (auto found = integers(name)) return found;
    if (!node.has_input(k)) return {};
    const OnnxTensor& tensor = constant(k, name);
    require(!tensor.is_real(), text("whole numbers as ", name), onnx_type_name(tensor.type));
    return tensor.integers();
  }
  const OnnxValue& images(std::size_t k) const {
    const OnnxValue& value = input(k);
    require(value.kind == OnnxValue::images, "images", "a constant");
    return value;
  }
  /// Images that a layer holds as [channels], [channels, length] or [channels, height, width].
  const OnnxValue& channels(std::size_t k) const {
    const OnnxValue& value = images(k);
    require(layer_shape(value.dims) == value.shape, "channels first, then pixels",
            text(dims_text(value.dims), " out of ", value.shape));
    return value;
  }
  /// The same with one pixel dimension or two.
  const OnnxValue& pixels(std::size_t k) const {
    const OnnxValue& value = channels(k);
    require(value.dims.size() >= 2, "images of pixels",
            text("a flat vector ", dims_text(value.dims)));
    return value;
  }
  const OnnxValue& flat(std::size_t k) const {
    const OnnxValue& value = channels(k);
    require(value.dims.size() == 1, "a flat vector", dims_text(value.dims));
    return value;
  }
  /// Whether nobody else reads what this input is.
  bool only_reader(std::size_t k) const { return readers_.at(node.inputs[k]) == 1; }

  /// A size, stride or the like: not negative, and small enough to compute with.
  std::size_t size(std::int64_t value, std::string_view what, std::int64_t least = 0) const {
    if (value < least || value >= std::int64_t{1} << 31) {
      refuse(text(what, " of ", least, " to 2^31"), text(value));
    }
    return static_cast<std::size_t>(value);
  }

  // Results.

  void result(OnnxValue value, std::size_t k = 0) {
    if (k < node.outputs.size()) values_[node.outputs[k]] = std::move(value);
  }
  const OnnxValue& made(std::size_t k) const { return values_.at(node.outputs[k]); }
  void fold(OnnxTensor tensor, std::size_t k = 0) {
    graph.spend(place_, tensor.bytes.size());
    result({.kind = OnnxValue::constant, .tensor = std::move(tensor)}, k);
  }
  /// The same numbers in other sizes.
  void reshaped(const OnnxValue& value, std::vector<std::int64_t> dims) {
    OnnxValue same = value;
    const bool flattens = dims.size() == 1 && value.dims.size() > 1;
    same.dims = std::move(dims);
    if (flattens || (same.dims.size() == 1 && value.shape.pixels() > 1)) {
      same.layer = add(nn::Flatten{}, {value.layer});
      same.shape = graph.shape(same.layer);
    }
    result(std::move(same));
  }

  /// A layer; the one that makes the node's result has its name, one on the way there has more.
  template <class L>
  std::size_t add(L layer, std::vector<std::size_t> inputs, OnnxParameters parameters = {},
                  std::string_view part = {}) {
    const std::string wanted = part.empty() ? node.label() : text(node.label(), '/', part);
    const std::size_t place =
        graph.add(place_, std::move(layer), std::move(inputs), std::move(parameters));
    std::visit([&](auto& l) { l.name = graph.free_name(wanted); }, graph.layers()[place].layer);
    return place;
  }
  /// The result of a layer in as many dimensions as asked for.
  void emit(std::size_t layer, std::size_t rank, std::size_t k = 0) {
    const nn::Shape& shape = graph.shape(layer);
    if (layer != nn::network_input && k < node.outputs.size()) {
      graph.layers()[layer].output = node.outputs[k];
    }
    result({.kind = OnnxValue::images,
            .layer = layer,
            .shape = shape,
            .dims = shape_dims(shape, rank)},
           k);
  }

 private:
  std::map<std::string, OnnxValue>& values_;
  const std::map<std::string, std::size_t>& readers_;
  std::set<std::string, std::less<>> used_;
  std::string place_;
};

/// The sizes of images with the batch's in front.
inline std::vector<std::int64_t> with_batch(const OnnxValue& value) {
  std::vector<std::int64_t> dims = value.dims;
  dims.insert(dims.begin(), 1);
  return dims;
}

}  // namespace gtap::detail
