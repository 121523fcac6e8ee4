#pragma once

#include <gtap/network/units.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/plan.hpp>

#include <cstddef>
#include <vector>

namespace gtap::detail {

/// A node and those after it that keep its channels apart, each the only reader of the one before.
/// Step 0 is the network's input, without nodes.
struct Step {
  std::vector<std::size_t> nodes;  ///< the head first
  std::vector<std::size_t> in;     ///< steps that the head reads

  std::size_t head() const { return nodes.front(); }
  std::size_t end() const { return nodes.back(); }
};

/// The first `count` nodes of a network as steps, in an order in which each reads earlier ones.
/// Only the last node of a step is read by others.
template <class T>
std::vector<Step> make_steps(const nn::Network<T>& net, std::size_t count) {
  const auto readers = nn::detail::readers(net);
  std::vector<Step> steps(1);
  std::vector<std::size_t> step_of(count, 0);
  const auto source = [&](std::size_t from) {
    return from == nn::network_input ? 0 : step_of[from];
  };
  for (std::size_t i = 0; i < count; ++i) {
    const nn::Node<T>& node = net.nodes()[i];
    const nn::ChannelMap map = node.channel_map(0);
    const std::size_t before = node.inputs[0];
    const bool follows = node.inputs.size() == 1 && before != nn::network_input &&
                         readers[before].size() == 1 &&
                         (map.kind == nn::ChannelMap::keeps || map.kind == nn::ChannelMap::spreads);
    if (follows) {
      step_of[i] = step_of[before];
      steps[step_of[i]].nodes.push_back(i);
      continue;
    }
    Step step{.nodes = {i}, .in = {}};
    for (const std::size_t from : node.inputs)
      step.in.push_back(source(from));
    step_of[i] = steps.size();
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace gtap::detail
