#include <gtap/nn/channel_ties.hpp>
#include <gtap/nn/kept_channels.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/tensor.hpp>

#include "catch.hpp"
#include "error_text.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

using namespace gtap::nn;

namespace {

Network<float> lenet() {
  return {{1, 28, 28},
          {Conv2d{.out = 6, .kernel = 5, .padding = 2}, Relu{}, MaxPool2d{},
           Conv2d{.out = 16, .kernel = 5}, Relu{}, MaxPool2d{}, Flatten{}, Dense{.out = 120},
           Relu{}, Dense{.out = 84}, Relu{}, Dense{.out = 10}}};
}

std::string shape_error(Shape input, std::vector<Layer<float>> chain) {
  return error_text([&] { Network<float>(input, chain); });
}

}  // namespace

TEST_CASE("a tensor keeps images in tiles and gives them back", "[tensor]") {
  const Shape shape{2, 3, 1};
  std::vector<float> plain(130 * shape.size());
  std::iota(plain.begin(), plain.end(), 0.0f);
  const auto tensor = Tensor<float>::from_images(shape, plain);
  CHECK(tensor.images() == 130);
  CHECK(tensor.tiles() == 3);
  CHECK(tensor.tile_valid(0) == 64);
  CHECK(tensor.tile_valid(2) == 2);
  CHECK(tensor.to_images() == plain);
  CHECK(tensor.get(129, 1, 2) == plain.back());
  CHECK(tensor.tile(2)[5 * tile_images + 1] == plain.back());
  CHECK(tensor.tile(2)[5 * tile_images + 2] == 0.0f);
  CHECK(reinterpret_cast<std::uintptr_t>(tensor.tile(1)) % alignment == 0);
}

TEST_CASE("a tensor names what does not exist", "[tensor][error]") {
  Tensor<float> tensor({2, 3, 3}, 5);
  CHECK(error_text([&] { tensor.get(5, 0); }) ==
        "Tensor::get: expected a place in 5 images of 2x3x3, got image 5, channel 0, pixel 0,0");
  CHECK(error_text([&] { tensor.set(0, 2, 0, 0, 1.0f); }) ==
        "Tensor::set: expected a place in 5 images of 2x3x3, got image 0, channel 2, pixel 0,0");
  const std::vector<float> short_image(17);
  CHECK(error_text([&] { tensor.set_image(0, short_image); }) ==
        "Tensor::set_image: expected 18 numbers for an image of 2x3x3, got 17");
  CHECK(error_text([&] {
          Tensor<float>::from_images({2, 3, 3}, short_image);
        }) == "Tensor::from_images: expected whole images of 2x3x3, got 17 numbers");
}

TEST_CASE("shapes are inferred and layers named", "[network]") {
  const Network<float> net = lenet();
  CHECK(net.output() == Shape{10});
  CHECK(net.node("conv2").out == Shape{16, 10, 10});
  CHECK(net.node("flatten1").out == Shape{400});
  CHECK(net.nodes()[9].name == "dense2");
  CHECK(net.parameters() == 61706);
  CHECK(net.macs() == 28 * 28 * 6 * 25 + 100 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10);
  const Network<float> strided({4, 9, 7},
                               {Conv2d{.out = 8,
                                       .kernel = {3, 2},
                                       .stride = {2, 1},
                                       .padding = {1, 0},
                                       .groups = 2,
                                       .bias = false},
                                AvgPool2d{.size = 3, .stride = 1, .padding = 1}, GlobalAvgPool{}});
  CHECK(strided.nodes()[0].out == Shape{8, 5, 6});
  CHECK(strided.nodes()[1].out == Shape{8, 5, 6});
  CHECK(strided.output() == Shape{8});
  CHECK(strided.weight("conv1").cols() == 12);
  CHECK(strided.parameters() == 96);
}

