#pragma once

#include <gtap/nn/initialize.hpp>
#include <gtap/nn/network.hpp>

#include <cstddef>
#include <vector>

// The networks of the examples and benchmarks, for images of 28 x 28 pixels and 10 classes.

namespace support {

using Net = gtap::nn::Network<float>;

/// 784-hidden1-100-10.
inline Net mlp(std::size_t hidden1 = 300) {
  using namespace gtap::nn;
  return Net({1, 28, 28}, {Flatten{}, Dense{.out = hidden1}, Relu{}, Dense{.out = 100}, Relu{},
                           Dense{.out = 10}});
}

/// LeNet-5: convolutions of 6 and 16 filters, dense layers of 120, 84 and 10. `drop` above 0 puts
/// dropout after the hidden dense layers, and half of it after the convolutions.
inline Net lenet5(double drop = 0.0) {
  using namespace gtap::nn;
  std::vector<Layer> layers;
  const auto dropout = [&](double share) {
    if (drop > 0.0) layers.push_back(Dropout{.drop = share * drop});
  };
  layers.insert(layers.end(), {Conv2d{.out = 6, .kernel = 5, .padding = 2}, Relu{}, MaxPool2d{}});
  dropout(0.5);
  layers.insert(layers.end(), {Conv2d{.out = 16, .kernel = 5}, Relu{}, MaxPool2d{}});
  dropout(0.5);
  layers.insert(layers.end(), {Flatten{}, Dense{.out = 120}, Relu{}});
  dropout(1.0);
  layers.insert(layers.end(), {Dense{.out = 84}, Relu{}});
  dropout(1.0);
  layers.push_back(Dense{.out = 10});
  return Net({1, 28, 28}, layers);
}

/// The wider LeNet-5 that Caffe made known: convolutions of 20 and 50 filters, dense 500 and 10.
inline Net lenet5_caffe(double drop = 0.0) {
  using namespace gtap::nn;
  std::vector<Layer> layers{Conv2d{.out = 20, .kernel = 5}, Relu{}, MaxPool2d{}};
  if (drop > 0.0) layers.push_back(Dropout{.drop = 0.5 * drop});
  layers.insert(layers.end(), {Conv2d{.out = 50, .kernel = 5}, Relu{}, MaxPool2d{}});
  if (drop > 0.0) layers.push_back(Dropout{.drop = 0.5 * drop});
  layers.insert(layers.end(), {Flatten{}, Dense{.out = 500}, Relu{}});
  if (drop > 0.0) layers.push_back(Dropout{.drop = drop});
  layers.push_back(Dense{.out = 10});
  return Net({1, 28, 28}, layers);
}

}  // namespace support
