#include <gtap/nn/evaluate.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/train.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "patterns.hpp"
#include "reference.hpp"

#include <cmath>
#include <string>
#include <vector>

using namespace gtap::nn;

namespace {

/// Largest difference between the library and the plain loops over all outputs of all images.
template <class T, class Nodes>
double difference(Shape input, const Nodes& nodes, std::uint64_t seed, std::size_t images = 67) {
  Network<T> net(input, nodes);
  reference::randomize(net, seed);
  const auto data = reference::random_data<T>(input, images, 2, seed);
  const auto out = forward(net, data.images, 1).to_images();
  const auto plain = data.images.to_images();
  double largest = 0.0;
  for (std::size_t i = 0; i < images; ++i) {
    const auto begin = plain.begin() + std::ptrdiff_t(i * input.size());
    const auto expected =
        reference::forward(net, reference::Image(begin, begin + std::ptrdiff_t(input.size())));
    for (std::size_t k = 0; k < expected.size(); ++k) {
      const double came = double(out[i * expected.size() + k]);
      largest = std::max(largest, std::isnan(came) ? 1e9 : std::abs(came - expected[k]));
    }
  }
  return largest;
}

template <class T>
struct Case {
  std::string name;
  Shape input;
  std::vector<Layer<T>> chain;
};

template <class T>
const std::vector<Case<T>> cases{
    {"dense", {37}, {Dense{.out = 11}}},
    {"dense without bias", {5}, {Dense{.out = 3, .bias = false}}},
    {"conv", {3, 9, 8}, {Conv2d{.out = 5}}},
    {"conv padded", {2, 5, 6}, {Conv2d{.out = 4, .kernel = 5, .padding = 2}}},
    {"conv strided",
     {3, 9, 7},
     {Conv2d{.out = 4, .kernel = {3, 2}, .stride = {2, 3}, .padding = {1, 0}, .bias = false}}},
    {"conv grouped", {4, 6, 6}, {Conv2d{.out = 6, .padding = 1, .groups = 2}}},
    {"conv depthwise", {5, 6, 6}, {Conv2d{.out = 5, .padding = 1, .groups = 5}}},
    {"conv 1x1", {7, 4, 3}, {Conv2d{.out = 9, .kernel = 1}}},
    {"maxpool", {3, 7, 6}, {MaxPool2d{}}},
    {"maxpool overlapping", {2, 7, 7}, {MaxPool2d{.size = 3, .stride = 2, .padding = 1}}},
    {"avgpool", {3, 7, 6}, {AvgPool2d{.size = {2, 3}}}},
    {"avgpool padded", {2, 7, 7}, {AvgPool2d{.size = 3, .stride = {2, 1}, .padding = 1}}},
    {"globalpool", {3, 4, 5}, {GlobalAvgPool{}}},
    {"relu", {3, 4, 5}, {Relu{}}},
    {"leakyrelu", {9}, {LeakyRelu{.slope = 0.2}}},
    {"sigmoid", {9}, {Sigmoid{}}},
    {"tanh", {9}, {Tanh{}}},
    {"gelu", {9}, {Gelu{}}},
    {"batchnorm", {3, 4, 5}, {BatchNorm{.epsilon = 0.1}}},
    {"softmax", {7}, {Softmax{}}},
    {"flatten and dropout", {2, 3, 3}, {gtap::nn::Dropout{}, Flatten{}}},
    {"conv dilated", {3, 9, 8}, {Conv2d{.out = 5, .padding = 2, .dilation = 2}}},
    {"conv dilated unevenly",
     {4, 11, 10},
     {Conv2d{.out = 6,
             .kernel = {2, 3},
             .stride = {2, 1},
             .padding = {1, 3},
             .dilation = {4, 3},
             .groups = 2}}},
    {"conv depthwise dilated", {5, 9, 9}, {Conv2d{.out = 5, .dilation = {1, 3}, .groups = 5}}},
    {"conv of one dimension", {3, 1, 20}, {Conv2d{.out = 4, .kernel = {1, 5}, .padding = {0, 2}}}},
    {"globalmaxpool", {3, 4, 5}, {GlobalMaxPool{}}},
    {"silu", {9}, {SiLU{}}},
    {"hardsigmoid", {9, 4, 4}, {Conv2d{.out = 3}, HardSigmoid{}}},
    {"hardswish", {9, 4, 4}, {Conv2d{.out = 3}, HardSwish{}}},
    {"clip", {9}, {Clip{.low = -0.5, .high = 0.75}}},
    {"layernorm", {5, 3, 4}, {LayerNorm{.epsilon = 0.01}}},
    {"upsample", {2, 3, 4}, {Upsample{.factor = {2, 3}}}},
    {"zeropad", {2, 3, 4}, {ZeroPad2d{.top = 1, .bottom = 2, .left = 3}, Relu{}}},
    {"slice and pad", {5, 3, 4}, {ChannelSlice{.first = 1, .count = 3}, ChannelPad{2, 1}}},
    {"select", {3, 2, 2}, {ChannelSelect{.channels = {2, -1, 0, 2}}}},
    {"fused",
     {2, 8, 8},
     {Conv2d{.out = 3}, BatchNorm{}, Relu{}, AvgPool2d{}, Conv2d{.out = 4, .kernel = 2}, Tanh{},
      Flatten{}, Dense{.out = 6}, LeakyRelu{}, Sigmoid{}, Dense{.out = 3}, Softmax{}}},
};

template <class T>
void check_chains(double bound) {
  for (const Case<T>& one : cases<T>) {
    CAPTURE(one.name);
    CHECK(difference<T>(one.input, one.chain, 1) < bound);
    CHECK(difference<T>(one.input, one.chain, 3, 1) < bound);
  }
}

template <class T>
void check_graphs(double bound) {
  for (const auto& one : patterns::all<T>()) {
    CAPTURE(one.name);
    CHECK(difference<T>(one.input, one.nodes, 1) < bound);
    CHECK(difference<T>(one.input, one.nodes, 3, 1) < bound);
  }
}

}  // namespace

