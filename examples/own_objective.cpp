// What a network is worth, in one's own words: two objectives that the library does not have.
#include <gtap/network/network_game.hpp>
#include <gtap/nn/initialize.hpp>

#include <iostream>

/// How many classes come before the label of image i.
template <class T>
std::size_t rank_of_label(const gtap::OutputTile<T>& tile, std::size_t i) {
  std::size_t larger = 0;
  for (std::size_t c = 0; c < tile.classes; ++c)
    larger += tile(c, i) > tile(tile.labels[i], i) ? 1 : 0;
  return larger;
}

/// The share of images whose label is among the three largest outputs.
struct TopThree {
  template <class T>
  double sum(const gtap::OutputTile<T>& tile) const {
    double right = 0.0;
    for (std::size_t i = 0; i < tile.images; ++i)
      right += rank_of_label(tile, i) < 3 ? 1.0 : 0.0;
    return right;
  }
};

/// The mean over classes of their accuracies, however many images each has.
struct BalancedAccuracy {
  std::vector<double> weight{};  // of an image, by its class

  template <class T>
  BalancedAccuracy prepare(const gtap::ObjectiveData<T>& data) const {
    BalancedAccuracy prepared{std::vector<double>(data.classes, 0.0)};
    for (const std::uint32_t label : data.labels)
      prepared.weight[label] += double(data.classes) / double(data.labels.size());
    for (double& w : prepared.weight)
      w = 1.0 / w;
    return prepared;
  }
  template <class T>
  double sum(const gtap::OutputTile<T>& tile) const {
    double right = 0.0;
    for (std::size_t i = 0; i < tile.images; ++i)
      right += rank_of_label(tile, i) == 0 ? weight[tile.labels[i]] : 0.0;
    return right;
  }
};

int main() {
  gtap::nn::Network<float> net({8}, {gtap::nn::Dense{.out = 9}, gtap::nn::Dense{.out = 4}});
  gtap::nn::initialize(net, 1);
  gtap::nn::Dataset<float> data{gtap::nn::Tensor<float>({8}, 6), {0, 0, 1, 2, 3, 0}};
  for (std::size_t i = 0; i < 6; ++i)
    data.images.set(i, i, 0, 0, 1.0F);
  const gtap::NetworkGame balanced(net, data, BalancedAccuracy{});
  const gtap::NetworkGame top_three = balanced.with(TopThree{});  // shares network and images
  const gtap::Coalition half(9, {0, 2, 4, 6, 8});
  std::cout << "5 of 9 units: " << balanced(half) << ' ' << top_three(half) << '\n';
}