TEST_CASE("names of the network's own avoid the user's, wherever those stand", "[network]") {
  const auto names = [](std::vector<Layer<float>> chain) {
    const Network<float> net({4}, std::move(chain));
    std::vector<std::string> list;
    for (const auto& node : net.nodes()) {
      list.push_back(node.name);
      CHECK(&net.node(node.name) == &node);
    }
    return list;
  };
  using List = std::vector<std::string>;
  const Dense unnamed{.out = 4};
  const auto dense = [](const char* name) { return Dense{.out = 4, .name = name}; };
  CHECK(names({dense("dense2"), unnamed, unnamed}) == List{"dense2", "dense3", "dense4"});
  CHECK(names({unnamed, unnamed, dense("dense2")}) == List{"dense1", "dense3", "dense2"});
  CHECK(names({unnamed, Relu{.name = "dense1"}, unnamed}) == List{"dense2", "dense1", "dense3"});
  CHECK(names({dense("dense3"), dense("dense2"), unnamed}) == List{"dense3", "dense2", "dense4"});
  // A named layer counts where its name is in nobody's way.
  CHECK(names({dense("first"), unnamed}) == List{"first", "dense2"});
  CHECK(names({dense("conv1"), unnamed, Relu{}}) == List{"conv1", "dense2", "relu1"});
}

TEST_CASE("layers that do not fit are named with their shapes", "[network][error]") {
  CHECK(shape_error({16, 5, 5}, {Dense{.out = 10}}) ==
        "dense1: expected a flat input (Flatten{} comes before), got 16x5x5");
  CHECK(shape_error({4}, {Dense{.name = "head"}}) == "head: expected at least 1 output, got 0");
  CHECK(shape_error({4}, {Dense{.out = 3, .name = "dense1"}, Relu{.name = "dense1"}}) ==
        "Network: expected different names of layers, got \"dense1\" twice");
  CHECK(shape_error({1, 4, 4}, {Conv2d{.out = 2}, Conv2d{.out = 2}}) ==
        "conv2: expected a window no larger than the padded input, got window 3x3, stride 1x1, "
        "padding 0x0 on an input of 2x2x2");
  CHECK(shape_error({6, 4, 4}, {Conv2d{.out = 8, .groups = 4}}) ==
        "conv1: expected groups that divide input and output channels, got 4 groups on an input "
        "of 6x4x4 with 8 output channels");
  CHECK(mentions(shape_error({1, 4, 4}, {Conv2d{.out = 8, .stride = 0}}),
                 "conv1: expected a stride of at least 1"));
  CHECK(mentions(shape_error({1, 4, 4}, {Conv2d{.out = 8, .kernel = 0}}),
                 "conv1: expected a window of at least 1x1"));
  CHECK(shape_error({1, 4, 4}, {MaxPool2d{.size = 2, .padding = 2}}) ==
        "maxpool1: expected a padding of at most half the window, got padding 2x2 with a window "
        "of 2x2");
  CHECK(mentions(shape_error({1, 1, 1}, {AvgPool2d{}}),
                 "avgpool1: expected a window no larger than the padded input"));
  CHECK(shape_error({2, 2, 2}, {Softmax{}}) ==
        "softmax1: expected a flat input (Flatten{} comes before), got 2x2x2");
  CHECK(shape_error({2}, {Dropout{.drop = 1.0}}) ==
        "dropout1: expected a drop probability in [0, 1), got 1");
  CHECK(mentions(shape_error({2}, {BatchNorm{.epsilon = 0.0}}), "batchnorm1: expected an epsilon"));
  CHECK(mentions(shape_error({2}, {BatchNorm{.momentum = 2.0}}),
                 "batchnorm1: expected a momentum in [0, 1]"));
  CHECK(
      mentions(shape_error({2}, {LeakyRelu{.slope = NAN}}), "leakyrelu1: expected a finite slope"));
  CHECK(shape_error({0, 2, 2}, {Relu{}}) ==
        "Network: expected an input of at least 1x1x1, got 0x2x2");
  CHECK(shape_error({1}, {}) == "Network: expected at least one layer, got none");
}

