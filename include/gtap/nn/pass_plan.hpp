#pragma once

#include <gtap/nn/channels.hpp>
#include <gtap/nn/layer_forward.hpp>
#include <gtap/nn/network.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace gtap::nn {

/// How batch norm and dropout work: by the mini-batch and by chance, or as at inference.
enum class Mode { training, inference };

namespace detail {

/// One node's part in forward and backward passes over mini-batches.
struct PassStep {
  std::size_t in = 0;   ///< number of the buffer that it reads
  std::size_t out = 0;  ///< and of the one that it writes: the same for a node that works in place
  std::size_t weight = 0;  ///< first number of its weight among all parameters
  std::size_t bias = 0;
  kernels::Activation then{};  ///< the next node's activation, if this one applies it by the way
  bool done = false;           ///< by the node before
  bool by_batch = false;       ///< batch norm in training: needs sums over all tiles
  std::vector<std::uint32_t> in_channels;  ///< all: 0, 1, ...
  std::vector<std::uint32_t> out_channels;
};

/// Which buffers hold what in forward and backward passes over the first nodes of a network.
/// Activations work in place where the backward pass can do without what they write over.
struct PassPlan {
  std::vector<PassStep> steps;
  std::vector<Shape> buffers;  ///< number 0 is the network's input
  std::size_t parameters = 0;
  std::size_t first = 0;  ///< the first node with parameters: nothing before needs a gradient

  template <class T>
  PassPlan(const Network<T>& net, std::size_t nodes, Mode mode)
      : buffers{net.input()}, first(nodes), keep_{Keep::nothing} {
    for (std::size_t i = 0; i < nodes; ++i)
      add(net.nodes()[i], i, mode);
  }

  /// The first node from i on that needs sums over the whole batch, or the end.
  std::size_t next_cut(std::size_t i) const {
    while (i < steps.size() && !steps[i].by_batch)
      ++i;
    return i;
  }

  /// The last such node before i, plus one; `first` if there is none.
  std::size_t previous_cut(std::size_t i) const {
    while (i > first && !steps[i - 1].by_batch)
      --i;
    return i;
  }

 private:
  /// What backward passes need of a buffer's numbers, as the nodes so far have left them.
  enum class Keep { nothing, sign, value };

  static bool may_write_over(const Layer& layer, Keep keep) {
    if (std::holds_alternative<Flatten>(layer)) return true;
    if (std::holds_alternative<Dropout>(layer)) return keep != Keep::value;
    const auto* leaky = std::get_if<LeakyRelu>(&layer);
    return keep == Keep::nothing &&
           (std::holds_alternative<Relu>(layer) || (leaky != nullptr && leaky->slope > 0.0) ||
            std::holds_alternative<Sigmoid>(layer) || std::holds_alternative<Tanh>(layer));
  }

  static Keep needed_of_output(const Layer& layer) {
    if (std::holds_alternative<Relu>(layer) || std::holds_alternative<LeakyRelu>(layer)) {
      return Keep::sign;
    }
    const bool value =
        std::holds_alternative<Sigmoid>(layer) || std::holds_alternative<Tanh>(layer) ||
        std::holds_alternative<Softmax>(layer) || std::holds_alternative<MaxPool2d>(layer);
    return value ? Keep::value : Keep::nothing;
  }

  template <class T>
  void add(const Node<T>& node, std::size_t i, Mode mode) {
    PassStep step;
    step.in = i == 0 ? 0 : steps[i - 1].out;
    step.by_batch = mode == Mode::training && std::holds_alternative<BatchNorm>(node.layer);
    const bool in_place = may_write_over(node.layer, keep_[step.in]);
    if (in_place) {
      step.out = step.in;
    } else {
      step.out = buffers.size();
      buffers.push_back(node.out);
      keep_.push_back(Keep::nothing);
    }
    keep_[step.out] = std::max(keep_[step.out], needed_of_output(node.layer));
    step.weight = parameters;
    step.bias = parameters + static_cast<std::size_t>(node.weight.size());
    parameters += node.parameters();
    if (node.parameters() > 0) first = std::min(first, i);
    step.in_channels = all_channels(node.in.channels);
    step.out_channels = all_channels(node.out.channels);
    const auto activation = activation_of(node.layer);
    if (i > 0 && in_place && activation.kind != kernels::Activation::none && mixing_before_) {
      steps[i - 1].then = activation;
      step.done = true;
    }
    mixing_before_ = is_mixing(node.layer);
    steps.push_back(std::move(step));
  }

  std::vector<Keep> keep_;  // by buffer
  bool mixing_before_ = false;
};

}  // namespace detail
}  // namespace gtap::nn
