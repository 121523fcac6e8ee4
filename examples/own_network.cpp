// A network built in code with weights from elsewhere: set by layer name in PyTorch's layouts,
// ranked, masked, compacted, and read back.

#include <gtap/estimate.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/pruning/procedures.hpp>
#include <gtap/pruning/ranking.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>
#include <vector>

using namespace gtap;

namespace {

/// Stands for the numbers of somebody's trained model.
std::vector<float> numbers(std::size_t count, std::uint64_t seed) {
  RandomStream random(seed, 0);
  std::vector<float> values(count);
  for (float& value : values)
    value = static_cast<float>(0.25 * random.normal());
  return values;
}

void run() {
  nn::Network<float> net(
      {1, 12, 12}, {nn::Conv2d{.out = 8, .kernel = 3}, nn::Relu{},
                    nn::Conv2d{.out = 8, .kernel = 3, .groups = 2}, nn::BatchNorm{}, nn::Relu{},
                    nn::MaxPool2d{.size = 2}, nn::Flatten{}, nn::Dense{.out = 16, .name = "hidden"},
                    nn::Relu{}, nn::Dense{.out = 4, .name = "scores"}});

  // Conv2d [out, in / groups, kH, kW] and Linear [out, in], as spans or as Eigen matrices.
  net.set_weight("conv1", numbers(8 * 1 * 3 * 3, 1));
  net.set_weight("conv2", numbers(8 * 4 * 3 * 3, 2));
  const std::vector<float> hidden = numbers(16 * 8 * 4 * 4, 6);
  net.set_weight("hidden", nn::Matrix<float>(
                               Eigen::Map<const nn::Matrix<float>>(hidden.data(), 16, 8 * 4 * 4)));
  net.set_weight("scores", numbers(4 * 16, 3));
  net.set_bias("scores", numbers(4, 4));

  // Agreement with the unpruned network needs images, but no labels.
  nn::Dataset<float> data{nn::Tensor<float>::from_images({1, 12, 12}, numbers(200 * 144, 5)), {}};
  const NetworkGame game(net, data, Agreement{});

  const Estimate indices = estimate(game, Dropout{.retention = 0.8}, {.evaluations = 20'000});
  const std::vector<Player> best = ranking(indices);
  std::cout << "The five units that matter most:\n";
  for (const Player p : std::span(best).first(5)) {
    std::cout << "  " << game.units().label(p) << "  " << indices.values[p] << " +- "
              << indices.standard_errors[p] << '\n';
  }

  const PruningPath path = top_n(
      indices, {.keep = Budget::fraction(0.5), .constraints = layer_constraints(game.units())});
  const Coalition kept = path.back().kept;
  const Compacted<float> smaller = compact(net, game.units(), kept);
  std::cout << "Parameters: " << net.parameters() << " before, " << smaller.network.parameters()
            << " after\n";
  for (const UnitLayer& layer : game.units().layers()) {
    const auto& weight = smaller.network.weight(layer.name);
    std::cout << "  " << layer.name << " keeps " << smaller.kept[layer.node].size() << " of "
              << layer.count << " channels; weight is now " << weight.rows() << " x "
              << weight.cols() << '\n';
  }

  const auto masked = nn::forward(net, data.images, game.units().mask(kept)).to_images();
  const auto compacted = nn::forward(smaller.network, data.images).to_images();
  float difference = 0.0f;
  for (std::size_t i = 0; i < masked.size(); ++i) {
    difference = std::max(difference, std::abs(masked[i] - compacted[i]));
  }
  std::cout << "Largest difference from the masked network: " << difference << '\n';
  if (!(difference < 1e-5f))
    throw std::runtime_error("the compacted network does not do what the masked one does");
}

}  // namespace

int main() {
  try {
    run();
  } catch (const std::exception& error) {  // of gtap a gtap::Error, which says what was expected
    std::cerr << error.what() << '\n';
    return 1;
  }
}