TEST_CASE("layers compute what plain loops compute", "[forward]") {
  check_chains<float>(1e-5);
  check_chains<double>(1e-12);
}

TEST_CASE("graphs compute what plain loops compute", "[forward][graph]") {
  check_graphs<float>(1e-5);
  check_graphs<double>(1e-12);
}

TEST_CASE("a masked network is the one whose absent units' outputs are zero", "[forward][mask]") {
  Network<double> net(
      {2, 8, 8}, {BatchNorm{}, Conv2d{.out = 5, .padding = 1}, BatchNorm{}, Sigmoid{}, MaxPool2d{},
                  Conv2d{.out = 6, .groups = 1}, Tanh{}, Flatten{}, BatchNorm{}, Dense{.out = 7},
                  Sigmoid{}, Dense{.out = 3}});
  reference::randomize(net, 5);
  const auto data = reference::random_data<double>({2, 8, 8}, 70, 3, 5);
  KeptChannels kept = all_kept(net);
  const auto keep = [&](std::size_t first, std::size_t last, std::vector<std::uint32_t> channels) {
    for (std::size_t i = first; i <= last; ++i)
      kept[i] = channels;
  };
  keep(1, 4, {0, 3, 4});
  keep(5, 6, {1, 2});
  keep(7, 8, {4, 5, 6, 7, 8, 9, 10, 11});
  keep(9, 10, {0, 2, 5, 6});

  // The reference: weights that would read an absent unit are zero.
  Network<double> zeroed = net;
  const auto zero_columns = [&](const char* name, const std::vector<Eigen::Index>& units,
                                Eigen::Index each) {
    for (const Eigen::Index unit : units)
      zeroed.edit_node(name).weight.middleCols(unit * each, each).setZero();
  };
  zero_columns("conv2", {1, 2}, 9);
  zero_columns("dense1", {0, 3, 4, 5}, 4);
  zero_columns("dense2", {1, 3, 4}, 1);

  const auto masked = forward(net, data.images, kept, 1).to_images();
  const auto expected = forward(zeroed, data.images, 1).to_images();
  REQUIRE(masked.size() == expected.size());
  for (std::size_t i = 0; i < masked.size(); ++i)
    CHECK(std::abs(masked[i] - expected[i]) < 1e-12);
  CHECK((masked != forward(net, data.images, 1).to_images()));
  CHECK((forward(net, data.images, kept, 2).to_images() == masked));
  const Evaluation a = evaluate(net, data, kept, 2);
  const Evaluation b = evaluate(zeroed, data, 1);
  CHECK(a.accuracy == b.accuracy);
  CHECK(std::abs(a.cross_entropy - b.cross_entropy) < 1e-12);
}

