#pragma once

#include <gtap/core/random.hpp>
#include <gtap/nn/network.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace gtap::nn {

/// Gives every weight a random start, and every bias zero; batch norm starts as the identity.
///
/// Dense and Conv2d weights are normal with variance 2 / fan_in where a ReLU-like activation (Relu,
/// LeakyRelu, Gelu) comes next (He et al. 2015), else uniform with variance 2 / (fan_in + fan_out)
/// (Glorot and Bengio 2010). Batch norm, pooling, flatten and dropout in between are looked
/// through. Each node draws from its own stream of the seed.
template <class T>
void initialize(Network<T>& net, std::uint64_t seed) {
  const auto nodes = net.edit_nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Node<T>& node = nodes[i];
    node.bias.setZero();
    if (std::holds_alternative<BatchNorm>(node.layer)) {
      node.weight.setOnes();
      node.running_mean.setZero();
      node.running_var.setOnes();
    }
    if (!is_mixing(node.layer)) continue;
    bool rectified = false;
    for (std::size_t k = i + 1; k < nodes.size() && !is_mixing(nodes[k].layer); ++k) {
      rectified = rectified || std::holds_alternative<Relu>(nodes[k].layer) ||
                  std::holds_alternative<LeakyRelu>(nodes[k].layer) ||
                  std::holds_alternative<Gelu>(nodes[k].layer);
    }
    const auto fan_in = static_cast<double>(node.weight.cols());
    double fan_out = static_cast<double>(node.weight.rows());
    if (const auto* conv = std::get_if<Conv2d>(&node.layer)) {
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
