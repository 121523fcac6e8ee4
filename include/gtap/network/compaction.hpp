#pragma once

#include <gtap/network/detail/slices.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/kept_channels.hpp>
#include <gtap/nn/network.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// A physically smaller network, and where its channels were before.
template <class T>
struct Compacted {
  nn::Network<T> network;  ///< with nodes of the one before, in their order and by their names
  nn::KeptChannels kept;   ///< kept[node][new channel] = old channel, increasing
};

/// Stands among new channels for one that is gone.
inline constexpr std::size_t gone = static_cast<std::size_t>(-1);

/// The new number of each of `before` old channels of a node, or `gone`.
inline std::vector<std::size_t> old_to_new(std::span<const std::uint32_t> kept,
                                           std::size_t before) {
  std::vector<std::size_t> map(before, gone);
  for (std::size_t c = 0; c < kept.size(); ++c)
    map[kept[c]] = c;
  return map;
}

namespace detail {

template <class T>
nn::Vector<T> sliced(const nn::Vector<T>& values, const std::vector<std::size_t>& channels) {
  if (values.size() == 0) return values;
  nn::Vector<T> result(static_cast<Eigen::Index>(channels.size()));
  for (std::size_t c = 0; c < channels.size(); ++c) {
    result[static_cast<Eigen::Index>(c)] = values[static_cast<Eigen::Index>(channels[c])];
  }
  return result;
}

/// Rows and columns of a weight with one row an output that stay. A column block is an input's
/// kernel.
template <class T>
nn::Matrix<T> sliced_weight(const nn::Node<T>& node, const Slice& slice) {
  std::size_t groups = 1;
  if (const auto* conv = nn::as<nn::Conv2d>(node.layer)) groups = conv->groups;
  const std::size_t in_group = node.in.channels / groups;
  const std::size_t out_group = node.out.channels / groups;
  const std::size_t taps = static_cast<std::size_t>(node.weight.cols()) / in_group;
  const std::size_t new_in_group = slice.in[0].size() / slice.groups;
  const std::size_t new_out_group = slice.out.size() / slice.groups;
  nn::Matrix<T> weight = nn::Matrix<T>::Zero(static_cast<Eigen::Index>(slice.out.size()),
                                             static_cast<Eigen::Index>(new_in_group * taps));
  for (std::size_t o = 0; o < slice.out.size(); ++o) {
    const std::size_t new_first = o / new_out_group * new_in_group;
    for (std::size_t c = 0; c < new_in_group; ++c) {
      const std::size_t in = slice.in[0][new_first + c];
      if (in / in_group != slice.out[o] / out_group) continue;
      weight.row(static_cast<Eigen::Index>(o))
          .segment(static_cast<Eigen::Index>(c * taps), static_cast<Eigen::Index>(taps)) =
          node.weight.row(static_cast<Eigen::Index>(slice.out[o]))
              .segment(static_cast<Eigen::Index>(in % in_group * taps),
                       static_cast<Eigen::Index>(taps));
    }
  }
  return weight;
}

/// The parts of a weight with one row for all channels.
template <class T>
nn::Matrix<T> sliced_row(const nn::Node<T>& node, const Slice& slice) {
  const auto each = node.weight.cols() / static_cast<Eigen::Index>(node.out.channels);
  nn::Matrix<T> weight(1, each * static_cast<Eigen::Index>(slice.out.size()));
  for (std::size_t c = 0; c < slice.out.size(); ++c) {
    weight.middleCols(static_cast<Eigen::Index>(c) * each, each) =
        node.weight.middleCols(static_cast<Eigen::Index>(slice.out[c]) * each, each);
  }
  return weight;
}

/// A batch norm that adds or multiplies what is constant of a node's inputs.
template <class T>
void make_affine(const nn::Node<T>& before, const std::vector<Flow>& flow,
                 const std::vector<std::vector<T>>& constant, nn::Node<T>& after) {
  const double epsilon = nn::as<nn::BatchNorm>(after.layer)->epsilon;
  after.running_var.setConstant(T(1) - static_cast<T>(epsilon));
  after.weight.setOnes();
  for (const std::size_t from : before.inputs) {
    if (from == nn::network_input || flow[from] != Flow::constant) continue;
    for (Eigen::Index c = 0; c < after.bias.size(); ++c) {
      const T value = constant[from][static_cast<std::size_t>(c)];
      if (nn::as<nn::Add>(before.layer) != nullptr) {
        after.bias[c] += value;
      } else {
        after.weight(0, c) *= value;
      }
    }
  }
}

}  // namespace detail

/// The network without the units that are not kept: really smaller, with the outputs of the mask
/// up to rounding. Weights of layers that made a unit and of those that read it, batch norm and
/// what follows a Flatten are sliced; layers keep their names. A grouped convolution whose groups
/// no longer match becomes an ungrouped one with zeros between its groups, a padded shortcut a
/// selection of channels. Throws when a layer would be empty, unless the units are those of
/// removable_branches(): then the nodes of its branch are gone, and a sum or product of which one
/// part is left is a batch norm that adds or multiplies what the branch still gives.
template <class T>
Compacted<T> compact(const nn::Network<T>& net, const Units& units, const Coalition& kept) {
  const std::vector<detail::Slice> left = detail::slices("compact", net, units, kept);
  nn::KeptChannels mask = units.mask(kept);
  std::vector<nn::PlacedLayer<T>> layers;
  std::vector<std::size_t> old;  // number of each node
  bool affine = false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!left[i].needed) continue;
    std::vector<std::string> inputs;
    for (const std::size_t from : left[i].reads)
      inputs.push_back(from == nn::network_input ? "input" : net.nodes()[from].name);
    layers.emplace_back(detail::sliced_layer(net.nodes()[i], left[i]), std::move(inputs));
    old.push_back(i);
    affine = affine || left[i].affine;
  }
  Compacted<T> result{nn::Network<T>(net.input(), std::move(layers)), {}};
  std::vector<detail::Flow> flow;
  std::vector<std::vector<T>> constant;
  if (affine) {
    flow = *detail::flows(net, mask);
    constant = detail::constants(net, mask, flow);
  }
  const auto nodes = result.network.edit_nodes();
  for (std::size_t k = 0; k < old.size(); ++k) {
    const nn::Node<T>& node = net.nodes()[old[k]];
    const detail::Slice& slice = left[old[k]];
    result.kept.push_back(std::move(mask[old[k]]));
    if (slice.affine) {
      detail::make_affine(node, flow, constant, nodes[k]);
      continue;
    }
    if (node.layer.is_mixing() || nn::ChannelTies::makes(node)) {
      if (node.weight.size() > 0) nodes[k].weight = detail::sliced_weight(node, slice);
    } else if (node.weight.size() > 0) {
      nodes[k].weight = detail::sliced_row(node, slice);
    }
    nodes[k].bias = detail::sliced<T>(node.bias, slice.out);
    nodes[k].running_mean = detail::sliced<T>(node.running_mean, slice.out);
    nodes[k].running_var = detail::sliced<T>(node.running_var, slice.out);
  }
  return result;
}

}  // namespace gtap
