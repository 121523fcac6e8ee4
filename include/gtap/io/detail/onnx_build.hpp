#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/onnx_graph.hpp>
#include <gtap/io/detail/onnx_model.hpp>
#include <gtap/io/onnx_names.hpp>
#include <gtap/nn/network.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gtap::detail {

/// The images that a graph reads.
struct OnnxImages {
  nn::Shape shape;
  std::vector<std::int64_t> dims;     ///< without the batch
  std::optional<std::int64_t> batch;  ///< where the file fixes it
  std::string batch_name;
};

inline OnnxImages onnx_images(const std::string& where, const OnnxModel& model,
                              const std::optional<nn::Shape>& given) {
  if (model.inputs.size() != 1) {
    std::string names;
    for (const OnnxInput& input : model.inputs)
      names += text(names.empty() ? ": " : ", ", quote_name(input.name));
    fail(where, "a graph with 1 input", text(model.inputs.size(), names));
  }
  const OnnxInput& input = model.inputs[0];
  const std::string place = text(where, " input ", quote_name(input.name));
  if (input.type != OnnxType::f32 && input.type != OnnxType::f64) {
    fail(place, "real numbers, FLOAT or DOUBLE", onnx_type_name(input.type));
  }
  OnnxImages images;
  std::vector<OnnxDimension> dims;
  if (input.dims) {
    dims = *input.dims;
  } else {
    if (!given) fail(place, "sizes in the file or in OnnxOptions::input", "neither");
    dims.resize(given->pixels() == 1 ? 2 : 4);
  }
  if (dims.size() < 2 || dims.size() > 4) {
    fail(place, "2 to 4 dimensions, the batch first", text(dims.size()));
  }
  images.batch = dims[0].size && *dims[0].size > 0 ? dims[0].size : std::nullopt;
  images.batch_name = dims[0].name.empty() ? "batch" : dims[0].name;
  for (std::size_t k = 1; k < dims.size(); ++k) {
    std::optional<std::int64_t> size = dims[k].size;
    if (size && *size <= 0) size.reset();
    if (given) {
      const auto wanted = static_cast<std::int64_t>(k == 1                 ? given->channels
                                                    : k + 1 == dims.size() ? given->width
                                                                           : given->height);
      if (size && *size != wanted) {
        fail(place, text("images of ", *given, ", as OnnxOptions::input says"),
             text("size ", *size, " of dimension ", k));
      }
      size = wanted;
    }
    if (!size) {
      fail(place, "all sizes but the batch's, in the file or in OnnxOptions::input",
           text("dimension ", k, " open ", quote_name(dims[k].name)));
    }
    if (*size >> 31 != 0) fail(place, "sizes below 2^31", text(*size));
    images.dims.push_back(*size);
  }
  images.shape = *layer_shape(images.dims);
  if (given && images.shape != *given) {
    fail(place, text("images of ", *given, ", as OnnxOptions::input says"), text(images.shape));
  }
  OnnxGraph::require_shape(place, images.shape);
  return images;
}

inline std::string onnx_output(const std::string& where, const OnnxModel& model,
                               const std::string& wanted) {
  std::string names;
  for (const OnnxInput& output : model.outputs) {
    if (output.name == wanted) return wanted;
    names += text(names.empty() ? "" : ", ", quote_name(output.name));
  }
  if (!wanted.empty()) fail(where, text("one of the outputs ", names), quote_name(wanted));
  if (model.outputs.size() != 1) {
    fail(where, "1 output, or which one in OnnxOptions::output",
         model.outputs.empty() ? "none" : names);
  }
  return model.outputs[0].name;
}

inline OnnxNames onnx_names(const OnnxModel& model, const std::vector<OnnxLayer>& layers,
                            const OnnxImages& images, const std::string& output) {
  OnnxNames names{.graph = model.name,
                  .input = model.inputs[0].name,
                  .output = output,
                  .batch = images.batch_name,
                  .input_rank = images.dims.size() + 1};
  for (const OnnxLayer& layer : layers) {
    const std::string& name = layer.name();
    if (!layer.output.empty()) names.results[name] = layer.output;
    if (!layer.parameters.names.empty()) names.parameters[name] = layer.parameters.names;
  }
  return names;
}

/// Writes a tensor's numbers, times `scale`, over a parameter's; one number stands for all.
template <class T, class Parameter>
void fill(const OnnxTensor& tensor, double scale, bool transposed, Parameter& parameter) {
  const auto size = static_cast<std::size_t>(parameter.size());
  if (tensor.type == OnnxType::none) return;
  const auto number = [&](std::size_t i) {
    const double value = tensor.real(i);
    return static_cast<T>(scale == 1.0 ? value : scale * value);
  };
  const auto rows = static_cast<std::size_t>(parameter.rows());
  const auto columns = static_cast<std::size_t>(parameter.cols());
  for (std::size_t i = 0; i < size; ++i) {
    std::size_t from = tensor.size() == 1 ? 0 : i;
    if (transposed) from = i % columns * rows + i / columns;
    parameter.data()[i] = number(from);
  }
}

template <class T>
nn::Network<T> build_network(nn::Shape input, std::vector<OnnxLayer> layers) {
  std::vector<nn::PlacedLayer<T>> placed;
  for (const OnnxLayer& layer : layers) {
    std::vector<std::string> inputs;
    for (const std::size_t from : layer.inputs)
      inputs.push_back(from == nn::network_input ? "input" : layers[from].name());
    std::visit([&](const auto& l) { placed.emplace_back(l, std::move(inputs)); }, layer.layer);
  }
  nn::Network<T> net(input, std::move(placed));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const OnnxParameters& from = layers[i].parameters;
    nn::Node<T>& node = net.edit_nodes()[i];
    fill<T>(from.weight, from.weight_scale, from.transposed, node.weight);
    fill<T>(from.bias, from.bias_scale, false, node.bias);
    fill<T>(from.mean, 1.0, false, node.running_mean);
    fill<T>(from.variance, 1.0, false, node.running_var);
    for (Eigen::Index c = 0; c < node.running_var.size(); ++c) {
      if (node.running_var[c] < 0) {
        fail(text(node.name, " variance"), "variances of 0 or more", text(node.running_var[c]));
      }
    }
  }
  net.check_finite();
  return net;
}

}  // namespace gtap::detail
