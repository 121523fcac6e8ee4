#include <gtap/core/random.hpp>
#include <gtap/nn/backpropagation.hpp>
#include <gtap/nn/evaluate.hpp>

#include "catch.hpp"
#include "patterns.hpp"
#include "reference.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

using namespace gtap::nn;

namespace {

/// The mean loss over all images as one mini-batch. Dropout draws the same each time.
template <class T>
double loss(Backpropagation<T>& passes, const Dataset<T>& data, gtap::ThreadPool& pool) {
  return passes.run(
      pool, data.labels, 3,
      [&](std::size_t tile, T* rows) {
        std::copy_n(data.images.tile(tile), data.images.shape().size() * tile_images, rows);
      },
      [](auto&&...) {});
}

/// Largest difference between the gradient and central differences: by each parameter of small
/// tensors, of others along twelve random directions, which show any entry that is wrong.
template <class Nodes>
double difference(Shape input, const Nodes& nodes, Mode mode, std::uint64_t seed) {
  Network<double> net(input, nodes);
  reference::randomize(net, seed);
  const auto data = reference::random_data<double>(input, 70, net.output().size(), seed);
  gtap::ThreadPool pool(1);
  Backpropagation<double> passes(net, 70, mode, seed);
  loss(passes, data, pool);
  std::vector<double> gradient(passes.parameters());
  passes.gradient(0, gradient);

  double largest = 0.0;
  gtap::RandomStream random(seed, 1);
  const auto compare = [&](auto member, std::size_t node, std::size_t begin) {
    auto& values = net.edit_nodes()[node].*member;
    const auto count = static_cast<std::size_t>(values.size());
    const auto kept = values;
    std::vector<double> along(count);
    for (std::size_t k = 0; k < std::min<std::size_t>(count, 12); ++k) {
      for (std::size_t j = 0; j < count; ++j) {
        along[j] = count <= 12 ? (j == k ? 1.0 : 0.0)
                               : random.normal() / std::sqrt(static_cast<double>(count));
      }
      const double h = 1e-6;
      const auto at = [&](double step) {
        for (std::size_t j = 0; j < count; ++j)
          values.data()[j] = kept.data()[j] + step * along[j];
        return loss(passes, data, pool);
      };
      const double slope = (at(h) - at(-h)) / (2 * h);
      values = kept;
      const double expected = std::inner_product(along.begin(), along.end(),
                                                 gradient.begin() + std::ptrdiff_t(begin), 0.0);
      const double error = std::abs(slope - expected);
      largest = std::max(largest, std::isnan(error) ? 1e9 : error);
    }
  };
  for (std::size_t i = 0; i < logit_nodes(net); ++i) {
    compare(&Node<double>::weight, i, passes.weight_begin(i));
    compare(&Node<double>::bias, i, passes.bias_begin(i));
  }
  return largest;
}

/// The layer between others with weights, so that its input gradient is checked by theirs.
std::vector<Layer<double>> between(const Layer<double>& layer) {
  return {Conv2d{.out = 2, .kernel = 2}, layer, Flatten{}, Dense{.out = 3}};
}

}  // namespace

