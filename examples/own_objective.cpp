// What a network is worth, in one's own words: two objectives that the library does not have, on
// one game.
#include <gtap/gtap.hpp>

#include <cstdio>
#include <vector>

/// The share of images whose label is among the five largest outputs.
struct TopFive {
  template <class T>
  double sum(const gtap::OutputTile<T>& tile) const {
    double right = 0.0;
    for (std::size_t i = 0; i < tile.images; ++i) {
      std::size_t larger = 0;
      for (std::size_t c = 0; c < tile.classes; ++c)
        larger += tile(c, i) > tile(tile.labels[i], i) ? 1 : 0;
      right += larger < 5 ? 1.0 : 0.0;
    }
    return right;
  }
};

/// Minus what wrong answers cost: cost[label][answer].
struct CostMatrix {
  std::vector<std::vector<double>> cost;

  template <class T>
  double sum(const gtap::OutputTile<T>& tile) const {
    double total = 0.0;
    for (std::size_t i = 0; i < tile.images; ++i) {
      std::size_t answer = 0;
      for (std::size_t c = 1; c < tile.classes; ++c)
        answer = tile(c, i) > tile(answer, i) ? c : answer;
      total -= cost[tile.labels[i]][answer];
    }
    return total;
  }
};

int main() {
  namespace nn = gtap::nn;
  nn::Network<float> net({16}, {nn::Dense{.out = 24}, nn::Relu{}, nn::Dense{.out = 10}});
  nn::initialize(net, 1);
  nn::Dataset<float> data{nn::Tensor<float>({16}, 500), {}};
  gtap::RandomStream random(2, 0);
  for (std::uint32_t i = 0; i < 500; ++i) {
    data.labels.push_back(i % 10);
    for (std::size_t x = 0; x < 16; ++x)
      data.images.set(i, x, 0, 0, static_cast<float>(random.normal() + (x == i % 10 ? 2 : 0)));
  }
  nn::train(net, data, nn::Adam{}, {.epochs = 30, .seed = 3});

  CostMatrix cost{std::vector(10, std::vector<double>(10, 1.0))};
  for (std::size_t c = 0; c < 10; ++c)
    cost.cost[c][c] = 0.0;
  cost.cost[0].assign(10, 20.0);  // what is missed of class 0 is dear
  cost.cost[0][0] = 0.0;

  const gtap::NetworkGame top_five(net, data, TopFive{});
  const gtap::NetworkGame costs = top_five.with(cost);  // shares the network and its images
  const auto kept = gtap::iterated_pruning(costs, gtap::Shapley{},
                                           {.keep = gtap::Budget::units(12),
                                            .estimate = {.evaluations = 500, .seed = 4}})
                        .back()
                        .kept;
  std::printf("12 of 24 units: mean cost %.3f, top five %.3f\n", -costs(kept), top_five(kept));
}
