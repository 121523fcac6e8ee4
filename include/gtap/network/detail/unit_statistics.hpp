#pragma once

#include <gtap/execution/thread_pool.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/network/detail/node_values.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/backpropagation.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/kept_channels.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/plan.hpp>
#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace gtap::detail {

/// Which player each channel of a compacted network is.
class ChannelPlayers {
 public:
  template <class T>
  ChannelPlayers(const Units& units, const nn::Network<T>& net, const Compacted<T>& smaller)
      : units_(&units), kept_(&smaller.kept) {
    for (const nn::Node<T>& node : smaller.network.nodes())
      old_.push_back(net.index(node.name));
  }

  Player operator()(std::size_t node, std::size_t channel) const {
    return units_->players(old_[node])[(*kept_)[node][channel]];
  }
  std::size_t size() const { return units_->size(); }

 private:
  const Units* units_;
  const nn::KeptChannels* kept_;
  std::vector<std::size_t> old_;  // number of each node in the network before
};

/// Nodes whose outputs layers with weights between channels read: there the numbers of units are
/// looked at, after activation, batch norm and pooling.
template <class T>
std::vector<bool> read_by_weights(const nn::Network<T>& net) {
  std::vector<bool> read(net.nodes().size(), false);
  for (const nn::Node<T>& node : net.nodes()) {
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      const bool mixes = node.channel_map(k).kind == nn::ChannelMap::mixes;
      if (mixes && node.inputs[k] != nn::network_input) read[node.inputs[k]] = true;
    }
  }
  return read;
}

/// Means over images, pixels and places of the numbers that layers read of each player.
struct ActivationStatistics {
  std::vector<double> nonzero;   ///< share of numbers that are not 0
  std::vector<double> absolute;  ///< mean |a|
  std::vector<double> outgoing;  ///< sum over readers of mean a^2 x squared weights that read it
};

/// Sum of the squared weights of a node that read one channel of its input.
template <class T>
double outgoing_square(const nn::Node<T>& node, std::size_t channel) {
  std::size_t groups = 1;
  if (const auto* conv = nn::as<nn::Conv2d>(node.layer)) groups = conv->groups;
  const std::size_t in_group = node.in.channels / groups;
  const Eigen::Index rows = node.weight.rows() / static_cast<Eigen::Index>(groups);
  const Eigen::Index taps = node.weight.cols() / static_cast<Eigen::Index>(in_group);
  return static_cast<double>(node.weight
                                 .block(static_cast<Eigen::Index>(channel / in_group) * rows,
                                        static_cast<Eigen::Index>(channel % in_group) * taps, rows,
                                        taps)
                                 .squaredNorm());
}

/// One forward pass over the images.
template <class T>
ActivationStatistics activation_statistics(const nn::Network<T>& net, const ChannelPlayers& player,
                                           const nn::Tensor<T>& images) {
  const std::vector<double> zeros(player.size(), 0.0);
  ActivationStatistics sums{zeros, zeros, zeros};
  std::vector<double> count(player.size(), 0.0);
  const auto read = read_by_weights(net);
  const auto readers = nn::detail::readers(net);
  NodeValues<T> values(net, images);
  for (std::size_t i = 0; i < nn::logit_nodes(net); ++i) {
    const nn::Tensor<T>& out = *values.run(i);
    values.step(i);
    if (!read[i]) continue;
    const std::size_t pixels = out.shape().pixels();
    // Means of squares by player, since a flattening gives a unit several channels.
    std::vector<double> square(player.size(), 0.0);
    std::vector<double> numbers(player.size(), 0.0);
    for (std::size_t c = 0; c < out.shape().channels; ++c) {
      const Player p = player(i, c);
      if (p == Units::nobody) continue;
      for (std::size_t t = 0; t < out.tiles(); ++t) {
        const T* rows = out.tile(t) + c * pixels * nn::tile_images;
        const std::size_t valid = out.tile_valid(t);
        for (std::size_t r = 0; r < pixels; ++r) {
          T part = 0;
          T absolute = 0;
          T nonzero = 0;
          for (std::size_t l = 0; l < valid; ++l) {
            const T a = rows[r * nn::tile_images + l];
            part += a * a;
            absolute += std::abs(a);
            nonzero += a != T{0} ? T{1} : T{0};
          }
          square[p] += static_cast<double>(part);
          sums.absolute[p] += static_cast<double>(absolute);
          sums.nonzero[p] += static_cast<double>(nonzero);
        }
      }
      numbers[p] += static_cast<double>(images.images() * pixels);
    }
    for (const std::size_t reader : readers[i]) {
      const nn::Node<T>& node = net.nodes()[reader];
      if (node.channel_map(0).kind != nn::ChannelMap::mixes || node.weight.size() == 0) continue;
      for (std::size_t c = 0; c < out.shape().channels; ++c) {
        const Player p = player(i, c);
        if (p != Units::nobody)
          sums.outgoing[p] += square[p] / numbers[p] * outgoing_square(node, c);
      }
    }
    for (std::size_t p = 0; p < count.size(); ++p)
      count[p] += numbers[p];
  }
  for (std::size_t p = 0; p < count.size(); ++p) {
    sums.absolute[p] /= std::max(count[p], 1.0);
    sums.nonzero[p] /= std::max(count[p], 1.0);
  }
  return sums;
}