TEST_CASE("a graph names what it reads", "[network][graph]") {
  const Network<float> net({2, 6, 6}, {Conv2d{.out = 4, .padding = 1},
                                       Relu{},
                                       {Conv2d{.out = 4, .padding = 1}, {"relu1"}},
                                       {Add{.name = "sum"}, {"conv2", "relu1"}},
                                       {Concat{}, {"sum", "input", "relu1"}}});
  CHECK(net.node("conv1").inputs == std::vector<std::size_t>{network_input});
  CHECK(net.node("sum").inputs == std::vector<std::size_t>{2, 1});
  CHECK(net.node("concat1").ins == std::vector<Shape>{{4, 6, 6}, {2, 6, 6}, {4, 6, 6}});
  CHECK(net.output() == Shape{10, 6, 6});
  // Multiply-adds of weights only.
  CHECK(net.macs() == 36 * (4 * 18 + 4 * 36));
}

TEST_CASE("wrong graphs are named with their shapes", "[network][graph][error]") {
  const auto error = [](std::vector<PlacedLayer<float>> nodes) {
    return error_text([&] { Network<float>({2, 6, 6}, nodes); });
  };
  const Conv2d conv{.out = 4, .padding = 1};
  CHECK(error({conv, Relu{}, {Add{}, {"relu1", "input"}}}) ==
        "add1: expected inputs of one shape, got 4x6x6 and 2x6x6");
  CHECK(error({conv, Relu{}, {Add{}, {"relu1"}}}) == "add1: expected 2 or more inputs, got 1");
  CHECK(error({conv, {Relu{}, {"conv1", "input"}}}) == "relu1: expected 1 input, got 2");
  CHECK(error({conv, MaxPool2d{}, {Concat{}, {"conv1", "maxpool1", "input"}}}) ==
        "concat1: expected inputs of one height and width, got 4x6x6, 4x3x3 and 2x6x6");
  CHECK(error({conv, {Multiply{}, {"conv1", "input"}}}) ==
        "multiply1: expected two inputs of one shape, or a second one with one value a channel, "
        "got 4x6x6 and 2x6x6");
  CHECK(error({conv, {Relu{}, {"conv7"}}}) ==
        "relu1: expected inputs that are nodes, or \"input\", got \"conv7\"");
  CHECK(error({conv, {Add{}, {"conv1", "relu1"}}, Relu{}}) ==
        "add1: expected inputs that come before it, so that there is no cycle, got \"relu1\", a "
        "later node");
  CHECK(error({conv, {Add{.name = "sum"}, {"conv1", "sum"}}}) ==
        "sum: expected inputs that come before it, so that there is no cycle, got \"sum\", itself");
  CHECK(error({conv, {conv, {"input"}}, Relu{}}) ==
        "conv1: expected a node that reads it, or the last place, got an output that nobody reads");
  CHECK(error({Relu{.name = "input"}}) ==
        "Network: expected another name than that of the network's input, got \"input\"");
  CHECK(error({ChannelSlice{.first = 1, .count = 2}}) ==
        "slice1: expected at least 1 channel of the input, got 2 from 1 on of 2x6x6");
  CHECK(error({ChannelSelect{.channels = {0, 2}}}) ==
        "select1: expected channels of the input, or -1, got 2 of 2x6x6");
  CHECK(error({Conv2d{.out = 1, .dilation = {1, 0}}}) ==
        "conv1: expected a dilation of at least 1, got 1x0");
  CHECK(mentions(error({Conv2d{.out = 1, .dilation = 3}}),
                 "conv1: expected a window no larger than the padded input, got window 7x7"));
  CHECK(error({Clip{.low = 1.0, .high = 0.0}}) ==
        "clip1: expected finite limits, the lower one first, got 1 and 0");
}

