#pragma once

#include <gtap/core/random.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/plan.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gtap::nn {

namespace detail {

/// Whether a ReLU-like activation comes after a node before the next weights do, on some way.
template <class T>
bool is_rectified(const Network<T>& net, const std::vector<std::vector<std::size_t>>& readers,
                  std::size_t i) {
  for (const std::size_t reader : readers[i]) {
    const Layer<T>& layer = net.nodes()[reader].layer;
    if (layer.is_mixing()) continue;
    switch (layer.activation().kind) {
      case kernels::Activation::relu:
      case kernels::Activation::leaky_relu:
      case kernels::Activation::gelu:
      case kernels::Activation::silu:
      case kernels::Activation::hard_swish:
      case kernels::Activation::clip:
        return true;
      default:
        if (is_rectified(net, readers, reader)) return true;
    }
  }
  return false;
}

}  // namespace detail

/// Gives every weight a random start, and every bias zero; batch norm and layer norm start as the
/// identity, layers of somebody else's with the weights that they ask for.
///
/// Dense and Conv2d weights are normal with variance 2 / fan_in where a ReLU-like activation (Relu,
/// LeakyRelu, Gelu, SiLU, HardSwish, Clip) comes next (He et al. 2015), else uniform with variance
/// 2 / (fan_in + fan_out) (Glorot and Bengio 2010). What has no such weights is looked through.
/// Each node draws from its own stream of the seed.
template <class T>
void initialize(Network<T>& net, std::uint64_t seed) {
  const auto readers = detail::readers(net);
  const auto nodes = net.edit_nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Node<T>& node = nodes[i];
    node.allocate(node.layer.parameter_shape(node.ins));
    if (!node.layer.is_mixing()) continue;
    const bool rectified = detail::is_rectified(net, readers, i);
    const auto fan_in = static_cast<double>(node.weight.cols());
    double fan_out = static_cast<double>(node.weight.rows());
    if (const auto* conv = as<Conv2d>(node.layer)) {
      const std::size_t window = conv->kernel.height * conv->kernel.width;
      fan_out *= static_cast<double>(window) / static_cast<double>(conv->groups);
    }
    RandomStream random(seed, i);
    const double deviation = std::sqrt(2.0 / fan_in);
    const double limit = std::sqrt(6.0 / (fan_in + fan_out));
    for (Eigen::Index k = 0; k < node.weight.size(); ++k) {
      const double draw =
          rectified ? deviation * random.normal() : limit * (2.0 * random.uniform() - 1.0);
      node.weight.data()[k] = static_cast<T>(draw);
    }
  }
}

}  // namespace gtap::nn
