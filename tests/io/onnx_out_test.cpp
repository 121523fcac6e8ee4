#include <gtap/core/random.hpp>
#include <gtap/io/onnx.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/layers.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "temporary_folder.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace nn = gtap::nn;

namespace {

using Net = nn::Network<float>;

/// All layers of the library but Softmax, with a padded shortcut and a gate.
Net everything() {
  Net net({3, 9, 8},
          {{nn::Conv2d{.out = 8, .kernel = {3, 2}, .padding = {1, 0}, .name = "a"}, {"input"}},
           nn::BatchNorm{},
           nn::Relu{},
           {nn::MaxPool2d{.size = 1, .stride = 2, .name = "half"}},
           {nn::ChannelPad{.before = 1, .after = 3, .name = "shortcut"}},
           {nn::Conv2d{.out = 12, .stride = 2, .padding = 1, .name = "b"}, {"relu1"}},
           {nn::Add{.name = "sum"}, {"b", "shortcut"}},
           nn::Gelu{},
           nn::Conv2d{.out = 12, .padding = 1, .groups = 12, .name = "depthwise"},
           nn::HardSwish{},
           {nn::GlobalAvgPool{.name = "squeeze"}},
           nn::Flatten{},
           nn::Dense{.out = 4, .name = "few"},
           nn::SiLU{},
           nn::Dense{.out = 12, .name = "many"},
           nn::HardSigmoid{},
           {nn::Multiply{.name = "gate"}, {"hardswish1", "hardsigmoid1"}},
           nn::LeakyRelu{.slope = 0.2},
           nn::LayerNorm{},
           {nn::AvgPool2d{.size = 2, .stride = 1, .name = "mean"}},
           nn::ZeroPad2d{.top = 1, .right = 2},
           nn::Upsample{.factor = {2, 1}},
           nn::Clip{.low = -1.0, .high = 1.5},
           {nn::ChannelSlice{.first = 2, .count = 5, .name = "slice"}},
           {nn::ChannelSelect{.channels = {3, -1, 0}, .name = "select"}},
           {nn::Concat{.name = "concat"}, {"slice", "select"}},
           nn::Conv2d{.out = 5, .dilation = 2, .bias = false, .name = "c"},
           nn::Tanh{},
           nn::Dropout{},
           nn::GlobalMaxPool{},
           nn::Flatten{},
           nn::Sigmoid{},
           nn::Dense{.out = 3, .bias = false, .name = "out"}});
  nn::initialize(net, 7);
  return net;
}

std::vector<float> outputs(const Net& net) {
  nn::Tensor<float> images(net.input(), 5);
  gtap::RandomStream random(3, 0);
  std::vector<float> image(net.input().size());
  for (std::size_t i = 0; i < images.images(); ++i) {
    for (float& x : image)
      x = static_cast<float>(2.0 * random.uniform() - 1.0);
    images.set_image(i, image);
  }
  return nn::forward(net, images).to_images();
}

Net reread(const Net& net) {
  return gtap::parse_onnx<float>("again", gtap::write_onnx(net)).network;
}

}  // namespace

TEST_CASE("A network with every layer comes back from ONNX with the same bits", "[onnx]") {
  const Net net = everything();
  const Net once = reread(net);
  CHECK(outputs(once) == outputs(net));
  const Net twice = reread(once);
  CHECK(outputs(twice) == outputs(net));
  REQUIRE(once.nodes().size() == net.nodes().size());
  for (std::size_t i = 0; i < net.nodes().size(); ++i) {
    CHECK(once.nodes()[i].name == net.nodes()[i].name);
    CHECK(once.nodes()[i].layer.kind() == net.nodes()[i].layer.kind());
  }
}

TEST_CASE("Networks that random masks left come back from ONNX with the same bits", "[onnx]") {
  const Net net({2, 6, 6}, {nn::Conv2d{.out = 6, .padding = 1, .name = "a"},
                            nn::Relu{},
                            {nn::ChannelPad{.after = 4, .name = "pad"}},
                            {nn::Conv2d{.out = 10, .padding = 1, .name = "b"}, {"relu1"}},
                            {nn::Add{}, {"b", "pad"}},
                            nn::BatchNorm{},
                            nn::Flatten{},
                            nn::Dense{.out = 7},
                            nn::Tanh{},
                            nn::Dense{.out = 3}});
  Net start = net;
  nn::initialize(start, 5);
  const gtap::Units units(start);
  gtap::RandomStream random(11, 0);
  std::size_t written = 0;
  for (int mask = 0; mask < 20; ++mask) {
    gtap::Coalition kept(units.size());
    for (gtap::Player p = 0; p < units.size(); ++p) {
      if (random.uniform() < 0.6) kept.insert(p);
    }
    const Net smaller = gtap::compact(start, units, kept).network;
    CHECK(outputs(reread(smaller)) == outputs(smaller));
    ++written;
  }
  CHECK(written == 20);
}

TEST_CASE("Names and metadata are those of before", "[onnx]") {
  const Net net = everything();
  gtap::OnnxExport what;
  what.names.input = "images";
  what.names.output = "logits";
  what.names.parameters["out"] = {"fc.weight"};
  what.metadata["seed"] = "7";
  const auto again = gtap::parse_onnx<float>("again", gtap::write_onnx(net, what));
  CHECK(again.names.input == "images");
  CHECK(again.names.output == "logits");
  CHECK(again.names.parameters.at("out") == std::vector<std::string>{"fc.weight"});
  CHECK(again.metadata.at("seed") == "7");
  CHECK(again.metadata.contains("gtap.version"));
  CHECK(gtap::write_onnx(again.network, {.names = again.names, .metadata = again.metadata}) ==
        gtap::write_onnx(net, {.names = again.names, .metadata = again.metadata}));
}

TEST_CASE("A compacted network's file tells where its channels were", "[onnx]") {
  const TemporaryFolder folder;
  Net net({4, 1, 1}, {nn::Dense{.out = 3, .name = "a"}, nn::Relu{}, nn::Dense{.out = 2}});
  nn::initialize(net, 1);
  gtap::Coalition kept(3);
  kept.insert(0);
  kept.insert(2);
  const auto compacted = gtap::compact(net, gtap::Units(net), kept);
  gtap::save_onnx(folder.path() / "a.onnx", compacted);
  const auto read = gtap::read_onnx<float>(folder.path() / "a.onnx");
  CHECK(read.metadata.at("gtap.kept") == "{\"a\": [0, 2], \"relu1\": [0, 2], \"dense2\": [0, 1]}");
  CHECK(outputs(read.network) == outputs(compacted.network));
}