TEST_CASE("a network without units left is its last bias", "[forward][mask]") {
  Network<float> net({4}, {Dense{.out = 3}, Sigmoid{}, Dense{.out = 2}});
  reference::randomize(net, 9);
  const auto data = reference::random_data<float>({4}, 3, 2, 9);
  const auto out = forward(net, data.images, KeptChannels{{}, {}, {0, 1}});
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(out.get(i, 0) == net.bias("dense2")(0));
    CHECK(out.get(i, 1) == net.bias("dense2")(1));
  }
}

TEST_CASE("evaluation is that of the definition, with or without a last softmax", "[evaluate]") {
  Network<double> plain({4}, {Dense{.out = 3}});
  reference::randomize(plain, 4);
  Network<double> with({4}, {Dense{.out = 3}, Softmax{}});
  with.set_weight("dense1", plain.weight("dense1"));
  with.set_bias("dense1", plain.bias("dense1"));
  const auto data = reference::random_data<double>({4}, 130, 3, 4);
  double right = 0.0;
  double loss = 0.0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    reference::Image x(4);
    data.images.copy_image(i, x);
    const auto p = reference::forward(with, x);
    loss -= std::log(p[data.labels[i]]) / 130.0;
    right += std::max_element(p.begin(), p.end()) - p.begin() == std::ptrdiff_t(data.labels[i]);
  }
  for (const auto* net : {&plain, &with}) {
    const Evaluation came = evaluate(*net, data, 2);
    CHECK(came.accuracy == right / 130.0);
    CHECK(std::abs(came.cross_entropy - loss) < 1e-12);
  }
  CHECK(accuracy(plain, data) == right / 130.0);
}

TEST_CASE("what cannot be run is named", "[forward][error]") {
  Network<float> net({1, 4, 4}, {Flatten{}, Dense{.out = 3}, Relu{}, Dense{.out = 2}});
  reference::randomize(net, 1);
  CHECK(error_text([&] { forward(net, Tensor<float>({16}, 5)); }) ==
        "forward: expected images of 1x4x4, got 16x1x1");
  CHECK(error_text([&] {
          forward(net, Tensor<float>({1, 4, 4}, 0));
        }) == "forward: expected at least one image, got none");
  CHECK(mentions(error_text([&] {
                   forward(net, Tensor<float>({1, 4, 4}, 5), KeptChannels{{3}});
                 }),
                 "mask: expected lists of channels for 4 nodes, got 1"));
  auto data = reference::random_data<float>({1, 4, 4}, 5, 2, 1);
  data.labels[3] = 2;
  CHECK(error_text([&] { evaluate(net, data); }) ==
        "evaluate: expected labels below 2, got label 2 of image 3");
  data.labels.pop_back();
  CHECK(error_text([&] { evaluate(net, data); }) ==
        "evaluate: expected a label for each of 5 images, got 4 labels");
  CHECK(error_text([&] {
          evaluate(net, Dataset<float>{Tensor<float>({1, 4, 4}, 0), {}});
        }) == "evaluate: expected at least one image, got an empty data set");
  net.edit_node("dense2").bias(1) = NAN;
  CHECK(error_text([&] { forward(net, data.images); }) ==
        "dense2.bias: expected finite numbers, got nan at 1");
  net.edit_node("dense2").bias(1) = 0.0f;
  auto bad = reference::random_data<float>({1, 4, 4}, 5, 2, 1);
  bad.images.set(2, 0, 1, 1, NAN);
  CHECK(error_text([&] { evaluate(net, bad); }) ==
        "evaluate: expected images of finite numbers, got image 2 with others");
}

