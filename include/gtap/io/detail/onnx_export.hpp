#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/onnx_writer.hpp>
#include <gtap/io/onnx_names.hpp>
#include <gtap/nn/layers.hpp>
#include <gtap/nn/network.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::detail {

/// Writes a network in ONNX's plain operators. Flat vectors have two dimensions, images four.
template <class T>
class OnnxExporter {
 public:
  OnnxExporter(std::string where, const nn::Network<T>& net, const OnnxNames& names)
      : where_(std::move(where)), net_(net), names_(names) {}

  std::vector<std::uint8_t> file(const std::string& version,
                                 const std::map<std::string, std::string>& metadata) {
    const std::size_t last = net_.nodes().size() - 1;
    const std::string input = out_.free_name(names_.input);
    const std::string output = out_.free_name(names_.output);
    const nn::Shape& s = net_.input();
    const std::size_t rank = names_.input_rank != 0 ? names_.input_rank : s.pixels() == 1 ? 2 : 4;
    Ints dims{size(s.channels), size(s.height), size(s.width)};
    if (rank == 3) dims.erase(dims.begin() + 1);
    if (rank == 2) dims.resize(1);
    out_.value(11, input, names_.batch, dims, type);
    Value images{input, rank == 2};
    if (rank == 3) {
      images.name = out_.free_name("rows");
      out_.node("Unsqueeze", images.name, {input, out_.ints("row_axis", {2})}, images.name);
    }
    for (std::size_t i = 0; i <= last; ++i) {
      node_ = &net_.nodes()[i];
      const auto named = names_.results.find(node_->name);
      result_ = i == last
                    ? output
                    : out_.free_name(named == names_.results.end() ? node_->name : named->second);
      inputs_.clear();
      for (const std::size_t from : node_->inputs)
        inputs_.push_back(from == nn::network_input ? images : values_[from]);
      flat_ = inputs_[0].flat;
      write();
      values_.push_back({result_, flat_});
    }
    const nn::Shape& o = net_.output();
    out_.value(
        12, output, names_.batch,
        flat_ ? Ints{size(o.channels)} : Ints{size(o.channels), size(o.height), size(o.width)},
        type);
    return out_.file(names_.graph, version, metadata);
  }

 private:
  using Ints = OnnxWriter::Ints;
  using Names = OnnxWriter::Names;
  using Attributes = std::vector<OnnxWriter::Attribute>;
  static constexpr OnnxType type = std::same_as<T, float> ? OnnxType::f32 : OnnxType::f64;

  struct Value {
    std::string name;
    bool flat;
  };

  static std::int64_t size(std::size_t s) { return static_cast<std::int64_t>(s); }
  static Ints both(nn::Extent e) { return {size(e.height), size(e.width)}; }

  std::string part_name(std::string_view part) const { return text(node_->name, '/', part); }

  /// The node's own operator, which makes its result.
  void finish(std::string_view op, const Names& inputs, const Attributes& attributes = {}) {
    out_.node(op, node_->name, inputs, result_, attributes);
  }
  /// One on the way there.
  std::string step(std::string_view part, std::string_view op, const Names& inputs,
                   const Attributes& attributes = {}) {
    const std::string name = out_.free_name(part_name(part));
    out_.node(op, name, inputs, name, attributes);
    return name;
  }
  std::string number(std::string_view part, double value) {
    return out_.scalar(part_name(part), static_cast<T>(value));
  }

  /// Input k in four dimensions, or in two.
  std::string image(std::size_t k = 0) {
    if (!inputs_[k].flat) return inputs_[k].name;
    return step("image", "Reshape",
                {inputs_[k].name, out_.ints(part_name("shape"), {0, -1, 1, 1})});
  }
  std::string flat(std::size_t k = 0) {
    if (inputs_[k].flat) return inputs_[k].name;
    return step("flat", "Flatten", {inputs_[k].name}, {{"axis", std::int64_t{1}}});
  }
  /// All inputs in the same number of dimensions.
  Names all() {
    flat_ = std::all_of(inputs_.begin(), inputs_.end(), [](const Value& v) { return v.flat; });
    Names names;
    for (std::size_t k = 0; k < inputs_.size(); ++k)
      names.push_back(flat_ ? inputs_[k].name : image(k));
    return names;
  }

  /// A parameter, the k-th of the node.
  template <class Parameter>
  std::string parameter(std::size_t k, std::string_view name, const Parameter& values, Ints dims) {
    std::string wanted = text(node_->name, '.', name);
    const auto named = names_.parameters.find(node_->name);
    if (named != names_.parameters.end() && k < named->second.size()) wanted = named->second[k];
    return out_.tensor(
        wanted, std::span<const T>(values.data(), static_cast<std::size_t>(values.size())), dims);
  }
  /// Weight and bias, if there is one.
  Names mixed(const std::string& input) {
    const nn::Node<T>& n = *node_;
    Ints dims;
    for (const std::size_t s : n.layer.parameter_shape(n.ins).weight)
      dims.push_back(size(s));
    Names names{input, parameter(0, "weight", n.weight, dims)};
    if (n.bias.size() > 0) names.push_back(parameter(1, "bias", n.bias, {size(n.out.channels)}));
    return names;
  }

