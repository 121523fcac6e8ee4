#pragma once

#include <gtap/nn/initialize.hpp>
#include <gtap/nn/network.hpp>

#include <cstddef>
#include <string>
#include <utility>
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
  std::vector<Layer<float>> layers;
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
  std::vector<Layer<float>> layers{Conv2d{.out = 20, .kernel = 5}, Relu{}, MaxPool2d{}};
  if (drop > 0.0) layers.push_back(Dropout{.drop = 0.5 * drop});
  layers.insert(layers.end(), {Conv2d{.out = 50, .kernel = 5}, Relu{}, MaxPool2d{}});
  if (drop > 0.0) layers.push_back(Dropout{.drop = 0.5 * drop});
  layers.insert(layers.end(), {Flatten{}, Dense{.out = 500}, Relu{}});
  if (drop > 0.0) layers.push_back(Dropout{.drop = drop});
  layers.push_back(Dense{.out = 10});
  return Net({1, 28, 28}, layers);
}

/// ResNet-20 (He et al. 2016, for CIFAR-10): stages of 16, 32 and 64 channels with three residual
/// blocks each (`blocks`), whose shortcuts have no parameters: every other pixel, and channels of
/// zeros around.
inline Net resnet20(gtap::nn::Shape input, std::size_t blocks = 3, std::size_t classes = 10) {
  using namespace gtap::nn;
  std::vector<PlacedLayer<float>> nodes;
  const auto conv = [](std::size_t out, std::size_t stride, std::string name) {
    return Conv2d{
        .out = out, .stride = stride, .padding = 1, .bias = false, .name = std::move(name)};
  };
  nodes.push_back(conv(16, 1, "conv1"));
  nodes.push_back(BatchNorm{.name = "bn1"});
  nodes.push_back(Relu{.name = "relu1"});
  std::string last = "relu1";
  std::size_t channels = 16;
  for (std::size_t stage = 1; stage <= 3; ++stage) {
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::string name = "layer" + std::to_string(stage) + "." + std::to_string(b);
      const std::size_t out = std::size_t{8} << stage;
      const bool narrows = out != channels;
      nodes.push_back({conv(out, narrows ? 2 : 1, name + ".conv1"), {last}});
      nodes.push_back(BatchNorm{.name = name + ".bn1"});
      nodes.push_back(Relu{.name = name + ".relu1"});
      nodes.push_back(conv(out, 1, name + ".conv2"));
      nodes.push_back(BatchNorm{.name = name + ".bn2"});
      std::string shortcut = last;
      if (narrows) {
        shortcut = name + ".pad";
        const std::size_t more = (out - channels) / 2;
        nodes.push_back({MaxPool2d{.size = 1, .stride = 2, .name = name + ".halve"}, {last}});
        nodes.push_back(ChannelPad{.before = more, .after = more, .name = shortcut});
      }
      nodes.push_back({Add{.name = name + ".add"}, {name + ".bn2", shortcut}});
      nodes.push_back(Relu{.name = name});
      last = name;
      channels = out;
    }
  }
  nodes.push_back(GlobalAvgPool{});
  nodes.push_back(Dense{.out = classes, .name = "fc"});
  return Net(input, std::move(nodes));
}

}  // namespace support
