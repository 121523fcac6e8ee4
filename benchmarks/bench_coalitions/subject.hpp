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
             layers.empty() ? gtap::Units(net) : gtap::Units(net, layers)),
        cut(gtap::nn::stages(net)) {
    if (!has_torch()) return;
    std::vector<PlainLayer> plain;
    for (std::size_t i = 0; i < net.nodes().size(); ++i) {
      const auto& node = net.nodes()[i];
      const auto& layer = node.layer;
      PlainLayer made{PlainLayer::flatten};
      if (std::holds_alternative<gtap::nn::Relu>(layer)) made.kind = PlainLayer::relu;
      if (std::holds_alternative<gtap::nn::MaxPool2d>(layer)) made.kind = PlainLayer::max_pool2;
      if (gtap::nn::is_mixing(layer)) {
        const auto* conv = std::get_if<gtap::nn::Conv2d>(&layer);
        made.kind = conv != nullptr ? PlainLayer::conv : PlainLayer::dense;
        made.weight_shape = {node.weight.rows(), node.weight.cols()};
        if (conv != nullptr) {
          const auto side = static_cast<std::int64_t>(conv->kernel.height);
          made.weight_shape = {node.weight.rows(), node.weight.cols() / (side * side), side, side};
        }
        made.weight = node.weight.data();
        made.bias = node.bias.data();
      }
      plain.push_back(std::move(made));
    }
    // The mask comes last in a stage, where there are fewest numbers, before a Flatten.
    for (const gtap::UnitLayer& layer : game.units().layers()) {
      for (const gtap::nn::Stage& stage : cut.stages) {
        if (stage.mixing != layer.node) continue;
        std::size_t last = stage.end - 1;
        while (plain[last].kind == PlainLayer::flatten)
          --last;
        plain[last].first_player = layer.first;
        plain[last].players = layer.count;
      }
    }
    std::vector<float> numbers = data.images.to_images();
    torch = std::make_unique<TorchSide>(plain, std::vector<std::int64_t>{1, 28, 28}, numbers.data(),
                                        data.labels);
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

  /// Multiply-adds of a coalition for one image, behind the layers that no coalition changes.
  double macs(const gtap::Coalition& kept) const {
    std::size_t first = cut.stages.size();
    for (const gtap::UnitLayer& layer : game.units().layers())
      first = std::min(first, stage_of(layer));
    return macs_behind(first, shares(kept));
  }

  /// Multiply-adds for one image of a step that lets a player in or out: what its own outputs add
  /// to the next layer, and all layers behind that.
  double step_macs(const gtap::Coalition& others, gtap::Player player) const {
    for (const gtap::UnitLayer& layer : game.units().layers()) {
      if (player < layer.first || player >= layer.first + layer.count) continue;
      const std::vector<double> share = shares(others);
      const std::size_t next = stage_of(layer) + 1;
      return stage_macs(next) * share[next] / static_cast<double>(layer.count) +
             macs_behind(next, share);
    }
    return 0;
  }

  Network net;
  Dataset data;
  Game game;
  gtap::nn::Stages cut;
  std::unique_ptr<TorchSide> torch;

 private:
  std::size_t stage_of(const gtap::UnitLayer& layer) const {
    std::size_t s = 0;
    while (cut.stages[s].mixing != layer.node)
      ++s;
    return s;
  }
  double stage_macs(std::size_t s) const {
    return static_cast<double>(net.nodes()[cut.stages[s].mixing].macs());
  }
  /// The share of each stage's units that is kept.
  std::vector<double> shares(const gtap::Coalition& kept) const {
    std::vector<double> share(cut.stages.size(), 1.0);
    const auto counts = game.units().count(kept);
    for (std::size_t l = 0; l < counts.size(); ++l) {
      const gtap::UnitLayer& layer = game.units().layers()[l];
      share[stage_of(layer)] = static_cast<double>(counts[l]) / static_cast<double>(layer.count);
    }
    return share;
  }
  double macs_behind(std::size_t first, const std::vector<double>& share) const {
    double sum = 0;
    for (std::size_t s = first + 1; s < share.size(); ++s)
      sum += stage_macs(s) * share[s - 1] * share[s];
    return sum;
  }
};

}  // namespace gtap_bench
