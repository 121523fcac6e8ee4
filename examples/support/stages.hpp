#pragma once

#include <gtap/nn/network.hpp>

#include <cstddef>
#include <variant>
#include <vector>

// For examples and benchmarks whose networks are chains.

namespace support {

namespace nn = gtap::nn;

/// One mixing node (Dense or Conv2d) and the channel-wise nodes after it, up to the next mixing
/// node. A *unit* is an output channel of the mixing node; it is ablated at the end of the stage,
/// after activation and batch norm, where it owns `rows_per_unit` consecutive rows (pixels) of
/// each tile: unit u has rows u * rows_per_unit and on, whether or not a Flatten came between.
struct Stage {
  std::size_t mixing = 0;         ///< number of the mixing node
  std::size_t end = 0;            ///< one past the stage's last node
  std::size_t units = 0;          ///< output channels of the mixing node
  std::size_t rows_per_unit = 1;  ///< rows of a unit in the output of node end - 1
};

/// A chain network cut into stages. Nodes before `prefix_end` are channel-wise and come before the
/// first mixing node. The last stage gives the logits: a Softmax at the end belongs to no stage.
/// Units of the stages but the last are the hidden units.
struct Stages {
  std::size_t prefix_end = 0;
  std::vector<Stage> stages;

  std::size_t hidden() const { return stages.size() - 1; }
};

/// Cuts a chain into its stages.
template <class T>
Stages stages(const nn::Network<T>& net) {
  Stages cut;
  for (std::size_t i = 0; i < net.nodes().size(); ++i) {
    const nn::Node<T>& node = net.nodes()[i];
    if (nn::as<nn::Softmax>(node.layer)) break;
    if (node.layer.is_mixing()) {
      cut.stages.push_back({.mixing = i, .end = i, .units = node.out.channels});
    }
    if (cut.stages.empty()) {
      cut.prefix_end = i + 1;
    } else {
      Stage& stage = cut.stages.back();
      stage.end = i + 1;
      stage.rows_per_unit = node.out.size() / stage.units;
    }
  }
  return cut;
}

}  // namespace support