  void write() {
    const nn::Layer<T>& layer = node_->layer;
    const std::string& x = inputs_[0].name;
    if (nn::as<nn::Dense>(layer)) {
      const std::string input = flat();
      flat_ = true;
      finish("Gemm", mixed(input), {{"transB", std::int64_t{1}}});
    } else if (const auto* conv = nn::as<nn::Conv2d>(layer)) {
      const nn::Extent p = conv->padding;
      const std::string input = image();
      flat_ = false;
      finish("Conv", mixed(input),
             {{"dilations", both(conv->dilation)},
              {"group", size(conv->groups)},
              {"kernel_shape", both(conv->kernel)},
              {"pads", Ints{size(p.height), size(p.width), size(p.height), size(p.width)}},
              {"strides", both(conv->stride)}});
    } else if (const auto* max = nn::as<nn::MaxPool2d>(layer)) {
      write_pool("MaxPool", *max, {});
    } else if (const auto* mean = nn::as<nn::AvgPool2d>(layer)) {
      write_pool("AveragePool", *mean,
                 {{"count_include_pad", std::int64_t{mean->count_padding ? 1 : 0}}});
    } else if (nn::as<nn::GlobalAvgPool>(layer)) {
      write_image("GlobalAveragePool");
    } else if (nn::as<nn::GlobalMaxPool>(layer)) {
      write_image("GlobalMaxPool");
    } else if (nn::as<nn::Relu>(layer)) {
      finish("Relu", {x});
    } else if (const auto* leaky = nn::as<nn::LeakyRelu>(layer)) {
      finish("LeakyRelu", {x}, {{"alpha", static_cast<float>(leaky->slope)}});
    } else if (nn::as<nn::Sigmoid>(layer)) {
      finish("Sigmoid", {x});
    } else if (nn::as<nn::Tanh>(layer)) {
      finish("Tanh", {x});
    } else if (nn::as<nn::HardSigmoid>(layer)) {
      finish("HardSigmoid", {x}, {{"alpha", 1.0f / 6.0f}, {"beta", 0.5f}});
    } else if (nn::as<nn::HardSwish>(layer)) {
      finish("Mul",
             {x, step("gate", "HardSigmoid", {x}, {{"alpha", 1.0f / 6.0f}, {"beta", 0.5f}})});
    } else if (nn::as<nn::SiLU>(layer)) {
      finish("Mul", {x, step("gate", "Sigmoid", {x})});
    } else if (nn::as<nn::Gelu>(layer)) {
      const std::string scaled = step("scaled", "Div", {x, number("root", 1.41421356237309505)});
      const std::string erf = step("erf", "Erf", {scaled});
      const std::string sum = step("sum", "Add", {erf, number("one", 1.0)});
      finish("Mul", {step("product", "Mul", {x, sum}), number("half", 0.5)});
    } else if (const auto* clip = nn::as<nn::Clip>(layer)) {
      const std::string low = number("low", clip->low);
      finish("Clip", {x, low, number("high", clip->high)});
    } else if (nn::as<nn::Flatten>(layer)) {
      flat_ = true;
      finish("Flatten", {x}, {{"axis", std::int64_t{1}}});
    } else if (nn::as<nn::Softmax>(layer)) {
      const std::string input = flat();
      flat_ = true;
      finish("Softmax", {input}, {{"axis", std::int64_t{1}}});
    } else if (const auto* dropout = nn::as<nn::Dropout>(layer)) {
      finish("Dropout", {x, number("ratio", dropout->drop)});
    } else if (const auto* norm = nn::as<nn::BatchNorm>(layer)) {
      const Ints dims{size(node_->out.channels)};
      finish(
          "BatchNormalization",
          {x, parameter(0, "weight", node_->weight, dims), parameter(1, "bias", node_->bias, dims),
           parameter(2, "running_mean", node_->running_mean, dims),
           parameter(3, "running_var", node_->running_var, dims)},
          {{"epsilon", static_cast<float>(norm->epsilon)}});
    } else if (const auto* layer_norm = nn::as<nn::LayerNorm>(layer)) {
      write_layer_norm(x, layer_norm->epsilon);
    } else if (nn::as<nn::Add>(layer)) {
      const Names inputs = all();
      finish(inputs.size() == 2 ? "Add" : "Sum", inputs);
    } else if (nn::as<nn::Multiply>(layer)) {
      finish("Mul", all());
    } else if (nn::as<nn::Concat>(layer)) {
      finish("Concat", all(), {{"axis", std::int64_t{1}}});
    } else {
      write_moves(x);
    }
  }

