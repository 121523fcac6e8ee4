#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/io/detail/layer_json.hpp>
#include <gtap/io/detail/network_parameters.hpp>
#include <gtap/io/detail/stored_content.hpp>
#include <gtap/io/safetensors.hpp>
#include <gtap/nn/network.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

namespace detail {

/// A network as what a file holds.
template <class T>
Safetensors network_content(const std::string& where, const nn::Network<T>& net) {
  net.check_finite();
  Safetensors file;
  Json nodes = Json::array();
  for (const auto& node : net.nodes()) {
    Json inputs = Json::array();
    for (const std::size_t input : node.inputs) {
      inputs.push_back(input == nn::network_input ? Json("input") : Json(net.nodes()[input].name));
    }
    nodes.push_back({{"name", node.name}, {"inputs", inputs}, {"layer", layer_json(node.layer)}});
    visit_parameters(node, [&](const std::string& name, const std::vector<std::size_t>& shape,
                               const auto& parameter) {
      file.tensors[name] = StoredTensor::from(
          std::span<const T>(parameter.data(), static_cast<std::size_t>(parameter.size())), shape);
    });
  }
  const nn::Shape input = net.input();
  const Json network{
      {"format", 1}, {"input", {input.channels, input.height, input.width}}, {"nodes", nodes}};
  file.metadata["gtap.network"] = dump_json(where, network);
  return file;
}

/// The network that a file holds; `own` are the user's layers that may be met.
template <class T>
nn::Network<T> stored_network(const std::string& where, const Safetensors& file,
                              std::span<const nn::Layer<T>> own = {}) {
  const Json json = metadata_json(where, file, "gtap.network");
  require_keys(where, json, {"format", "input", "nodes"});
  const auto input = json_sizes(where, json["input"]);
  if (input.size() != 3) fail(where, "an input of 3 sizes", text(input.size()));
  if (!json["nodes"].is_array()) fail(where, "a list of nodes", "something else");

  std::vector<nn::PlacedLayer<T>> nodes;
  for (const Json& node : json["nodes"]) {
    require_keys(where, node, {"name", "inputs", "layer"});
    const std::string name = json_text(where, node["name"]);
    const std::string place = text(where, " layer \"", name, '"');
    if (!node["inputs"].is_array() || node["inputs"].empty()) {
      fail(place, "a list of inputs", node["inputs"].dump());
    }
    std::vector<std::string> inputs;
    for (const Json& from : node["inputs"])
      inputs.push_back(json_text(place, from));
    nodes.emplace_back(read_layer(place, node["layer"], name, own), std::move(inputs));
  }
  const nn::Shape shape{input[0], input[1], input[2]};
  check_shapes(where, file, shape, nodes);
  auto net = at_place(where, [&] { return nn::Network<T>(shape, std::move(nodes)); });
  set_parameters(where, file, net);
  return net;
}

}  // namespace detail

/// Saves a network with its topology as a safetensors file: parameters under PyTorch's names and
/// layouts ("conv1.weight" [out, in / groups, kH, kW]), layers as JSON in `__metadata__`. Throws
/// gtap::Error for parameters that are not finite, and when the file cannot be written; what was
/// there before is then still there.
template <class T>
void save_network(const std::filesystem::path& path, const nn::Network<T>& net) {
  write_safetensors(path, detail::network_content("save_network", net));
}

/// Loads what save_network wrote. A network saved as float may be loaded as double, and the other
/// way with its parameters rounded to the nearest float. `own` has a layer of each of the user's
/// own kinds that the file may hold. Throws gtap::Error for everything that is damaged, missing or
/// too much.
template <class T>
nn::Network<T> load_network(const std::filesystem::path& path,
                            std::span<const nn::Layer<T>> own = {}) {
  const std::string where = detail::file_place("load_network", path.string());
  return detail::stored_network<T>(
      where, parse_safetensors(where, detail::read_file(where, path.string())), own);
}

/// Sets the parameters of a network from any safetensors file with the tensors of its layers, such
/// as "conv1.weight" in PyTorch's layout, and no others. F16, BF16, F32 and F64 are converted, see
/// StoredTensor::values(). Throws gtap::Error, with the network unchanged, for a tensor that is
/// missing, too much, of another shape or type, or not finite or too large for T.
template <class T>
void load_weights(const std::filesystem::path& path, nn::Network<T>& net) {
  const std::string where = detail::file_place("load_weights", path.string());
  detail::set_parameters(where, parse_safetensors(where, detail::read_file(where, path.string())),
                         net);
}

}  // namespace gtap
