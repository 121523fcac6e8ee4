#pragma once

#include <gtap/nn/channels.hpp>
#include <gtap/nn/layer_work.hpp>
#include <gtap/nn/node.hpp>

#include <span>

namespace gtap::nn {

/// What a node makes of one tile at inference. `x` are tiles of the node's inputs, of which the
/// channels `in` are present; writes the channels `out` of `y`, a tile of node.out; others are not
/// touched. For what keeps channels apart, `out` must be what becomes of `in`. `then` is applied to
/// what is written if the layer takes_activation(), else ignored.
template <class T>
void forward_tile(const Node<T>& node, std::span<const Channels> in, Channels out,
                  std::span<const T* const> x, T* y, kernels::Activation then = {}) {
  const ForwardTile<T> tile{.in = node.ins,
                            .out = node.out,
                            .parameters = node,
                            .read = in,
                            .write = out,
                            .x = x,
                            .y = y,
                            .then = then};
  node.layer.forward(tile);
}

/// The same for a node with one input.
template <class T>
void forward_tile(const Node<T>& node, Channels in, Channels out, const T* x, T* y,
                  kernels::Activation then = {}) {
  forward_tile(node, std::span<const Channels>(&in, 1), out, std::span<const T* const>(&x, 1), y,
               then);
}

}  // namespace gtap::nn
