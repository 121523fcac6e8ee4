#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/onnx_call.hpp>
#include <gtap/io/detail/onnx_constant_operators.hpp>
#include <gtap/io/detail/onnx_graph.hpp>
#include <gtap/io/detail/onnx_model.hpp>
#include <gtap/io/detail/onnx_operators.hpp>
#include <gtap/io/detail/onnx_patterns.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::detail {

/// Makes layers of a graph. Nodes that cannot be read are gathered and refused together.
class OnnxImporter {
 public:
  OnnxImporter(std::string where, const OnnxModel& model, std::size_t bytes, nn::Shape input,
               std::vector<std::int64_t> dims, std::optional<std::int64_t> batch)
      : where_(std::move(where)), model_(model), graph_(input, bytes), batch_(batch) {
    values_[model.inputs[0].name] = {
        .kind = OnnxValue::images, .shape = input, .dims = std::move(dims)};
    for (const auto& item : model.initializers)
      values_[item.first] = {.kind = OnnxValue::constant, .tensor = item.second};
  }

  /// The layers of a value, in order; the last one makes it.
  std::vector<OnnxLayer> layers(const std::string& output) {
    find_producers();
    if (!producers_.contains(output)) {
      fail(where_, "an output that a node makes", quote_name(output));
    }
    sort();
    choose(output);
    for (const std::size_t i : order_) {
      if (needed_[i]) read(model_.nodes[i], patterns_[i]);
    }
    if (refused_ > 0) {
      fail(where_, "nodes that gtap can run", text(refused_, " that it cannot: ", refusals_));
    }
    const OnnxValue& value = values_.at(output);
    if (value.kind != OnnxValue::images || value.layer == nn::network_input) {
      fail(where_, text("layers that make ", quote_name(output)),
           value.kind == OnnxValue::images ? "the input as it is" : "a constant");
    }
    if (layer_shape(value.dims) != value.shape) {
      fail(where_, text("an output ", quote_name(output), " with channels first"),
           dims_text(value.dims));
    }
    return living(value.layer);
  }

