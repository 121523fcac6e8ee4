#pragma once

#include <gtap/core/random.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/nn/initialize.hpp>

#include "../../examples/support/networks.hpp"
#include "torch.hpp"

#if defined(GTAP_HAS_IO) && defined(GTAP_HAS_ZLIB)
#include <gtap/io/mnist.hpp>
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap_bench {

using Network = gtap::nn::Network<float>;
using Dataset = gtap::nn::Dataset<float>;
using Game = gtap::NetworkGame<float>;

inline Network mlp(std::size_t hidden1 = 300) {
  Network net = support::mlp(hidden1);
  gtap::nn::initialize(net, 1);
  return net;
}

inline Network lenet5_caffe() {
  Network net = support::lenet5_caffe();
  gtap::nn::initialize(net, 2);
  return net;
}

inline Network resnet20() {
  Network net = support::resnet20({3, 32, 32});
  gtap::nn::initialize(net, 3);
  return net;
}

/// Noise in the shape of CIFAR-10's images.
inline Dataset noise(std::size_t count) {
  gtap::RandomStream random(2, 0);
  std::vector<float> plain(count * 3 * 32 * 32);
  for (float& x : plain)
    x = static_cast<float>(random.normal());
  Dataset data{gtap::nn::Tensor<float>::from_images({3, 32, 32}, plain), {}};
  for (std::size_t i = 0; i < count; ++i)
    data.labels.push_back(random.below(10));
  return data;
}

/// Test images of Fashion-MNIST where they are found, else random ones.
inline Dataset images(std::size_t count) {
#if defined(GTAP_HAS_IO) && defined(GTAP_HAS_ZLIB)
  try {
    static const Dataset all = gtap::load_mnist_like("/usr/share/datasets/fashion-mnist").test;
    return all.subset(0, count);
  } catch (const std::exception&) {
    std::printf("Fashion-MNIST was not found: random images\n");
  }
#endif
  gtap::RandomStream random(1, 0);
  Dataset data{gtap::nn::Tensor<float>({1, 28, 28}, count), {}};
  std::vector<float> image(784);
  for (std::size_t i = 0; i < count; ++i) {
    for (float& x : image)
      x = static_cast<float>(random.uniform());
    data.images.set_image(i, image);
    data.labels.push_back(random.below(10));
  }
  return data;
}

/// A network of which some units are players, as a game and in LibTorch.
struct Subject {
  Subject(Network net_, Dataset data_, const std::vector<std::string>& layers)
      : net(std::move(net_)),
        data(std::move(data_)),
        game(net, data, gtap::CrossEntropy{},
             layers.empty() ? gtap::Units(net) : gtap::Units(net, layers)) {
    if (has_torch()) make_torch();
  }

  std::size_t players() const { return game.players(); }

  /// Random coalitions.
  std::vector<gtap::Coalition> random(std::size_t count, double retention) const {
    std::vector<gtap::Coalition> list(count, gtap::Coalition(players()));
    for (std::size_t k = 0; k < count; ++k) {
      gtap::RandomStream stream(3, k);
      stream.bernoulli_mask(retention, list[k]);
    }
    return list;
  }

  /// Hands coalitions to LibTorch, and ends the program unless it finds these values.
  void give_torch(std::span<const gtap::Coalition> coalitions, std::span<const double> values) {
    if (torch == nullptr) return;
    std::vector<float> mask(players());
    for (std::size_t k = 0; k < coalitions.size(); ++k) {
      for (std::size_t p = 0; p < mask.size(); ++p)
        mask[p] = coalitions[k].contains(static_cast<gtap::Player>(p)) ? 1.0f : 0.0f;
      const std::size_t number = torch->add(mask);
      for (const bool cached : {false, true}) {
        const double other = torch->value(number, cached);
        if (!(std::abs(other - values[k]) <= 1e-4 * std::max(1.0, std::abs(other)))) {
          std::fprintf(stderr, "the sides do not agree: gtap %.8g, LibTorch %.8g\n", values[k],
                       other);
          std::exit(1);
        }
      }
    }
  }

  /// Multiply-adds of a coalition for one image, behind the nodes that no coalition changes.
  double macs(const gtap::Coalition& kept) const {
    const std::vector<double> share = shares(kept);
    std::vector<bool> changed(net.nodes().size(), false);  // what the node gives
    double sum = 0;
    for (std::size_t i = 0; i < net.nodes().size(); ++i) {
      const auto& node = net.nodes()[i];
      bool reads = false;
      for (const std::size_t from : node.inputs)
        reads = reads || (from != gtap::nn::network_input && (changed[from] || share_varies(from)));
      changed[i] = reads;
      if (reads) sum += node_macs(i, share);
    }
    return sum;
  }

  /// Multiply-adds for one image of a step that lets a player in or out: what its own channels add
  /// to the nodes that read them, and all nodes behind these; its own where they are not known.
  double step_macs(const gtap::Coalition& others, gtap::Player player) const {
    const std::vector<double> share = shares(others);
    std::vector<bool> stale(net.nodes().size(), false);
    double sum = 0;
    for (std::size_t i = 0; i < net.nodes().size(); ++i) {
      const auto& node = net.nodes()[i];
      double own = 0;  // channels of the player among those that are read
      for (const std::size_t from : node.inputs) {
        if (from == gtap::nn::network_input) continue;
        stale[i] = stale[i] || stale[from];
        own += static_cast<double>(std::count(game.units().players(from).begin(),
                                              game.units().players(from).end(), player));
      }
      if (stale[i]) {
        sum += node_macs(i, share);
      } else if (own > 0 && node.layer.is_mixing()) {
        stale[i] = true;
        sum += static_cast<double>(node.macs()) * share[i] * own /
               static_cast<double>(node.in.channels);
      }
    }
    return sum;
  }

  Network net;
  Dataset data;
  Game game;
  std::unique_ptr<TorchSide> torch;

 private:
  bool share_varies(std::size_t node) const {
    for (const gtap::Player p : game.units().players(node)) {
      if (p != gtap::Units::nobody) return true;
    }
    return false;
  }
  /// The share of each node's channels that is kept.
  std::vector<double> shares(const gtap::Coalition& kept) const {
    std::vector<double> share;
    const auto mask = game.units().mask(kept);
    for (std::size_t i = 0; i < mask.size(); ++i) {
      share.push_back(static_cast<double>(mask[i].size()) /
                      static_cast<double>(net.nodes()[i].out.channels));
    }
    return share;
  }
  double node_macs(std::size_t i, const std::vector<double>& share) const {
    const std::size_t from = net.nodes()[i].inputs[0];
    return static_cast<double>(net.nodes()[i].macs()) * share[i] *
           (from == gtap::nn::network_input ? 1.0 : share[from]);
  }

  void make_torch() {
    std::vector<PlainLayer> plain;
    for (const auto& node : net.nodes()) {
      const auto& layer = node.layer;
      PlainLayer made{PlainLayer::flatten};
      for (const std::size_t from : node.inputs) {
        if (from != gtap::nn::network_input) made.inputs.push_back(from);
      }
      if (gtap::nn::as<gtap::nn::Relu>(layer)) made.kind = PlainLayer::relu;
      if (gtap::nn::as<gtap::nn::Add>(layer)) made.kind = PlainLayer::add;
      if (gtap::nn::as<gtap::nn::GlobalAvgPool>(layer)) {
        made.kind = PlainLayer::global_pool;
      }
      if (const auto* pool = gtap::nn::as<gtap::nn::MaxPool2d>(layer)) {
        made.kind = pool->size.height == 1 ? PlainLayer::halve : PlainLayer::max_pool2;
      }
      if (const auto* pad = gtap::nn::as<gtap::nn::ChannelPad>(layer)) {
        made.kind = PlainLayer::pad;
        made.padding = static_cast<std::int64_t>(pad->before);
      }
      if (const auto* norm = gtap::nn::as<gtap::nn::BatchNorm>(layer)) {
        made.kind = PlainLayer::affine;
        const auto channels = static_cast<std::size_t>(node.weight.cols());
        made.weight_shape = {1, node.weight.cols(), 1, 1};
        made.numbers.resize(2 * channels);
        for (std::size_t c = 0; c < channels; ++c) {
          const auto e = static_cast<Eigen::Index>(c);
          const float scale = node.weight(0, e) /
                              std::sqrt(node.running_var(e) + static_cast<float>(norm->epsilon));
          made.numbers[c] = scale;
          made.numbers[channels + c] = node.bias(e) - node.running_mean(e) * scale;
        }
      }
      if (layer.is_mixing()) {
        const auto* conv = gtap::nn::as<gtap::nn::Conv2d>(layer);
        made.kind = conv != nullptr ? PlainLayer::conv : PlainLayer::dense;
        made.weight_shape = {node.weight.rows(), node.weight.cols()};
        if (conv != nullptr) {
          const auto side = static_cast<std::int64_t>(conv->kernel.height);
          made.weight_shape = {node.weight.rows(), node.weight.cols() / (side * side), side, side};
          made.stride = static_cast<std::int64_t>(conv->stride.height);
          made.padding = static_cast<std::int64_t>(conv->padding.height);
        }
        made.weight = node.weight.data();
        made.bias = node.bias.size() == 0 ? nullptr : node.bias.data();
      }
      plain.push_back(std::move(made));
    }
    for (PlainLayer& layer : plain) {
      if (layer.numbers.empty()) continue;
      layer.weight = layer.numbers.data();
      layer.bias = layer.numbers.data() + layer.numbers.size() / 2;
    }
    // Masks stand where layers with weights read, where there are fewest numbers, before a Flatten.
    for (const auto& node : net.nodes()) {
      if (!node.layer.is_mixing()) continue;
      std::size_t from = node.inputs[0];
      while (from != gtap::nn::network_input &&
             gtap::nn::as<gtap::nn::Flatten>(net.nodes()[from].layer))
        from = net.nodes()[from].inputs[0];
      if (from == gtap::nn::network_input || !share_varies(from)) continue;
      plain[from].players.clear();
      for (const gtap::Player p : game.units().players(from)) {
        plain[from].players.push_back(p == gtap::Units::nobody ? -1 : static_cast<std::int64_t>(p));
      }
    }
    // Channels that go elsewhere than into weights are masked where they are added.
    for (std::size_t i = 0; i < plain.size(); ++i) {
      if (plain[i].kind != PlainLayer::add || !share_varies(i)) continue;
      plain[i].players.clear();
      for (const gtap::Player p : game.units().players(i)) {
        plain[i].players.push_back(p == gtap::Units::nobody ? -1 : static_cast<std::int64_t>(p));
      }
    }
    const gtap::nn::Shape shape = net.input();
    const std::vector<float> numbers = data.images.to_images();
    torch = std::make_unique<TorchSide>(
        plain,
        std::vector<std::int64_t>{static_cast<std::int64_t>(shape.channels),
                                  static_cast<std::int64_t>(shape.height),
                                  static_cast<std::int64_t>(shape.width)},
        numbers.data(), data.labels);
  }
};

}  // namespace gtap_bench
