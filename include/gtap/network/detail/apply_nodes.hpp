#pragma once

#include <gtap/nn/channels.hpp>
#include <gtap/nn/layer_forward.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/tensor.hpp>

#include <cstddef>
#include <utility>

namespace gtap::detail {

/// What nodes `begin` up to, not including, `end` of a chain make of the input of node `begin`.
template <class T>
nn::Tensor<T> apply_nodes(const nn::Network<T>& net, std::size_t begin, std::size_t end,
                          const nn::Tensor<T>& input) {
  nn::Tensor<T> values = input;
  for (std::size_t i = begin; i < end; ++i) {
    const nn::Node<T>& node = net.nodes()[i];
    const auto in = nn::detail::all_channels(node.in.channels);
    const auto out = nn::detail::all_channels(node.out.channels);
    nn::Tensor<T> next(node.out, values.images());
    for (std::size_t t = 0; t < values.tiles(); ++t) {
      nn::forward_tile(node, in, out, values.tile(t), next.tile(t));
    }
    values = std::move(next);
  }
  return values;
}

}  // namespace gtap::detail