TEST_CASE("labels and losses want flat outputs", "[forward][error]") {
  Network<float> net({1, 4, 4}, {Conv2d{.out = 2, .kernel = 3}});
  reference::randomize(net, 1);
  const auto data = reference::random_data<float>({1, 4, 4}, 5, 2, 1);
  CHECK(forward(net, data.images).shape() == Shape{2, 2, 2});
  const std::string wrong =
      ": expected a network with flat outputs (Flatten{} flattens), got outputs of 2x2x2";
  CHECK(error_text([&] { evaluate(net, data); }) == "evaluate" + wrong);
  CHECK(error_text([&] { train(net, data); }) == "train" + wrong);
  CHECK(error_text([&] { Backpropagation<float>(net, 5, Mode::training); }) ==
        "Backpropagation" + wrong);
}

TEST_CASE("a relu does not hide what is not a number", "[forward][error]") {
  // inf - inf in the first layer, at each of several places where a relu may be applied.
  const Layer<float> first = Dense{.out = 3};
  for (const auto& chain :
       {std::vector<Layer<float>>{first, Relu{}, Dense{.out = 2}},
        std::vector<Layer<float>>{first, BatchNorm{}, Relu{}, Dense{.out = 2}},
        std::vector<Layer<float>>{first, gtap::nn::Dropout{}, Relu{}, Dense{.out = 2}}}) {
    Network<float> net({2}, chain);
    reference::randomize(net, 1);
    net.edit_node("dense1").weight.row(1) << 3e38f, -3e38f;
    Dataset<float> data{Tensor<float>({2}, 1), {0}};
    data.images.set(0, 0, 0, 0, 10.0f);
    data.images.set(0, 1, 0, 0, 10.0f);
    CHECK(mentions(error_text([&] { evaluate(net, data); }), "evaluate: expected finite outputs"));
  }
}

TEST_CASE("a part of a data set is a copy of those images", "[dataset]") {
  const auto data = reference::random_data<float>({1, 2, 2}, 100, 7, 3);
  const auto part = data.subset(90, 10);
  CHECK(part.size() == 10);
  CHECK(part.images.get(4, 0, 1, 0) == data.images.get(94, 0, 1, 0));
  CHECK(part.labels[9] == data.labels[99]);
  const std::vector<std::uint32_t> chosen{5, 99, 5};
  CHECK(data.subset(chosen).images.get(2, 0, 0, 1) == data.images.get(5, 0, 0, 1));
  CHECK(error_text([&] { data.subset(91, 10); }) ==
        "Dataset::subset: expected images below 100, got 10 images from 91");
  CHECK(error_text([&] { data.subset(std::vector<std::uint32_t>{100}); }) ==
        "Dataset::subset: expected images below 100, got 100");
}

TEST_CASE("initial weights have the variances of He and Glorot", "[initialize]") {
  Network<double> net({3, 20, 20}, {Conv2d{.out = 60, .kernel = 5}, BatchNorm{}, Relu{},
                                    GlobalAvgPool{}, Dense{.out = 200}, Tanh{}, Dense{.out = 100}});
  initialize(net, 11);
  const auto check = [&](const char* name, double variance) {
    const auto& w = net.weight(name);
    const double n = double(w.size());
    // A sample variance of normal numbers deviates by sqrt(2 / n), of uniform ones by less.
    CHECK(std::abs(w.squaredNorm() / n / variance - 1.0) < 4.0 * std::sqrt(2.0 / n));
    CHECK(std::abs(w.sum() / n) < 4.0 * std::sqrt(variance / n));
  };
  check("conv1", 2.0 / 75.0);
  check("dense1", 2.0 / 260.0);
  check("dense2", 2.0 / 300.0);
  CHECK(net.weight("batchnorm1").isOnes());
  Network<double> again = net;
  initialize(again, 11);
  CHECK(again.weight("dense2") == net.weight("dense2"));
  initialize(again, 12);
  CHECK(again.weight("dense2") != net.weight("dense2"));
}
