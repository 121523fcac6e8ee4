#pragma once

#include <gtap/network/detail/slices.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gtap {

/// Where the channels of one layer of a compacted network were before.
struct LayerMap {
  static constexpr std::size_t gone = static_cast<std::size_t>(-1);

  std::string layer;
  std::size_t before = 0;         ///< channels before
  std::vector<std::size_t> kept;  ///< kept[new channel] = old channel, increasing

  /// The new number of each old channel, or `gone`.
  std::vector<std::size_t> old_to_new() const {
    std::vector<std::size_t> map(before, gone);
    for (std::size_t c = 0; c < kept.size(); ++c)
      map[kept[c]] = c;
    return map;
  }
};

/// A physically smaller network, and where its channels were before: one map for each mixing layer.
template <class T>
struct Compacted {
  nn::Network<T> network;
  std::vector<LayerMap> map;
};

namespace detail {

template <class T>
nn::Layer sliced_layer(const nn::Node<T>& node, const Slice& slice) {
  nn::Layer layer = node.layer;
  if (auto* dense = std::get_if<nn::Dense>(&layer)) dense->out = slice.out.size();
  if (auto* conv = std::get_if<nn::Conv2d>(&layer)) {
    conv->out = slice.out.size();
    conv->groups = slice.groups;
  }
  std::visit([&](auto& settings) { settings.name = node.name; }, layer);
  return layer;
}

template <class T>
nn::Vector<T> sliced(const nn::Vector<T>& values, const std::vector<std::size_t>& channels) {
  if (values.size() == 0) return values;
  nn::Vector<T> result(static_cast<Eigen::Index>(channels.size()));
  for (std::size_t c = 0; c < channels.size(); ++c) {
    result[static_cast<Eigen::Index>(c)] = values[static_cast<Eigen::Index>(channels[c])];
  }
  return result;
}

/// Rows and columns of a mixing node's weight that stay. A column block is an input's kernel.
template <class T>
nn::Matrix<T> sliced_weight(const nn::Node<T>& node, const Slice& slice) {
  std::size_t groups = 1;
  std::size_t taps = 1;
  if (const auto* conv = std::get_if<nn::Conv2d>(&node.layer)) {
    groups = conv->groups;
    taps = conv->kernel.height * conv->kernel.width;
  }
  const std::size_t in_group = node.in.channels / groups;
  const std::size_t out_group = node.out.channels / groups;
  const std::size_t new_in_group = slice.in.size() / slice.groups;
  const std::size_t new_out_group = slice.out.size() / slice.groups;
  nn::Matrix<T> weight = nn::Matrix<T>::Zero(static_cast<Eigen::Index>(slice.out.size()),
                                             static_cast<Eigen::Index>(new_in_group * taps));
  for (std::size_t o = 0; o < slice.out.size(); ++o) {
    const std::size_t new_first = o / new_out_group * new_in_group;
    for (std::size_t c = 0; c < new_in_group; ++c) {
      const std::size_t in = slice.in[new_first + c];
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

}  // namespace detail

/// The network without the units that are not kept: really smaller, with the outputs of the mask
/// up to rounding. Dense and convolution weights, batch norm and what follows a Flatten are
/// sliced; layers keep their names. A grouped convolution whose groups no longer match becomes an
/// ungrouped one with zeros between its groups. Throws when a layer would be empty.
template <class T>
Compacted<T> compact(const nn::Network<T>& net, const Units& units, const Coalition& kept) {
  const std::vector<detail::Slice> left = detail::slices("compact", net, units, kept);
  std::vector<nn::Layer> chain;
  for (std::size_t i = 0; i < left.size(); ++i) {
    chain.push_back(detail::sliced_layer(net.nodes()[i], left[i]));
  }
  Compacted<T> result{nn::Network<T>(net.input(), std::move(chain)), {}};
  const auto nodes = result.network.edit_nodes();
  for (std::size_t i = 0; i < left.size(); ++i) {
    const nn::Node<T>& node = net.nodes()[i];
    if (nn::is_mixing(node.layer)) {
      nodes[i].weight = detail::sliced_weight(node, left[i]);
      result.map.push_back({node.name, node.out.channels, left[i].out});
    } else if (node.weight.size() > 0) {
      nodes[i].weight = detail::sliced<T>(node.weight.row(0).transpose(), left[i].out).transpose();
    }
    nodes[i].bias = detail::sliced<T>(node.bias, left[i].out);
    nodes[i].running_mean = detail::sliced<T>(node.running_mean, left[i].out);
    nodes[i].running_var = detail::sliced<T>(node.running_var, left[i].out);
  }
  return result;
}

}  // namespace gtap
