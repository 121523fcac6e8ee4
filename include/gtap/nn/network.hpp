#pragma once

#include <gtap/core/error.hpp>
#include <gtap/core/intrinsics.hpp>
#include <gtap/nn/layers.hpp>
#include <gtap/nn/node.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::nn {

/// A feed-forward network: nodes in an order in which each reads only nodes before it. Weights
/// start as zeros; see initialize() and set_weight(). Reading from several threads is safe,
/// changing is not.
template <class T>
class Network {
 public:
  /// Layers in an order in which each reads earlier ones: a chain, or a graph where layers name
  /// what they read, as in
  ///
  ///     Network<float> net({8}, {Dense{.out = 8}, Relu{}, {Add{}, {"relu1", "input"}}});
  ///
  /// The last node is the output, and every other one is read. Throws gtap::Error naming the node,
  /// and the shapes when one does not fit.
  Network(Shape input, std::vector<PlacedLayer<T>> nodes) : input_(input) {
    detail::require(input.size() > 0, "Network", "an input of at least 1x1x1", detail::text(input));
    detail::require(!nodes.empty(), "Network", "at least one layer", "none");
    const std::vector<std::string> names = make_names(nodes);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      std::vector<std::size_t> inputs = find_inputs(nodes[i], i, names);
      std::vector<Shape> ins;
      for (const std::size_t from : inputs)
        ins.push_back(from == network_input ? input : nodes_[from].out);
      nodes_.emplace_back(names[i], std::move(nodes[i].layer), std::move(inputs), std::move(ins));
    }
    check_readers();
  }

  /// A chain of layers.
  template <std::same_as<std::vector<Layer<T>>> Chain>
  Network(Shape input, Chain chain)
      : Network(input, std::vector<PlacedLayer<T>>(std::make_move_iterator(chain.begin()),
                                                   std::make_move_iterator(chain.end()))) {}

  const Shape& input() const { return input_; }
  const Shape& output() const { return nodes_.back().out; }

  std::span<const Node<T>> nodes() const { return nodes_; }

  /// For changing parameters, never shapes or layers.
  std::span<Node<T>> edit_nodes() { return nodes_; }

  /// The number of the node with this name; throws when there is none.
  std::size_t index(std::string_view name) const {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].name == name) return i;
    }
    std::string names;
    for (const Node<T>& node : nodes_)
      names += (names.empty() ? "" : ", ") + node.name;
    detail::fail("Network", "one of the layers " + names, detail::text('"', name, '"'));
  }

  const Node<T>& node(std::string_view name) const { return nodes_[index(name)]; }
  Node<T>& edit_node(std::string_view name) { return edit_nodes()[index(name)]; }

  const Matrix<T>& weight(std::string_view name) const { return node(name).weight; }
  const Vector<T>& bias(std::string_view name) const { return node(name).bias; }

  /// Sets a weight from numbers in PyTorch's order (row-major; BatchNorm: one a channel). Throws
  /// when the count is wrong or a number is not finite.
  void set_weight(std::string_view name, std::span<const T> values) {
    set(
        name, "weight", values, [](Node<T> & n) -> auto& { return n.weight; });
  }
  /// The same from a matrix, whose rows and columns must be those of Node::weight.
  void set_weight(std::string_view name, const Matrix<T>& values) {
    const Matrix<T>& held = weight(name);
    if (held.rows() != values.rows() || held.cols() != values.cols()) {
      detail::fail(detail::text(name, ".weight"),
                   detail::text("a matrix of ", held.rows(), "x", held.cols()),
                   detail::text(values.rows(), "x", values.cols()));
    }
    set_weight(name, std::span<const T>(values.data(), static_cast<std::size_t>(values.size())));
  }

  /// Sets a bias. Throws as set_weight() does.
  void set_bias(std::string_view name, std::span<const T> values) {
    set(
        name, "bias", values, [](Node<T> & n) -> auto& { return n.bias; });
  }
  void set_bias(std::string_view name, const Vector<T>& values) {
    set_bias(name, std::span<const T>(values.data(), static_cast<std::size_t>(values.size())));
  }

  /// Sets the running statistics of a BatchNorm. Throws as set_weight() does, and for a negative
  /// variance.
  void set_running_statistics(std::string_view name, std::span<const T> mean,
                              std::span<const T> variance) {
    for (const T v : variance) {
      detail::require(!(v < 0), detail::text(name, ".running_var"), "variances of 0 or more",
                      detail::text(v));
    }
    set(
        name, "running_mean", mean, [](Node<T> & n) -> auto& { return n.running_mean; });
    set(
        name, "running_var", variance, [](Node<T> & n) -> auto& { return n.running_var; });
  }

  /// Throws gtap::Error naming the first parameter that is NaN or infinite.
  void check_finite() const {
    for (const Node<T>& n : nodes_) {
      check_finite(n.name, "weight", n.weight);
      check_finite(n.name, "bias", n.bias);
      check_finite(n.name, "running_mean", n.running_mean);
      check_finite(n.name, "running_var", n.running_var);
    }
  }

  /// Numbers that training changes, and multiply-adds of weights for one image.
  std::size_t parameters() const { return sum(&Node<T>::parameters); }
  std::size_t macs() const { return sum(&Node<T>::macs); }

 private:
  using Index = Eigen::Index;

  /// The names that the user gave, and for the others a kind and a number that avoid them.
  static std::vector<std::string> make_names(const std::vector<PlacedLayer<T>>& nodes) {
    std::set<std::string> taken{"input"};
    for (const PlacedLayer<T>& node : nodes) {
      const std::string& name = node.layer.name();
      detail::require(name != "input", "Network", "another name than that of the network's input",
                      "\"input\"");
      detail::require(name.empty() || taken.insert(name).second, "Network",
                      "different names of layers", detail::text('"', name, "\" twice"));
    }
    std::map<std::string_view, std::size_t> count;
    std::vector<std::string> names;
    for (const PlacedLayer<T>& node : nodes) {
      std::size_t number = ++count[node.layer.kind()];
      std::string name = node.layer.name();
      if (name.empty()) {
        do {
          name = detail::text(node.layer.kind(), number++);
        } while (!taken.insert(name).second);
      }
      names.push_back(std::move(name));
    }
    return names;
  }

  static std::vector<std::size_t> find_inputs(const PlacedLayer<T>& node, std::size_t at,
                                              const std::vector<std::string>& names) {
    if (node.inputs.empty()) return {at == 0 ? network_input : at - 1};
    std::vector<std::size_t> found;
    for (const std::string& input : node.inputs) {
      if (input == "input") {
        found.push_back(network_input);
        continue;
      }
      const auto place = std::find(names.begin(), names.end(), input);
      detail::require(place != names.end(), names[at], "inputs that are nodes, or \"input\"",
                      detail::text('"', input, '"'));
      const auto index = static_cast<std::size_t>(place - names.begin());
      detail::require(index < at, names[at],
                      "inputs that come before it, so that there is no cycle",
                      detail::text('"', input, index == at ? "\", itself" : "\", a later node"));
      found.push_back(index);
    }
    return found;
  }

  void check_readers() const {
    std::vector<bool> read(nodes_.size(), false);
    read.back() = true;
    for (const Node<T>& node : nodes_) {
      for (const std::size_t from : node.inputs) {
        if (from != network_input) read[from] = true;
      }
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      detail::require(read[i], nodes_[i].name, "a node that reads it, or the last place",
                      "an output that nobody reads");
    }
  }

  template <class Values>
  static void check_finite(const std::string& name, const char* part, const Values& values) {
    for (Index i = 0; i < values.size(); ++i) {
      const T value = values.data()[i];
      if (!std::isfinite(value)) {
        detail::fail(detail::text(name, ".", part), "finite numbers",
                     detail::text(value, " at ", i));
      }
    }
  }

  template <class Member>
  void set(std::string_view name, const char* part, std::span<const T> values, Member member) {
    auto& held = member(edit_node(name));
    const auto where = detail::text(name, ".", part);
    if (static_cast<std::size_t>(held.size()) != values.size()) {
      detail::fail(where, detail::text(held.size(), " numbers"), detail::text(values.size()));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        detail::fail(where, "finite numbers", detail::text(values[i], " at ", i));
      }
    }
    for (std::size_t i = 0; i < values.size(); ++i)
      held.data()[i] = values[i];
  }

  std::size_t sum(std::size_t (Node<T>::*count)() const) const {
    std::size_t total = 0;
    for (const Node<T>& node : nodes_)
      total += (node.*count)();
    return total;
  }

  Shape input_;
  std::vector<Node<T>> nodes_;
};

}  // namespace gtap::nn
