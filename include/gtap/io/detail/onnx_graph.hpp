#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/onnx_tensor.hpp>
#include <gtap/nn/layers.hpp>
#include <gtap/nn/node.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gtap::detail {

/// Where a layer's parameters come from; a tensor of type `none` is left out.
struct OnnxParameters {
  OnnxTensor weight{};
  bool transposed = false;  ///< the weight is [in, out]
  double weight_scale = 1.0;
  OnnxTensor bias{};  ///< one number stands for all
  double bias_scale = 1.0;
  OnnxTensor mean{};
  OnnxTensor variance{};
  std::vector<std::string> names{};  ///< of the tensors, for who writes the network again
};

/// The layers that operators become, whatever the numbers that they will run on.
using OnnxSettings =
    std::variant<nn::Dense, nn::Conv2d, nn::BatchNorm, nn::LayerNorm, nn::MaxPool2d, nn::AvgPool2d,
                 nn::GlobalAvgPool, nn::GlobalMaxPool, nn::Relu, nn::LeakyRelu, nn::Sigmoid,
                 nn::Tanh, nn::Gelu, nn::SiLU, nn::HardSigmoid, nn::HardSwish, nn::Clip,
                 nn::Softmax, nn::Dropout, nn::Flatten, nn::Add, nn::Multiply, nn::Concat,
                 nn::ChannelSlice, nn::ChannelPad, nn::ChannelSelect, nn::ZeroPad2d, nn::Upsample>;

/// A layer that is to be.
struct OnnxLayer {
  OnnxSettings layer;
  std::vector<std::size_t> inputs;  ///< places in the list of layers, or nn::network_input
  nn::Shape shape;                  ///< of its output
  OnnxParameters parameters;
  std::string output;  ///< the value in the file that it makes, if it is one

  const std::string& name() const {
    return std::visit([](const auto& l) -> const std::string& { return l.name; }, layer);
  }
};

/// What a name in the graph stands for.
struct OnnxValue {
  enum Kind { unknown, constant, images };
  Kind kind = unknown;
  OnnxTensor tensor{};                    ///< of a constant
  std::size_t layer = nn::network_input;  ///< of images: the layer that makes them
  nn::Shape shape{};                      ///< as that layer has it
  std::vector<std::int64_t> dims{};       ///< without the batch; row by row the same numbers
};

/// The shape in which a layer holds images of these sizes: [channels], [channels, length] or
/// [channels, height, width].
inline std::optional<nn::Shape> layer_shape(std::span<const std::int64_t> dims) {
  if (dims.size() > 3) return {};
  const auto size = [&](std::size_t k) { return static_cast<std::size_t>(dims[k]); };
  if (dims.empty()) return nn::Shape{1, 1, 1};
  if (dims.size() == 1) return nn::Shape{size(0), 1, 1};
  if (dims.size() == 2) return nn::Shape{size(0), 1, size(1)};
  return nn::Shape{size(0), size(1), size(2)};
}

/// The sizes of a shape in a given number of dimensions; the other way round.
inline std::vector<std::int64_t> shape_dims(const nn::Shape& shape, std::size_t rank) {
  const auto size = [](std::size_t s) { return static_cast<std::int64_t>(s); };
  if (rank <= 1) return {size(shape.channels)};
  if (rank == 2) return {size(shape.channels), size(shape.width)};
  return {size(shape.channels), size(shape.height), size(shape.width)};
}

/// The layers that come of a graph, and limits that a file's numbers may not pass.
class OnnxGraph {
 public:
  /// `bytes` is the size of the file, which bounds what folding may make.
  OnnxGraph(nn::Shape input, std::size_t bytes) : input_(input), spare_(4 * bytes + (1u << 20)) {}

  const nn::Shape& shape(std::size_t layer) const {
    return layer == nn::network_input ? input_ : layers_[layer].shape;
  }
  std::vector<OnnxLayer>& layers() { return layers_; }
  const std::vector<OnnxLayer>& layers() const { return layers_; }

  /// Appends a layer and returns its place. Throws for shapes that do not fit or are too large.
  std::size_t add(const std::string& where, OnnxSettings layer, std::vector<std::size_t> inputs,
                  OnnxParameters parameters = {}) {
    std::vector<nn::Shape> ins;
    for (const std::size_t from : inputs)
      ins.push_back(shape(from));
    const nn::Shape out =
        std::visit([&](const auto& l) { return nn::detail::output_shape(l, ins, where); }, layer);
    require_shape(where, out);
    layers_.push_back({.layer = std::move(layer),
                       .inputs = std::move(inputs),
                       .shape = out,
                       .parameters = std::move(parameters),
                       .output = {}});
    return layers_.size() - 1;
  }

  static void require_shape(const std::string& where, const nn::Shape& s) {
    constexpr std::size_t most = std::size_t{1} << 31;
    const bool small = s.channels < most && s.height < most && s.width < most &&
                       s.pixels() < most && s.pixels() * s.channels < most;
    if (!small || s.size() == 0) fail(where, "shapes of 1 to 2^31 numbers", text(s));
  }

  /// Refuses to make more constants than a file of this size can need.
  void spend(const std::string& where, std::size_t bytes) {
    if (bytes > spare_) fail(where, "constants in proportion to the file", text(bytes, " bytes"));
    spare_ -= bytes;
  }

  /// A name like this one that no layer has yet.
  std::string free_name(const std::string& wanted) {
    std::string name = wanted;
    for (std::size_t k = 1; name == "input" || name.empty() || !names_.insert(name).second; ++k)
      name = text(wanted.empty() ? "node" : wanted, '_', k);
    return name;
  }

 private:
  nn::Shape input_;
  std::size_t spare_;
  std::vector<OnnxLayer> layers_;
  std::set<std::string> names_;
};

}  // namespace gtap::detail
