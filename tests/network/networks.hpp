#pragma once

#include <gtap/core/random.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/network.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

// Small networks with random parameters that between them have every kind of layer, and a plain
// way to ablate their units that shares nothing with the network game.

namespace networks {

using namespace gtap;
using nn::Network;
using nn::Shape;

/// Random parameters, batch norm's statistics too.
inline void randomize(Network<float>& net, std::uint64_t seed) {
  RandomStream random(seed, 0);
  for (auto& node : net.edit_nodes()) {
    const double spread = 1.5 / std::sqrt(std::max(1.0, static_cast<double>(node.weight.cols())));
    for (Eigen::Index i = 0; i < node.weight.size(); ++i) {
      node.weight.data()[i] = static_cast<float>(random.normal() * spread);
    }
    for (Eigen::Index i = 0; i < node.bias.size(); ++i) {
      node.bias[i] = static_cast<float>(0.2 * random.normal());
    }
    for (Eigen::Index i = 0; i < node.running_mean.size(); ++i) {
      node.running_mean[i] = static_cast<float>(0.3 * random.normal());
      node.running_var[i] = static_cast<float>(0.5 + random.uniform());
      node.weight.data()[i] = static_cast<float>(0.5 + random.uniform());
    }
  }
}

inline Network<float> with_random_parameters(Shape input, std::vector<nn::Layer<float>> layers,
                                             std::uint64_t seed) {
  Network<float> net(input, std::move(layers));
  randomize(net, seed);
  return net;
}

inline std::vector<std::pair<std::string, Network<float>>> all() {
  using namespace nn;
  std::vector<std::pair<std::string, Network<float>>> list;
  list.emplace_back(
      "mlp", with_random_parameters(
                 {20}, {Dense{.out = 17}, Relu{}, Dense{.out = 9}, Relu{}, Dense{.out = 5}}, 1));
  list.emplace_back(
      "lenet", with_random_parameters(
                   {1, 14, 14},
                   {Conv2d{.out = 6, .kernel = 5, .padding = 2}, Relu{}, MaxPool2d{.size = 2},
                    Conv2d{.out = 8, .kernel = 3}, Relu{}, MaxPool2d{.size = 2}, Flatten{},
                    Dense{.out = 12}, Relu{}, Dense{.out = 7}, Relu{}, Dense{.out = 4}, Softmax{}},
                   2));
  list.emplace_back("batch norm",
                    with_random_parameters(
                        {2, 9, 9},
                        {BatchNorm{}, Conv2d{.out = 5, .kernel = 3, .bias = false}, BatchNorm{},
                         Relu{}, MaxPool2d{.size = 2, .stride = 1}, Conv2d{.out = 6, .kernel = 3},
                         Gelu{}, AvgPool2d{.size = 2}, BatchNorm{}, Flatten{}, Dense{.out = 8},
                         BatchNorm{}, Tanh{}, nn::Dropout{.drop = 0.5}, Dense{.out = 3}},
                        3));
  list.emplace_back(
      "groups",
      with_random_parameters({4, 8, 8},
                             {Conv2d{.out = 8, .kernel = 3, .padding = 1, .groups = 2}, LeakyRelu{},
                              Conv2d{.out = 8, .kernel = 3, .stride = 2, .groups = 4}, Sigmoid{},
                              Conv2d{.out = 6, .kernel = {1, 3}, .padding = {0, 1}}, Relu{},
                              GlobalAvgPool{}, Dense{.out = 4}},
                             4));
  list.emplace_back("flat batch norm",
                    with_random_parameters({1, 7, 7},
                                           {Conv2d{.out = 4, .kernel = 3}, MaxPool2d{.size = 2},
                                            Flatten{}, BatchNorm{}, Relu{}, Dense{.out = 3}},
                                           5));
  list.emplace_back("larger than its input",
                    with_random_parameters({1, 6, 6},
                                           {MaxPool2d{.size = 2, .stride = 1, .padding = 1},
                                            Flatten{}, Dense{.out = 8}, Relu{}, Dense{.out = 3}},
                                           6));
  return list;
}

inline nn::Dataset<float> data_for(const Network<float>& net, std::size_t images,
                                   std::uint64_t seed) {
  RandomStream random(seed, 1);
  std::vector<float> plain(images * net.input().size());
  for (float& x : plain)
    x = static_cast<float>(random.normal());
  nn::Dataset<float> data{nn::Tensor<float>::from_images(net.input(), plain), {}};
  const auto classes = static_cast<std::uint32_t>(net.output().size());
  for (std::size_t i = 0; i < images; ++i)
    data.labels.push_back(random.below(classes));
  return data;
}

/// What no network takes: images that are larger than its input, and one with a number that is
/// none.
struct WrongImages {
  explicit WrongImages(const Network<float>& net)
      : larger{nn::Tensor<float>({net.input().size() + 1}, 10), std::vector<std::uint32_t>(10, 0)},
        not_finite(data_for(net, 10, 1)) {
    not_finite.images.set(7, 0, 0, 0, std::nanf(""));
  }
  nn::Dataset<float> larger;
  nn::Dataset<float> not_finite;
};

}  // namespace networks