TEST_CASE("gradients are those of finite differences", "[gradient]") {
  struct Case {
    std::string name;
    Shape input;
    std::vector<Layer<double>> chain;
  };
  const Shape image{1, 5, 6};  // 4x5 after the first convolution
  const std::vector<Case> cases{
      {"dense", {3}, {Dense{.out = 4}, Dense{.out = 2, .bias = false}, Dense{.out = 3}}},
      {"conv", image, between(Conv2d{.out = 2, .kernel = {2, 3}})},
      {"conv padded", image, between(Conv2d{.out = 1, .kernel = 3, .padding = {1, 2}})},
      {"conv strided", image, between(Conv2d{.out = 2, .stride = {2, 3}, .padding = 1})},
      {"conv grouped", image, between(Conv2d{.out = 4, .kernel = 2, .groups = 2, .bias = false})},
      {"maxpool", image, between(MaxPool2d{})},
      {"maxpool overlapping", image, between(MaxPool2d{.size = 3, .stride = 1, .padding = 1})},
      {"avgpool", image, between(AvgPool2d{})},
      {"avgpool overlapping", image, between(AvgPool2d{.size = 3, .stride = {2, 1}, .padding = 1})},
      {"avgpool of pixels only", image,
       between(AvgPool2d{
           .size = 3, .stride = {2, 1}, .padding = 1, .extra = 1, .count_padding = false})},
      {"maxpool with a window more", image, between(MaxPool2d{.size = 3, .stride = 2, .extra = 1})},
      {"globalpool", image, between(GlobalAvgPool{})},
      {"relu", image, between(Relu{})},
      {"leakyrelu", image, between(LeakyRelu{.slope = 0.3})},
      {"leakyrelu that folds", image, between(LeakyRelu{.slope = -0.3})},
      {"sigmoid", image, between(Sigmoid{})},
      {"tanh", image, between(Tanh{})},
      {"gelu", image, between(Gelu{})},
      {"flatten", image, between(Flatten{})},
      {"batchnorm", image, between(BatchNorm{.epsilon = 0.1})},
      {"dropout", image, between(gtap::nn::Dropout{.drop = 0.4})},
      {"conv dilated", image, between(Conv2d{.out = 2, .padding = 2, .dilation = {2, 1}})},
      {"conv depthwise", image, between(Conv2d{.out = 2, .padding = 1, .groups = 2})},
      {"conv dilated in groups", image,
       between(Conv2d{.out = 4, .kernel = 2, .padding = {0, 1}, .dilation = {1, 3}, .groups = 2})},
      {"globalmaxpool", image, between(GlobalMaxPool{})},
      {"silu", image, between(SiLU{})},
      {"hardsigmoid", image, between(HardSigmoid{})},
      {"hardswish", image, between(HardSwish{})},
      {"clip", image, between(Clip{.low = -0.2, .high = 0.3})},
      {"layernorm", image, between(LayerNorm{.epsilon = 0.1})},
      {"upsample", image, between(Upsample{.factor = {2, 1}})},
      {"zeropad", image, between(ZeroPad2d{.top = 1, .left = 2, .right = 1})},
      {"slice", image, between(ChannelSlice{.first = 1, .count = 1})},
      {"pad", image, between(ChannelPad{.before = 1, .after = 2})},
      {"select", image, between(ChannelSelect{.channels = {1, -1, 1, 0}})},
      {"softmax", {3}, {Dense{.out = 4}, Softmax{}, Dense{.out = 3}}},
      {"softmax at the end", {3}, {Dense{.out = 3}, Softmax{}}},
      {"first layers without parameters", {2, 2, 2}, {Tanh{}, Flatten{}, Relu{}, Dense{.out = 3}}},
      {"batchnorm first", {2, 2, 2}, {BatchNorm{}, Flatten{}, Dense{.out = 3}}},
      {"activations in a row",
       {3},
       {Dense{.out = 4}, Relu{}, Sigmoid{}, Tanh{}, Relu{}, gtap::nn::Dropout{.drop = 0.3}, Gelu{},
        LeakyRelu{}, Dense{.out = 3}}},
      {"dropout after what needs its output",
       {3},
       {Dense{.out = 4}, Tanh{}, gtap::nn::Dropout{.drop = 0.3}, Dense{.out = 3}}},
      {"a whole network",
       {1, 7, 7},
       {BatchNorm{}, Conv2d{.out = 2, .padding = 1}, BatchNorm{}, Relu{}, MaxPool2d{},
        gtap::nn::Dropout{.drop = 0.2}, Conv2d{.out = 3, .kernel = 2, .bias = false}, BatchNorm{},
        Tanh{}, Flatten{}, Dense{.out = 4}, LeakyRelu{}, Dense{.out = 3}}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    CHECK(difference(one.input, one.chain, Mode::training, 1) < 1e-8);
    CHECK(difference(one.input, one.chain, Mode::inference, 3) < 1e-8);
  }
}

TEST_CASE("gradients of graphs are those of finite differences", "[gradient][graph]") {
  auto list = patterns::all<double>();
  list.push_back({"a node read three times by one",
                  {3},
                  {Dense{.out = 4, .name = "a"},
                   Tanh{.name = "t"},
                   {Add{}, {"t", "t", "t"}},
                   {Multiply{}, {"add1", "t"}},
                   Dense{.out = 3}}});
  list.push_back({"an input read twice, once without parameters",
                  {2, 4, 4},
                  {BatchNorm{.name = "a"},
                   {AvgPool2d{.size = 1, .name = "b"}, {"input"}},
                   {Concat{}, {"a", "b"}},
                   Flatten{},
                   Dense{.out = 3}}});
  list.push_back({"products of one shape",
                  {3},
                  {Dense{.out = 4, .name = "a"},
                   {Dense{.out = 4, .name = "b"}, {"input"}},
                   {Multiply{}, {"a", "b"}},
                   SiLU{},
                   Dense{.out = 3}}});
  for (const auto& one : list) {
    CAPTURE(one.name);
    CHECK(difference(one.input, one.nodes, Mode::training, 1) < 1e-8);
    CHECK(difference(one.input, one.nodes, Mode::inference, 3) < 1e-8);
  }
}

TEST_CASE("at inference the loss is that of the evaluation", "[gradient]") {
  Network<double> net({2, 5, 5}, {Conv2d{.out = 3}, BatchNorm{}, Gelu{}, gtap::nn::Dropout{},
                                  GlobalAvgPool{}, Dense{.out = 4}});
  reference::randomize(net, 6);
  const auto data = reference::random_data<double>({2, 5, 5}, 100, 4, 6);
  gtap::ThreadPool pool(2);
  Backpropagation<double> passes(net, 100, Mode::inference);
  CHECK(std::abs(loss(passes, data, pool) - evaluate(net, data).cross_entropy) < 1e-12);
}

TEST_CASE("in training batch norm takes the mean and variance of the mini-batch", "[gradient]") {
  // One dense unit per class reads the normalised channel, so logits show it.
  Network<double> net({1, 2, 1},
                      {BatchNorm{.epsilon = 1e-3, .momentum = 0.25}, Flatten{}, Dense{.out = 2}});
  reference::randomize(net, 7);
  const auto data = reference::random_data<double>({1, 2, 1}, 70, 2, 7);
  double mean = 0.0;
  double variance = 0.0;
  const auto plain = data.images.to_images();
  for (const double v : plain)
    mean += v / 140.0;
  for (const double v : plain)
    variance += (v - mean) * (v - mean) / 140.0;
  Network<double> fixed = net;
  fixed.set_running_statistics("batchnorm1", std::vector<double>{mean},
                               std::vector<double>{variance});
  gtap::ThreadPool pool(1);
  Backpropagation<double> passes(net, 70, Mode::training);
  CHECK(std::abs(loss(passes, data, pool) - evaluate(fixed, data).cross_entropy) < 1e-12);

  const Node<double> before = net.node("batchnorm1");
  passes.update_running(net);
  CHECK(net.node("batchnorm1").running_mean(0) ==
        Approx(0.75 * before.running_mean(0) + 0.25 * mean));
  CHECK(net.node("batchnorm1").running_var(0) ==
        Approx(0.75 * before.running_var(0) + 0.25 * variance * 140.0 / 139.0));
}

TEST_CASE("visitors see outputs and gradients of stage ends", "[gradient]") {
  // d loss / d output of a stage, times a change of the outputs, is a change of the loss.
  Network<double> net({3}, {Dense{.out = 4}, Tanh{}, Dense{.out = 3}});
  reference::randomize(net, 8);
  const auto data = reference::random_data<double>({3}, 70, 3, 8);
  gtap::ThreadPool pool(1);
  Backpropagation<double> passes(net, 70, Mode::inference);
  double product = 0.0;
  passes.run(
      pool, data.labels, 0,
      [&](std::size_t tile, double* rows) {
        std::copy_n(data.images.tile(tile), 3 * tile_images, rows);
      },
      [&](std::size_t node, std::size_t, std::size_t valid, const double* values,
          const double* gradient) {
        if (node != 1) return;
        for (std::size_t r = 0; r < 4; ++r) {
          for (std::size_t l = 0; l < valid; ++l)
            product += values[r * tile_images + l] * gradient[r * tile_images + l];
        }
      });
  // Scaling the outputs by 1 + h is scaling the next layer's weights.
  const double h = 1e-6;
  Network<double> scaled = net;
  scaled.edit_node("dense2").weight *= 1 + h;
  const double above = evaluate(scaled, data).cross_entropy;
  scaled.edit_node("dense2").weight *= (1 - h) / (1 + h);
  const double below = evaluate(scaled, data).cross_entropy;
  CHECK(std::abs((above - below) / (2 * h) - product) < 1e-7);
}

TEST_CASE("dropout drops its share, keeps the mean and repeats with the seed", "[gradient]") {
  // Mean logits over many images of ones: dense weights of one class sum the dropped inputs.
  Network<double> net({400}, {gtap::nn::Dropout{.drop = 0.25}, Dense{.out = 2}});
  net.edit_node("dense1").weight.row(0).setOnes();
  Dataset<double> data{Tensor<double>({400}, 64), std::vector<std::uint32_t>(64, 0)};
  std::fill_n(data.images.tile(0), 400 * tile_images, 1.0);
  gtap::ThreadPool pool(1);
  const auto kept = [&](std::uint64_t seed, std::uint64_t step) {
    Backpropagation<double> passes(net, 64, Mode::training, seed);
    std::vector<double> sums;
    passes.run(
        pool, data.labels, step,
        [&](std::size_t tile, double* rows) {
          std::copy_n(data.images.tile(tile), 400 * tile_images, rows);
        },
        [&](std::size_t, std::size_t, std::size_t, const double* values, const double*) {
          sums.assign(values, values + tile_images);
        });
    return sums;
  };
  const auto sums = kept(1, 0);
  double mean = 0.0;
  for (const double s : sums)
    mean += s / (64.0 * 400.0);
  // Kept numbers are 4/3 with probability 3/4: variance 1/3 each.
  CHECK(std::abs(mean - 1.0) < 4.0 * std::sqrt(1.0 / 3.0 / (64.0 * 400.0)));
  CHECK((kept(1, 0) == sums));
  CHECK((kept(1, 1) != sums));
  CHECK((kept(2, 0) != sums));
}