/// What one forward and backward pass tells of each player.
struct GradientStatistics {
  std::vector<double> taylor;           ///< mean over images of |mean over pixels of a x gradient|
  std::vector<double> weight_gradient;  ///< sum over incoming weights of |w x gradient|
};

/// Of the mean cross-entropy at inference.
template <class T>
GradientStatistics gradient_statistics(const nn::Network<T>& net, const ChannelPlayers& player,
                                       const nn::Dataset<T>& data) {
  constexpr std::size_t batch = 4 * nn::tile_images;
  const std::vector<double> zeros(player.size(), 0.0);
  GradientStatistics result{zeros, zeros};
  const auto read = read_by_weights(net);
  nn::Backpropagation<T> passes(net, std::min(batch, data.size()), nn::Mode::inference);
  std::vector<double> gradient(passes.parameters());
  std::vector<T> part(passes.parameters());
  // Products of each player's numbers and their gradients, summed over its pixels, by image.
  std::vector<T> products(player.size() * nn::tile_images);
  std::vector<std::size_t> rows(player.size());
  ThreadPool alone(1);
  for (std::size_t begin = 0; begin < data.size(); begin += batch) {
    const std::size_t count = std::min(batch, data.size() - begin);
    const auto labels = std::span(data.labels).subspan(begin, count);
    const auto load = [&](std::size_t t, T* to) {
      std::copy_n(data.images.tile(begin / nn::tile_images + t),
                  data.images.shape().size() * nn::tile_images, to);
    };
    const auto visit = [&](std::size_t node, std::size_t, std::size_t valid, const T* a,
                           const T* g) {
      if (!read[node]) return;
      std::fill(products.begin(), products.end(), T{0});
      std::fill(rows.begin(), rows.end(), std::size_t{0});
      const nn::Shape shape = net.nodes()[node].out;
      const std::size_t size = shape.pixels() * nn::tile_images;
      for (std::size_t c = 0; c < shape.channels; ++c) {
        const Player p = player(node, c);
        if (p == Units::nobody) continue;
        rows[p] += shape.pixels();
        T* const sums = products.data() + p * nn::tile_images;
        for (std::size_t k = c * size; k < (c + 1) * size; ++k)
          sums[k % nn::tile_images] += a[k] * g[k];
      }
      for (std::size_t p = 0; p < rows.size(); ++p) {
        if (rows[p] == 0) continue;
        double sum = 0.0;
        for (std::size_t l = 0; l < valid; ++l)
          sum += std::abs(static_cast<double>(products[p * nn::tile_images + l]));
        // The gradient is that of the batch's mean: `count` times smaller than an image's own.
        result.taylor[p] +=
            sum * static_cast<double>(count) / static_cast<double>(data.size() * rows[p]);
      }
    };
    passes.run(alone, labels, 0, load, visit);
    passes.gradient(0, part);
    const double share = static_cast<double>(count) / static_cast<double>(data.size());
    for (std::size_t k = 0; k < part.size(); ++k)
      gradient[k] += share * static_cast<double>(part[k]);
  }
  for (std::size_t i = 0; i < passes.nodes(); ++i) {
    const nn::Node<T>& node = net.nodes()[i];
    if (!nn::ChannelTies::makes(node)) continue;
    const double* g = gradient.data() + passes.weight_begin(i);
    for (Eigen::Index k = 0; k < node.weight.size(); ++k) {
      const Player p = player(i, static_cast<std::size_t>(k / node.weight.cols()));
      if (p == Units::nobody) continue;
      result.weight_gradient[p] += std::abs(static_cast<double>(node.weight.data()[k]) * g[k]);
    }
  }
  return result;
}

}  // namespace gtap::detail
