#pragma once

#include <gtap/nn/channels.hpp>
#include <gtap/nn/layer_forward.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/plan.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace gtap::nn {

/// How batch norm and dropout work: by the mini-batch and by chance, or as at inference.
enum class Mode { training, inference };

namespace detail {

/// One node's part in forward and backward passes over mini-batches.
struct PassStep {
  std::vector<std::size_t> in;  ///< numbers of the buffers that it reads
  std::size_t out = 0;          ///< and of the one that it writes: that of the first input in place
  std::size_t weight = 0;       ///< first number of its weight among all parameters
  std::size_t bias = 0;
  kernels::Activation then{};  ///< the next node's activation, if this one applies it by the way
  bool done = false;           ///< by the node before
  bool by_batch = false;       ///< batch norm in training: needs sums over all tiles
  bool active = false;         ///< parameters stand at it or before it: its gradient is wanted
  std::vector<bool> wanted;    ///< by input: whether the gradient by it is wanted
  std::vector<bool> adds;      ///< and whether later nodes have given that gradient a part already
};

/// Which buffers hold what in forward and backward passes over the first nodes of a network.
/// Layers work in place where the backward pass can do without what they write over.
struct PassPlan {
  std::vector<PassStep> steps;
  std::vector<Shape> buffers;  ///< number 0 is the network's input
  std::size_t parameters = 0;
  std::size_t first = 0;    ///< the first node with parameters: nothing before needs a gradient
  std::size_t scratch = 0;  ///< numbers of the largest gradient that is added to another
  std::vector<std::uint32_t> all;  ///< 0, 1, ...: as many channels as any node has

  template <class T>
  PassPlan(const Network<T>& net, std::size_t nodes, Mode mode)
      : buffers{net.input()}, first(nodes), readers_(readers(net)), keep_{Keep::nothing} {
    std::size_t most = net.input().channels;
    for (const Node<T>& node : net.nodes()) {
      input_readers_ += static_cast<std::size_t>(
          std::count(node.inputs.begin(), node.inputs.end(), network_input));
    }
    for (std::size_t i = 0; i < nodes; ++i) {
      add(net, i, mode);
      most = std::max(most, net.nodes()[i].out.channels);
    }
    all = all_channels(most);
    std::vector<bool> begun(nodes, false);
    for (std::size_t i = nodes; i > 0; --i) {
      PassStep& step = steps[i - 1];
      for (std::size_t k = 0; k < step.in.size(); ++k) {
        const std::size_t from = net.nodes()[i - 1].inputs[k];
        step.wanted.push_back(from != network_input && steps[from].active);
        step.adds.push_back(step.wanted[k] && begun[from]);
        if (step.wanted[k]) begun[from] = true;
        if (step.adds[k]) scratch = std::max(scratch, net.nodes()[from].out.size());
      }
    }
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
  using Keep = Needed;  // what backward passes need of a buffer's numbers, as the nodes so far left
                        // them

  template <class T>
  static bool may_write_over(const Layer<T>& layer, Keep keep) {
    const LayerTraits traits = layer.traits();
    if (traits.same_numbers) return true;
    if (as<Dropout>(layer) != nullptr) return keep != Keep::value;
    return keep == Keep::nothing && traits.backward_in_place;
  }

  template <class T>
  void add(const Network<T>& net, std::size_t i, Mode mode) {
    const Node<T>& node = net.nodes()[i];
    PassStep step;
    step.active = node.parameters() > 0;
    for (const std::size_t from : node.inputs) {
      step.in.push_back(from == network_input ? 0 : steps[from].out);
      step.active = step.active || (from != network_input && steps[from].active);
    }
    step.by_batch = mode == Mode::training && as<BatchNorm>(node.layer) != nullptr;
    const std::size_t before = node.inputs[0];
    const bool only_reader =
        before == network_input ? input_readers_ == 1 : readers_[before].size() == 1;
    const bool in_place = only_reader && may_write_over(node.layer, keep_[step.in[0]]);
    if (in_place) {
      step.out = step.in[0];
    } else {
      step.out = buffers.size();
      buffers.push_back(node.out);
      keep_.push_back(Keep::nothing);
    }
    keep_[step.out] = std::max(keep_[step.out], node.layer.traits().needs_output);
    step.weight = parameters;
    step.bias = parameters + static_cast<std::size_t>(node.weight.size());
    parameters += node.parameters();
    if (node.parameters() > 0) first = std::min(first, i);
    const auto activation = node.layer.activation();
    if (in_place && before != network_input && activation.kind != kernels::Activation::none &&
        net.nodes()[before].layer.takes_activation() && !steps[before].by_batch) {
      steps[before].then = activation;
      step.done = true;
    }
    steps.push_back(std::move(step));
  }

  std::vector<std::vector<std::size_t>> readers_;
  std::size_t input_readers_ = 0;
  std::vector<Keep> keep_;  // by buffer
};

}  // namespace detail
}  // namespace gtap::nn
