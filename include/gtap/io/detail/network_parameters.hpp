#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/detail/stored_content.hpp>
#include <gtap/nn/network.hpp>

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap::detail {

/// Calls visit(name, shape, vector or matrix) for each parameter of a node, in PyTorch's names and
/// shapes.
template <class Node, class Visit>
void visit_parameters(Node& node, Visit&& visit) {
  const std::vector<std::size_t> channels{node.out.channels};
  if (node.weight.size() != 0) {
    visit(node.name + ".weight", node.layer.parameter_shape(node.ins).weight, node.weight);
  }
  if (node.bias.size() != 0) visit(node.name + ".bias", channels, node.bias);
  if (node.running_mean.size() != 0) {
    visit(node.name + ".running_mean", channels, node.running_mean);
    visit(node.name + ".running_var", channels, node.running_var);
  }
}

/// Follows shapes through a network before memory is asked for: weights are those that the file
/// has, and no shape overflows.
template <class T>
void check_shapes(const std::string& where, const Safetensors& file, nn::Shape input,
                  const std::vector<nn::PlacedLayer<T>>& nodes) {
  constexpr std::size_t most = std::size_t{1} << 31;
  const auto check = [&](const std::string& place, const nn::Shape& s) {
    if (s.height >= most || s.width >= most || s.channels >= most || s.pixels() >= most ||
        s.size() >= most) {
      fail(place, "shapes of less than 2^31 numbers", text(s));
    }
  };
  check(where, input);
  std::map<std::string, nn::Shape> shapes{{"input", input}};
  for (const nn::PlacedLayer<T>& node : nodes) {
    const std::string& name = node.layer.name();
    const std::string place = text(where, " layer \"", name, '"');
    std::vector<nn::Shape> in;
    for (const std::string& from : node.inputs) {
      const auto found = shapes.find(from);
      if (found == shapes.end()) {
        fail(place, "inputs that come before it", text('"', from, '"'));
      }
      in.push_back(found->second);
    }
    const nn::Shape out = node.layer.output_shape(in, place);
    check(place, out);
    shapes[name] = out;
    const auto weight = node.layer.parameter_shape(in).weight;
    if (!weight.empty()) stored_tensor(where, file, name + ".weight", weight);
  }
}

/// Sets all parameters from tensors of the same names; a network is changed as a whole or not.
template <class T>
void set_parameters(const std::string& where, const Safetensors& file, nn::Network<T>& net) {
  nn::Network<T> changed = net;
  std::set<std::string> used;
  for (auto& node : changed.edit_nodes()) {
    visit_parameters(
        node, [&](const std::string& name, const std::vector<std::size_t>& shape, auto& parameter) {
          const auto values = stored_values<T>(where, file, name, shape);
          for (std::size_t k = 0; k < values.size(); ++k)
            parameter.data()[k] = values[k];
          used.insert(name);
        });
    // PyTorch's batch norm counts batches, which no inference reads.
    if (nn::as<nn::BatchNorm>(node.layer)) {
      used.insert(node.name + ".num_batches_tracked");
    }
  }
  for (const auto& item : file.tensors) {
    if (!used.contains(item.first)) {
      fail(where, "only tensors of the network's layers", text('"', item.first, '"'));
    }
  }
  at_place(where, [&] { changed.check_finite(); });
  net = std::move(changed);
}

}  // namespace gtap::detail
