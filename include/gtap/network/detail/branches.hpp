#pragma once

#include <gtap/nn/aligned.hpp>
#include <gtap/nn/channels.hpp>
#include <gtap/nn/kept_channels.hpp>
#include <gtap/nn/layer_forward.hpp>
#include <gtap/nn/layers/add.hpp>
#include <gtap/nn/layers/avg_pool2d.hpp>
#include <gtap/nn/layers/batch_norm.hpp>
#include <gtap/nn/layers/channel_pad.hpp>
#include <gtap/nn/layers/channel_select.hpp>
#include <gtap/nn/layers/channel_slice.hpp>
#include <gtap/nn/layers/concat.hpp>
#include <gtap/nn/layers/conv2d.hpp>
#include <gtap/nn/layers/dense.hpp>
#include <gtap/nn/layers/dropout.hpp>
#include <gtap/nn/layers/flatten.hpp>
#include <gtap/nn/layers/global_avg_pool.hpp>
#include <gtap/nn/layers/global_max_pool.hpp>
#include <gtap/nn/layers/max_pool2d.hpp>
#include <gtap/nn/layers/multiply.hpp>
#include <gtap/nn/layers/upsample.hpp>
#include <gtap/nn/network.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace gtap::detail {

/// What leaves a node under a mask.
enum class Flow : std::uint8_t {
  live,      ///< numbers that depend on the image
  constant,  ///< in each channel one number, the same for all pixels and images
  gone       ///< no channels
};

template <class... L, class T>
bool is_any(const nn::Layer<T>& layer) {
  return ((nn::as<L>(layer) != nullptr) || ...);
}

/// Whether a layer makes such constants of constants. Padding would show at the borders, and what a
/// layer of somebody else's does is not known.
template <class T>
bool keeps_constant(const nn::Layer<T>& layer) {
  if (const auto* conv = nn::as<nn::Conv2d>(layer)) return conv->padding == nn::Extent(0);
  if (const auto* pool = nn::as<nn::AvgPool2d>(layer)) return pool->padding == nn::Extent(0);
  return layer.activation().kind != nn::kernels::Activation::none ||
         is_any<nn::Dense, nn::BatchNorm, nn::Flatten, nn::GlobalAvgPool, nn::GlobalMaxPool,
                nn::MaxPool2d, nn::Dropout, nn::Upsample, nn::Add, nn::Multiply, nn::Concat,
                nn::ChannelSlice, nn::ChannelPad, nn::ChannelSelect>(layer);
}

/// Whether a layer without any channel of its input gives constants: a bias, or zeros.
template <class T>
bool makes_constant(const nn::Layer<T>& layer) {
  return is_any<nn::Dense, nn::Conv2d, nn::ChannelPad, nn::ChannelSelect>(layer);
}

/// What leaves a node with channels that reads this; nothing where no smaller network would give
/// the same.
template <class T>
std::optional<Flow> flow(const nn::Node<T>& node, const std::vector<Flow>& in) {
  std::size_t live = 0;
  std::size_t constant = 0;
  for (const Flow one : in) {
    live += one == Flow::live ? 1 : 0;
    constant += one == Flow::constant ? 1 : 0;
  }
  if (live == in.size()) return Flow::live;
  if (live == 0) {
    const bool known = constant > 0 ? keeps_constant(node.layer) : makes_constant(node.layer);
    return known ? std::optional(Flow::constant) : std::nullopt;
  }
  const bool joins = constant == 0 && is_any<nn::Concat>(node.layer);
  // One factor or summand that is left is shifted and scaled; it must have the output's shape.
  const bool shifts = live == 1 && is_any<nn::Add>(node.layer);
  const bool scales =
      is_any<nn::Multiply>(node.layer) && (in[0] == Flow::live || node.ins[1] == node.out);
  return joins || shifts || scales ? std::optional(Flow::live) : std::nullopt;
}

/// What leaves each node; nothing where no smaller network would give the same outputs.
template <class T>
std::optional<std::vector<Flow>> flows(const nn::Network<T>& net, const nn::KeptChannels& mask) {
  std::vector<Flow> result;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const nn::Node<T>& node = net.nodes()[i];
    std::vector<Flow> in;
    for (const std::size_t from : node.inputs)
      in.push_back(from == nn::network_input ? Flow::live : result[from]);
    const std::optional<Flow> leaves = mask[i].empty() ? Flow::gone : flow(node, in);
    if (!leaves) return std::nullopt;
    result.push_back(*leaves);
  }
  if (result.back() != Flow::live) return std::nullopt;
  return result;
}

/// Which nodes the output is made of, once those that are constant or gone are left out.
template <class T>
std::vector<bool> needed(const nn::Network<T>& net, const std::vector<Flow>& flow) {
  std::vector<bool> result(flow.size(), false);
  result.back() = true;
  for (std::size_t i = flow.size(); i > 0; --i) {
    for (const std::size_t from : net.nodes()[i - 1].inputs) {
      if (result[i - 1] && from != nn::network_input && flow[from] == Flow::live)
        result[from] = true;
    }
  }
  return result;
}

/// The numbers of the nodes that are constant, by channel, of those that are present.
template <class T>
std::vector<std::vector<T>> constants(const nn::Network<T>& net, const nn::KeptChannels& mask,
                                      const std::vector<Flow>& flow) {
  std::vector<std::vector<T>> result(flow.size());
  std::vector<nn::AlignedVector<T>> tiles(flow.size());
  for (std::size_t i = 0; i < flow.size(); ++i) {
    if (flow[i] == Flow::live) continue;
    const nn::Node<T>& node = net.nodes()[i];
    tiles[i].resize(node.out.size() * nn::tile_images);  // also of what is gone: rows are not null
    if (flow[i] == Flow::gone) continue;
    std::vector<nn::Channels> channels;
    std::vector<const T*> rows;
    for (const std::size_t from : node.inputs) {
      channels.push_back(mask[from]);
      rows.push_back(tiles[from].data());
    }
    nn::forward_tile(node, std::span<const nn::Channels>(channels), nn::Channels(mask[i]),
                     std::span<const T* const>(rows), tiles[i].data());
    for (const std::uint32_t c : mask[i])
      result[i].push_back(tiles[i][c * node.out.pixels() * nn::tile_images]);
  }
  return result;
}

}  // namespace gtap::detail