TEST_CASE("weights go in and out by the layer's name", "[network]") {
  Network<float> net({2}, {Dense{.out = 3}, BatchNorm{}});
  net.set_weight("dense1", std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(net.weight("dense1")(1, 0) == 3);
  // A column-major matrix is the same matrix.
  Eigen::MatrixXf weight(3, 2);
  weight << 6, 5, 4, 3, 2, 1;
  net.set_weight("dense1", weight);
  CHECK(net.weight("dense1")(0, 1) == 5);
  net.set_bias("dense1", Eigen::VectorXf::Constant(3, 2.0f));
  CHECK(net.bias("dense1")(2) == 2);
  net.set_weight("batchnorm1", std::vector<float>{7, 8, 9});
  CHECK(net.weight("batchnorm1")(0, 2) == 9);
  net.set_running_statistics("batchnorm1", std::vector<float>{1, 2, 3},
                             std::vector<float>{4, 5, 6});
  CHECK(net.node("batchnorm1").running_var(1) == 5);
}

TEST_CASE("wrong weights are refused by name", "[network][error]") {
  Network<float> net({2}, {Dense{.out = 3}, Relu{}, BatchNorm{}});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(error_text([&] { net.set_weight("dense1", std::vector<float>(5)); }) ==
        "dense1.weight: expected 6 numbers, got 5");
  CHECK(error_text([&] { net.set_weight("dense1", Eigen::MatrixXf::Zero(2, 3)); }) ==
        "dense1.weight: expected a matrix of 3x2, got 2x3");
  CHECK(error_text([&] {
          net.set_bias("dense1", std::vector<float>{1, nan, 2});
        }) == "dense1.bias: expected finite numbers, got nan at 1");
  CHECK(error_text([&] { net.weight("dense2"); }) ==
        "Network: expected one of the layers dense1, relu1, batchnorm1, got \"dense2\"");
  CHECK(mentions(error_text([&] {
                   net.set_running_statistics("batchnorm1", std::vector<float>(3),
                                              std::vector<float>{1, -1, 1});
                 }),
                 "batchnorm1.running_var: expected variances of 0 or more, got -1"));
  net.check_finite();
  net.edit_node("dense1").weight(2, 1) = nan;
  CHECK(error_text([&] { net.check_finite(); }) ==
        "dense1.weight: expected finite numbers, got nan at 5");
}

TEST_CASE("channels that are one are found through the maps of layers", "[ties][graph]") {
  const Network<float> net({2, 6, 6}, {Conv2d{.out = 4, .padding = 1, .name = "a"},
                                       {Conv2d{.out = 4, .padding = 1, .name = "b"}, {"input"}},
                                       {Add{}, {"a", "b"}},
                                       {Concat{}, {"add1", "input"}},
                                       Flatten{},
                                       Dense{.out = 3, .name = "hidden"},
                                       Relu{},
                                       Dense{.out = 2, .name = "last"}});
  const ChannelTies ties(net);
  const std::size_t concat = net.index("concat1");
  CHECK(ties.group(0, 1) == ties.group(1, 1));
  CHECK(ties.group(0, 1) == ties.group(concat, 1));
  CHECK(ties.group(0, 1) == ties.group(concat + 1, 36 + 35));
  CHECK(ties.group(0, 1) != ties.group(0, 2));
  CHECK(ties.removable(ties.group(0, 1)));
  CHECK(!ties.removable(ties.group(concat, 4)));  // the network's input
  CHECK(ties.removable(ties.group(net.index("hidden"), 0)));
  CHECK(!ties.removable(ties.group(net.index("last"), 0)));
}

TEST_CASE("wrong masks are named", "[kept_channels][error]") {
  const Network<float> net({3}, {Dense{.out = 4}, Relu{}, Dense{.out = 2}});
  const auto error = [&](const KeptChannels& kept) {
    return error_text([&] { check_kept(net, kept); });
  };
  CHECK(error({{0}, {0}}) == "mask: expected lists of channels for 3 nodes, got 2");
  CHECK(error({{1, 0}, {}, {0, 1}}) ==
        "mask: expected increasing channels below 4 of dense1, got channel 0 at place 1");
  CHECK(error({{0, 4}, {}, {0, 1}}) ==
        "mask: expected increasing channels below 4 of dense1, got channel 4 at place 1");
  CHECK(error({{0, 2}, {0, 1}, {0, 1}}) ==
        "mask: expected channels of relu1 whose sources are present, got channel 1 without that of "
        "dense1");
  CHECK(error({{0, 2}, {0, 2}, {1}}) == "mask: expected all 2 channels of dense2, got 1");
  CHECK(error({{}, {}, {0, 1}}).empty());
  CHECK(error(all_kept(net)).empty());
}
