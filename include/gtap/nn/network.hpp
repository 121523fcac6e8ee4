#pragma once

#include <gtap/core/error.hpp>
#include <gtap/nn/layer_shape.hpp>

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::nn {

/// Parameters, row-major as in PyTorch.
template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

/// Stands among a node's inputs for the network's own input.
inline constexpr std::size_t network_input = std::numeric_limits<std::size_t>::max();

/// One layer in its place, with its parameters.
template <class T>
struct Node {
  std::string name;
  Layer layer;
  std::vector<std::size_t> inputs;  ///< nodes before this one, or network_input
  Shape in;
  Shape out;
  Matrix<T> weight;        ///< Dense [out, in]; Conv2d [out, (in / groups) * kH * kW]; BatchNorm
                           ///< [1, channels]; else empty
  Vector<T> bias;          ///< as many as out.channels, or empty
  Vector<T> running_mean;  ///< BatchNorm only, one a channel
  Vector<T> running_var;   ///< BatchNorm only, one a channel

  /// Numbers that training changes.
  std::size_t parameters() const { return static_cast<std::size_t>(weight.size() + bias.size()); }

  /// Multiply-adds of weights for one image; what other layers do is not counted.
  std::size_t macs() const {
    return is_mixing(layer) ? static_cast<std::size_t>(weight.size()) * out.pixels() : 0;
  }
};

/// A feed-forward network: nodes in an order in which each reads only nodes before it. Weights
/// start as zeros; see initialize() and set_weight(). Reading from several threads is safe,
/// changing is not.
template <class T>
class Network {
 public:
  /// A chain of layers. Throws gtap::Error naming the layer and the shapes when one does not fit.
  Network(Shape input, std::vector<Layer> chain) : input_(input) {
    detail::require(input.size() > 0, "Network", "an input of at least 1x1x1", detail::text(input));
    detail::require(!chain.empty(), "Network", "at least one layer", "none");
    std::set<std::string> names = given_names(chain);
    std::map<std::string_view, std::size_t> count;
    for (Layer& layer : chain) {
      const std::size_t index = nodes_.size();
      Node<T> node;
      node.inputs = {index == 0 ? network_input : index - 1};
      node.in = index == 0 ? input : nodes_.back().out;
      std::size_t number = ++count[kind_of(layer)];
      node.name = std::visit([](const auto& l) { return l.name; }, layer);
      if (node.name.empty()) {
        do {
          node.name = detail::text(kind_of(layer), number++);
        } while (!names.insert(node.name).second);
      }
      node.out = output_shape(layer, node.in, node.name);
      node.layer = std::move(layer);
      allocate(node);
      nodes_.push_back(std::move(node));
    }
  }

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

  /// The names that the user gave, which its own avoid.
  static std::set<std::string> given_names(const std::vector<Layer>& chain) {
    std::set<std::string> names;
    for (const Layer& layer : chain) {
      const std::string name = std::visit([](const auto& l) { return l.name; }, layer);
      detail::require(name.empty() || names.insert(name).second, "Network",
                      "different names of layers", detail::text('"', name, "\" twice"));
    }
    return names;
  }

  static void allocate(Node<T>& node) {
    const auto channels = static_cast<Index>(node.out.channels);
    if (const auto* dense = std::get_if<Dense>(&node.layer)) {
      node.weight.setZero(channels, static_cast<Index>(node.in.channels));
      if (dense->bias) node.bias.setZero(channels);
    } else if (const auto* conv = std::get_if<Conv2d>(&node.layer)) {
      const std::size_t columns =
          node.in.channels / conv->groups * conv->kernel.height * conv->kernel.width;
      node.weight.setZero(channels, static_cast<Index>(columns));
      if (conv->bias) node.bias.setZero(channels);
    } else if (std::holds_alternative<BatchNorm>(node.layer)) {
      node.weight.setOnes(1, channels);
      node.bias.setZero(channels);
      node.running_mean.setZero(channels);
      node.running_var.setOnes(channels);
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