 private:
  void find_producers() {
    for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
      const OnnxNode& node = model_.nodes[i];
      const std::string place = text(where_, " node ", quote_name(node.label()));
      if (node.op.empty() || node.outputs.empty()) {
        fail(place, "an operator and outputs", "a node without");
      }
      for (const std::string& name : node.outputs) {
        if (name.empty()) continue;
        if (values_.contains(name) || !producers_.emplace(name, i).second) {
          fail(place, "outputs of new names", quote_name(name) + " twice");
        }
      }
      for (const std::string& name : node.inputs)
        ++readers_[name];
    }
    for (const OnnxInput& output : model_.outputs)
      ++readers_[output.name];
    for (const OnnxNode& node : model_.nodes) {
      for (const std::string& name : node.inputs) {
        if (name.empty() || values_.contains(name) || producers_.contains(name)) continue;
        fail(text(where_, " node ", quote_name(node.label())), "inputs that something makes",
             quote_name(name));
      }
    }
  }

  /// Puts nodes behind those that they read, and leaves the others in the file's order.
  void sort() {
    const std::size_t count = model_.nodes.size();
    std::vector<std::size_t> missing(count, 0);
    std::vector<std::vector<std::size_t>> next(count);
    for (std::size_t i = 0; i < count; ++i) {
      for (const std::string& name : model_.nodes[i].inputs) {
        const auto from = producers_.find(name);
        if (name.empty() || from == producers_.end()) continue;
        next[from->second].push_back(i);
        ++missing[i];
      }
    }
    std::set<std::size_t> ready;
    for (std::size_t i = 0; i < count; ++i) {
      if (missing[i] == 0) ready.insert(i);
    }
    while (!ready.empty()) {
      const std::size_t first = *ready.begin();
      ready.erase(ready.begin());
      order_.push_back(first);
      for (const std::size_t i : next[first]) {
        if (--missing[i] == 0) ready.insert(i);
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (missing[i] == 0) continue;
      fail(text(where_, " node ", quote_name(model_.nodes[i].label())), "a graph without cycles",
           "one that leads back to it");
    }
  }

  const OnnxTensor* constant(const std::string& name) const {
    const auto value = values_.find(name);
    if (value != values_.end()) {
      return value->second.kind == OnnxValue::constant ? &value->second.tensor : nullptr;
    }
    const auto from = producers_.find(name);
    if (from == producers_.end() || model_.nodes[from->second].op != "Constant") return nullptr;
    const OnnxAttribute* const one = model_.nodes[from->second].find("value");
    return one != nullptr && one->t ? &*one->t : nullptr;
  }

  struct Match {
    std::string_view layer;
    std::map<char, std::string> letters;
  };

  /// Which nodes the output needs, and which of them are the last of a pattern.
  void choose(const std::string& output) {
    const OnnxMatcher matcher(
        [this](const std::string& name) -> const OnnxNode* {
          const auto from = producers_.find(name);
          return from == producers_.end() ? nullptr : &model_.nodes[from->second];
        },
        [this](const std::string& name) { return constant(name); });
    needed_.assign(model_.nodes.size(), false);
    patterns_.resize(model_.nodes.size());
    const auto need = [&](const std::string& name) {
      const auto from = producers_.find(name);
      if (!name.empty() && from != producers_.end()) needed_[from->second] = true;
    };
    need(output);
    for (std::size_t k = order_.size(); k-- > 0;) {
      const OnnxNode& node = model_.nodes[order_[k]];
      if (!needed_[order_[k]]) continue;
      for (const OnnxPattern& pattern : onnx_patterns) {
        if (!pattern.expression.starts_with(node.op)) continue;
        patterns_[order_[k]] = {pattern.layer, matcher.match(node, pattern.expression)};
        if (!patterns_[order_[k]].letters.empty()) break;
      }
      if (patterns_[order_[k]].letters.empty()) {
        for (const std::string& name : node.inputs)
          need(name);
      } else {
        for (const auto& item : patterns_[order_[k]].letters)
          need(item.second);
      }
    }
  }

  void read(const OnnxNode& node, const Match& match) {
    OnnxCall call(node, model_.opset, graph_, values_, readers_, batch_);
    for (const std::string& name : node.outputs)
      values_[name] = {};
    try {
      bool known = true;
      bool constants = true;
      const auto look = [&](const std::string& name) {
        if (name.empty()) return;
        known = known && values_.at(name).kind != OnnxValue::unknown;
        constants = constants && values_.at(name).kind == OnnxValue::constant;
      };
      if (!match.letters.empty()) {
        for (const auto& item : match.letters)
          look(item.second);
        if (known && !constants) read_pattern(call, match);
        if (known) return;
      }
      for (const std::string& name : node.inputs)
        look(name);
      call.require(node.domain.empty() || node.domain == "ai.onnx", "an operator of ONNX's",
                   text("domain ", quote_name(node.domain)));
      const auto folds = onnx_folding().find(node.op);
      const auto runs = onnx_operators().find(node.op);
      const bool exists = folds != onnx_folding().end() || runs != onnx_operators().end();
      call.require(exists, "an operator that gtap knows", "another one");
      if (known) {
        const bool folded = constants && folds != onnx_folding().end();
        call.require(folded || runs != onnx_operators().end(), "constants", "images");
        (folded ? folds : runs)->second(call);
        call.require_all_used();
        for (const std::string& name : node.outputs) {
          const bool made = name.empty() || values_.at(name).kind != OnnxValue::unknown;
          call.require(made || !readers_.contains(name), "readers of what gtap computes",
                       text("one of ", quote_name(name)));
        }
      }
    } catch (const Error& error) {
      refusals_ += text(refused_++ == 0 ? "" : "; ", error.what());
      for (const std::string& name : node.outputs)
        values_[name] = {};
    }
  }

  void read_pattern(OnnxCall& call, const Match& match) {
    const OnnxValue value = values_.at(match.letters.at('x'));
    call.require(value.kind == OnnxValue::images, "images", "a constant");
    if (match.layer == "LayerNorm") {
      read_written_layer_norm(call, value, match);
      return;
    }
    if (match.layer == "HardSwish") emit_pointwise(call, value, nn::HardSwish{});
    if (match.layer == "HardSigmoid") emit_pointwise(call, value, nn::HardSigmoid{});
    if (match.layer == "SiLU") emit_pointwise(call, value, nn::SiLU{});
    if (match.layer == "Gelu") emit_pointwise(call, value, nn::Gelu{});
  }

  void read_written_layer_norm(OnnxCall& call, const OnnxValue& value, const Match& match) {
    const auto number = [&](char letter) -> const OnnxTensor& {
      const OnnxValue& constant = values_.at(match.letters.at(letter));
      call.require(constant.kind == OnnxValue::constant && constant.tensor.is_real(),
                   "constants of a layer norm", "computed ones");
      return constant.tensor;
    };
    const auto row = [&](char letter) {
      const std::vector<float> numbers = channel_numbers(call, value, number(letter));
      return OnnxTensor::from(OnnxType::f32, std::span(numbers),
                              {static_cast<std::int64_t>(numbers.size())});
    };
    const bool last = match.letters.contains(last_axis);
    call.require(layer_shape(value.dims) == value.shape && (!last || value.dims.size() == 1),
                 "a layer norm over channels", dims_text(value.dims));
    const OnnxTensor& epsilon = number('e');
    call.require(epsilon.size() == 1, "one epsilon", dims_text(epsilon.dims));
    OnnxParameters parameters{.weight = row('w'), .bias = row('b')};
    parameters.names = {match.letters.at('w'), match.letters.at('b')};
    const nn::LayerNorm norm{.epsilon = epsilon.real(0)};
    call.emit(call.add(norm, {value.layer}, std::move(parameters)), value.dims.size());
  }

  /// Without layers that the last one does not need.
  std::vector<OnnxLayer> living(std::size_t last) {
    std::vector<OnnxLayer>& all = graph_.layers();
    std::vector<bool> lives(all.size(), false);
    lives[last] = true;
    for (std::size_t i = last + 1; i-- > 0;) {
      for (const std::size_t from : all[i].inputs) {
        if (lives[i] && from != nn::network_input) lives[from] = true;
      }
    }
    std::vector<std::size_t> place(all.size(), 0);
    std::vector<OnnxLayer> kept;
    for (std::size_t i = 0; i <= last; ++i) {
      if (!lives[i]) continue;
      place[i] = kept.size();
      kept.push_back(std::move(all[i]));
      for (std::size_t& from : kept.back().inputs) {
        if (from != nn::network_input) from = place[from];
      }
    }
    return kept;
  }

  std::string where_;
  const OnnxModel& model_;
  OnnxGraph graph_;
  std::optional<std::int64_t> batch_;
  std::map<std::string, OnnxValue> values_;
  std::map<std::string, std::size_t> producers_;
  std::map<std::string, std::size_t> readers_;
  std::vector<std::size_t> order_;
  std::vector<bool> needed_;
  std::vector<Match> patterns_;
  std::string refusals_;
  std::size_t refused_ = 0;
};

}  // namespace gtap::detail
