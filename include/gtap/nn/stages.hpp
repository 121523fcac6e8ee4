#pragma once

#include <gtap/nn/network.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gtap::nn {

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

/// Cuts a network into its stages. Throws when it has no mixing node, a Softmax before the end, or
/// is no chain.
template <class T>
Stages stages(const Network<T>& net) {
  Stages cut;
  const auto nodes = net.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node<T>& node = nodes[i];
    const std::size_t before = i == 0 ? network_input : i - 1;
    detail::require(node.inputs.size() == 1 && node.inputs[0] == before, node.name,
                    "a chain of layers, each of which reads the one before", "a graph");
    const ChannelMap::Kind kind = node.channel_map(0).kind;
    detail::require(is_mixing(node.layer) || std::holds_alternative<Softmax>(node.layer) ||
                        kind == ChannelMap::keeps || kind == ChannelMap::spreads,
                    node.name, "layers that mix channels or keep them apart",
                    detail::text("a layer of kind \"", kind_of(node.layer), '"'));
    if (std::holds_alternative<Softmax>(node.layer)) {
      detail::require(i + 1 == nodes.size(), node.name, "a softmax as the last layer only",
                      "one before " + nodes[std::min(i + 1, nodes.size() - 1)].name);
      break;
    }
    if (is_mixing(node.layer)) {
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
  detail::require(!cut.stages.empty(), "stages", "at least one Dense or Conv2d layer", "none");
  return cut;
}

/// The channels that are kept of each hidden stage, in increasing order: kept[s] for stage s. The
/// last stage is always whole.
using KeptChannels = std::vector<std::vector<std::uint32_t>>;

/// Throws unless `kept` has a strictly increasing list of existing channels for each hidden stage.
inline void check_kept(const Stages& cut, std::span<const std::vector<std::uint32_t>> kept) {
  if (kept.size() != cut.hidden()) {
    detail::fail("mask", detail::text("lists of channels for ", cut.hidden(), " hidden stages"),
                 detail::text(kept.size()));
  }
  for (std::size_t s = 0; s < kept.size(); ++s) {
    for (std::size_t k = 0; k < kept[s].size(); ++k) {
      const bool in_order = k == 0 || kept[s][k - 1] < kept[s][k];
      if (!in_order || kept[s][k] >= cut.stages[s].units) {
        detail::fail(
            "mask",
            detail::text("increasing channels below ", cut.stages[s].units, " in hidden stage ", s),
            detail::text("channel ", kept[s][k], " at place ", k));
      }
    }
  }
}

}  // namespace gtap::nn