  /// Layers that move numbers about.
  void write_moves(const std::string& x) {
    const nn::Layer<T>& layer = node_->layer;
    if (const auto* slice = nn::as<nn::ChannelSlice>(layer)) {
      const std::string first = out_.ints(part_name("first"), {size(slice->first)});
      const std::string end = out_.ints(part_name("end"), {size(slice->first + slice->count)});
      finish("Slice", {x, first, end, out_.ints(part_name("axis"), {1})});
    } else if (const auto* pad = nn::as<nn::ChannelPad>(layer)) {
      finish("Pad", {x, channel_pads(pad->before, pad->after)});
    } else if (const auto* select = nn::as<nn::ChannelSelect>(layer)) {
      // A channel of zeros behind the others is what -1 copies.
      Ints from = select->channels;
      std::string source = x;
      if (std::count(from.begin(), from.end(), -1) > 0) {
        source = step("padded", "Pad", {x, channel_pads(0, 1)});
        std::replace(from.begin(), from.end(), std::int64_t{-1}, size(node_->in.channels));
      }
      finish("Gather", {source, out_.ints(part_name("channels"), from)},
             {{"axis", std::int64_t{1}}});
    } else if (const auto* zeros = nn::as<nn::ZeroPad2d>(layer)) {
      const std::string input = image();
      flat_ = false;
      finish("Pad",
             {input, out_.ints(part_name("pads"), {0, 0, size(zeros->top), size(zeros->left), 0, 0,
                                                   size(zeros->bottom), size(zeros->right)})});
    } else if (const auto* up = nn::as<nn::Upsample>(layer)) {
      const std::string input = image();
      flat_ = false;
      const float scales[] = {1.0f, 1.0f, static_cast<float>(up->factor.height),
                              static_cast<float>(up->factor.width)};
      finish("Resize",
             {input, "", out_.tensor(part_name("scales"), std::span<const float>(scales), {4})},
             {{"mode", "nearest"},
              {"coordinate_transformation_mode", "asymmetric"},
              {"nearest_mode", "floor"}});
    } else {
      fail(text(where_, " node ", quote_name(node_->name)), "a layer of gtap's own",
           quote_name(layer.kind()));
    }
  }

  std::string channel_pads(std::size_t before, std::size_t after) {
    const Ints flat{0, size(before), 0, size(after)};
    const Ints image{0, size(before), 0, 0, 0, size(after), 0, 0};
    return out_.ints(part_name("pads"), flat_ ? flat : image);
  }

  void write_image(std::string_view op, const Attributes& attributes = {}) {
    const std::string input = image();
    flat_ = false;
    finish(op, {input}, attributes);
  }

  template <class Pool>
  void write_pool(std::string_view op, const Pool& pool, Attributes attributes) {
    const nn::Extent p = pool.padding;
    attributes.push_back({"kernel_shape", both(pool.size)});
    attributes.push_back(
        {"pads", Ints{size(p.height), size(p.width), size(p.height + pool.extra.height),
                      size(p.width + pool.extra.width)}});
    attributes.push_back({"strides", both(nn::detail::pool_stride(pool))});
    write_image(op, attributes);
  }

  void write_layer_norm(const std::string& x, double epsilon) {
    const Attributes channels{{"axes", Ints{1}}, {"keepdims", std::int64_t{1}}};
    const Ints dims =
        flat_ ? Ints{size(node_->out.channels)} : Ints{size(node_->out.channels), 1, 1};
    const std::string centred =
        step("centred", "Sub", {x, step("mean", "ReduceMean", {x}, channels)});
    const std::string squares = step("squares", "Mul", {centred, centred});
    const std::string variance = step("variance", "ReduceMean", {squares}, channels);
    const std::string sum = step("sum", "Add", {variance, number("epsilon", epsilon)});
    const std::string plain = step("plain", "Div", {centred, step("deviation", "Sqrt", {sum})});
    const std::string scaled =
        step("scaled", "Mul", {plain, parameter(0, "weight", node_->weight, dims)});
    finish("Add", {scaled, parameter(1, "bias", node_->bias, dims)});
  }

  std::string where_;
  const nn::Network<T>& net_;
  const OnnxNames& names_;
  OnnxWriter out_;
  std::vector<Value> values_;  // by node
  const nn::Node<T>* node_ = nullptr;
  std::vector<Value> inputs_;  // of the node
  std::string result_;
  bool flat_ = false;  // whether the result has two dimensions
};

}  // namespace gtap::detail
