#pragma once

#include <gtap/nn/layer_forward.hpp>
#include <gtap/nn/network.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace gtap::nn {

namespace detail {

/// The nodes that read each node, in their order; one that reads a node twice stands there twice.
template <class T>
std::vector<std::vector<std::size_t>> readers(const Network<T>& net) {
  std::vector<std::vector<std::size_t>> list(net.nodes().size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (const std::size_t from : net.nodes()[i].inputs) {
      if (from != network_input) list[from].push_back(i);
    }
  }
  return list;
}

/// Which nodes the output of node `last` is made of, itself among them.
template <class T>
std::vector<bool> ancestors(const Network<T>& net, std::size_t last) {
  std::vector<bool> needed(net.nodes().size(), false);
  needed[last] = true;
  for (std::size_t i = last + 1; i > 0; --i) {
    if (!needed[i - 1]) continue;
    for (const std::size_t from : net.nodes()[i - 1].inputs) {
      if (from != network_input) needed[from] = true;
    }
  }
  return needed;
}

}  // namespace detail

/// A node's turn, and that of the activation after it where the node can apply it by the way.
struct PlanStep {
  std::size_t node = 0;
  std::size_t result = 0;       ///< the node whose output is written: `node`, or the activation
  std::vector<std::size_t> in;  ///< buffer of each input, or Plan::input
  std::size_t out = 0;          ///< buffer of the result; may be that of the first input
  kernels::Activation then{};
};

/// How one tile runs through a network at inference up to a node: steps in their order, and buffers
/// that are used again once their numbers have been read for the last time.
struct Plan {
  static constexpr std::size_t input = std::numeric_limits<std::size_t>::max();

  std::vector<PlanStep> steps;
  std::vector<std::size_t> buffers;  ///< numbers of each, for one image
  std::size_t result = input;        ///< the buffer that holds the output in the end

  /// To the output of node `nodes` - 1, by those nodes only that it is made of; 0: the input
  /// itself.
  template <class T>
  Plan(const Network<T>& net, std::size_t nodes) {
    if (nodes == 0) return;
    const std::size_t last = nodes - 1;
    const std::vector<bool> needed = detail::ancestors(net, last);
    std::vector<std::vector<std::size_t>> readers = detail::readers(net);
    for (auto& list : readers)
      std::erase_if(list, [&](std::size_t reader) { return !needed[reader]; });
    readers[last] = {nodes};  // whoever asked
    std::vector<std::size_t> unread(nodes);
    for (std::size_t i = 0; i < nodes; ++i)
      unread[i] = readers[i].size();
    std::vector<std::size_t> buffer(nodes, input);
    std::vector<std::size_t> free;
    std::vector<bool> done(nodes, false);
    for (std::size_t i = 0; i < nodes; ++i) {
      if (!needed[i] || done[i]) continue;
      const Node<T>& node = net.nodes()[i];
      PlanStep step{.node = i, .result = i, .in = {}, .out = input};
      if (i != last && readers[i].size() == 1 && node.layer.takes_activation()) {
        const std::size_t next = readers[i][0];
        step.then = net.nodes()[next].layer.activation();
        if (step.then.kind != kernels::Activation::none) {
          step.result = next;
          done[next] = true;
        }
      }
      for (const std::size_t from : node.inputs) {
        step.in.push_back(from == network_input ? input : buffer[from]);
        if (from != network_input) --unread[from];
      }
      const std::size_t first = node.inputs[0];
      const bool over = first != network_input && unread[first] == 0 &&
                        node.layer.runs_in_place() && node.out.size() == node.in.size();
      step.out = over ? buffer[first] : take(free);
      for (std::size_t k = 0; k < node.inputs.size(); ++k) {
        const std::size_t from = node.inputs[k];
        if (from == network_input || unread[from] > 0 || step.in[k] == step.out) continue;
        if (std::find(free.begin(), free.end(), step.in[k]) == free.end()) {
          free.push_back(step.in[k]);
        }
      }
      buffers[step.out] = std::max(buffers[step.out], node.out.size());
      buffer[step.result] = step.out;
      steps.push_back(std::move(step));
    }
    result = buffer[last];
  }

 private:
  std::size_t take(std::vector<std::size_t>& free) {
    if (free.empty()) {
      buffers.push_back(0);
      return buffers.size() - 1;
    }
    const std::size_t taken = free.back();
    free.pop_back();
    return taken;
  }
};

}  // namespace gtap::nn
