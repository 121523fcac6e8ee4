#include <gtap/core/random.hpp>
#include <gtap/io/compacted_file.hpp>
#include <gtap/io/network_file.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/initialize.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "temporary_folder.hpp"

#include <limits>
#include <string>
#include <variant>
#include <vector>

namespace {

namespace nn = gtap::nn;

template <class T>
std::vector<nn::Layer<T>> every_layer() {
  return {nn::Conv2d{.out = 4, .kernel = {3, 2}, .stride = {1, 2}, .padding = {1, 0}, .groups = 2},
          nn::BatchNorm{.epsilon = 1e-3, .momentum = 0.3},
          nn::Relu{},
          nn::MaxPool2d{.size = 2, .stride = 1, .padding = 1},
          nn::Conv2d{.out = 6, .kernel = 1, .bias = false, .name = "mix"},
          nn::LeakyRelu{.slope = 0.2},
          nn::AvgPool2d{.size = {2, 1}},
          nn::Sigmoid{},
          nn::Conv2d{.out = 5, .kernel = 1},
          nn::Tanh{},
          nn::GlobalAvgPool{},
          nn::Flatten{},
          nn::Dense{.out = 3},
          nn::Gelu{},
          nn::Dropout{.drop = 0.25},
          nn::Dense{.out = 2, .bias = false},
          nn::Softmax{}};
}

template <class T>
nn::Network<T> random_network() {
  nn::Network<T> net({4, 8, 9}, every_layer<T>());
  gtap::RandomStream random(5, 0);
  for (auto& node : net.edit_nodes()) {
    const auto fill = [&](auto& values) {
      for (Eigen::Index k = 0; k < values.size(); ++k)
        values.data()[k] = static_cast<T>(random.normal());
    };
    fill(node.weight);
    fill(node.bias);
    fill(node.running_mean);
    if (node.running_var.size() != 0) node.running_var.setConstant(T(0.5));
  }
  return net;
}

template <class T, class U>
void check_equal(const nn::Network<T>& a, const nn::Network<U>& b) {
  REQUIRE(a.nodes().size() == b.nodes().size());
  CHECK(a.input() == b.input());
  for (std::size_t i = 0; i < a.nodes().size(); ++i) {
    const auto& x = a.nodes()[i];
    const auto& y = b.nodes()[i];
    CHECK(x.name == y.name);
    CHECK(x.inputs == y.inputs);
    CHECK(x.in == y.in);
    CHECK(x.out == y.out);
    CHECK(gtap::detail::layer_json(x.layer) == gtap::detail::layer_json(y.layer));
    const auto same = [](const auto& p, const auto& q) {
      return p.rows() == q.rows() && p.cols() == q.cols() &&
             p.template cast<double>() == q.template cast<double>();
    };
    CHECK(same(x.weight, y.weight));
    CHECK(same(x.bias, y.bias));
    CHECK(same(x.running_mean, y.running_mean));
    CHECK(same(x.running_var, y.running_var));
  }
}

std::string load_error(const std::filesystem::path& path) {
  const std::string message = error_text([&] { gtap::load_network<float>(path); });
  const std::string place = "load_network(" + path.string() + ")";
  CHECK(message.substr(0, place.size()) == place);
  return message.substr(std::min(message.size(), place.size()));
}

}  // namespace

TEST_CASE("a network whose own names avoided the user's comes back with the same ones",
          "[network_file]") {
  const TemporaryFolder folder;
  const auto path = folder / "net.safetensors";
  nn::Network<float> net({3}, {nn::Dense{.out = 2}, nn::Dense{.out = 3},
                               nn::Dense{.out = 4, .name = "dense2"}, nn::Dense{.out = 1}});
  for (auto& node : net.edit_nodes())
    node.weight.setConstant(static_cast<float>(node.out.channels));
  gtap::save_network(path, net);
  const auto loaded = gtap::load_network<float>(path);
  check_equal(net, loaded);
  CHECK(loaded.node("dense3").out == nn::Shape{3});
  CHECK(loaded.weight("dense2")(0, 0) == 4.0f);
  CHECK(loaded.nodes()[3].name == "dense4");
}

/// The same network with its parameters as the nearest floats.
nn::Network<float> rounded(const nn::Network<double>& wide) {
  nn::Network<float> net(wide.input(), every_layer<float>());
  for (std::size_t i = 0; i < wide.nodes().size(); ++i) {
    nn::Node<float>& node = net.edit_nodes()[i];
    node.weight = wide.nodes()[i].weight.cast<float>();
    node.bias = wide.nodes()[i].bias.cast<float>();
    node.running_mean = wide.nodes()[i].running_mean.cast<float>();
    node.running_var = wide.nodes()[i].running_var.cast<float>();
  }
  return net;
}

TEST_CASE("A network of every layer comes back bit for bit") {
  const TemporaryFolder folder;
  const auto single = random_network<float>();
  gtap::save_network(folder / "a", single);
  check_equal(gtap::load_network<float>(folder / "a"), single);
  check_equal(gtap::load_network<double>(folder / "a"), single);
  const auto wide = random_network<double>();
  gtap::save_network(folder / "b", wide);
  check_equal(gtap::load_network<double>(folder / "b"), wide);
  check_equal(gtap::load_network<float>(folder / "b"), rounded(wide));
}

TEST_CASE("Saved settings are those of the layers") {
  const nn::Conv2d conv{
      .out = 4, .kernel = {3, 2}, .stride = {1, 2}, .padding = {1, 0}, .groups = 2, .bias = false};
  const auto json = gtap::detail::layer_json<float>(conv);
  CHECK(
      json.dump() ==
      R"({"bias":false,"groups":2,"kernel":[3,2],"kind":"conv","out":4,"padding":[1,0],"stride":[1,2]})");
  const auto layer = gtap::detail::read_layer<float>("w", json, "c");
  REQUIRE(nn::as<nn::Conv2d>(layer) != nullptr);
  const nn::Conv2d& read = *nn::as<nn::Conv2d>(layer);
  CHECK(read.name == "c");
  CHECK(read.kernel == nn::Extent(3, 2));
  CHECK(read.stride == nn::Extent(1, 2));
  CHECK(read.padding == nn::Extent(1, 0));
  CHECK(read.groups == 2);
  CHECK_FALSE(read.bias);
}

TEST_CASE("Parameters are stored under PyTorch's names and shapes") {
  const TemporaryFolder folder;
  gtap::save_network(folder / "a", random_network<float>());
  const auto file = gtap::read_safetensors(folder / "a");
  using Shape = std::vector<std::size_t>;
  CHECK(file.tensors.at("conv1.weight").shape == Shape{4, 2, 3, 2});
  CHECK(file.tensors.at("conv1.bias").shape == Shape{4});
  CHECK(file.tensors.at("batchnorm1.running_var").shape == Shape{4});
  CHECK(file.tensors.at("mix.weight").shape == Shape{6, 4, 1, 1});
  CHECK(file.tensors.count("mix.bias") == 0);
  CHECK(file.tensors.at("dense1.weight").shape == Shape{3, 5});
}

TEST_CASE("Weights of another file go into a network, or leave it as it was") {
  const TemporaryFolder folder;
  const auto source = random_network<float>();
  gtap::save_network(folder / "a", source);
  auto file = gtap::read_safetensors(folder / "a");
  file.metadata = {{"format", "pt"}};
  file.tensors["batchnorm1.num_batches_tracked"] =
      gtap::StoredTensor::from(std::span<const std::int64_t>(std::vector<std::int64_t>{7}), {});
  gtap::write_safetensors(folder / "a", file);
  nn::Network<float> net({4, 8, 9}, every_layer<float>());
  gtap::load_weights(folder / "a", net);
  check_equal(net, source);

  const auto fails = [&](const gtap::Safetensors& changed) {
    gtap::write_safetensors(folder / "b", changed);
    const std::string message = error_text([&] { gtap::load_weights(folder / "b", net); });
    check_equal(net, source);
    const std::string place = "load_weights(" + (folder / "b").string() + ")";
    CHECK(message.substr(0, place.size()) == place);
    return message.substr(std::min(message.size(), place.size()));
  };
  auto changed = file;
  changed.tensors.erase("dense1.bias");
  CHECK(fails(changed) ==
        " tensor \"dense1.bias\": expected shape 3, got no tensor of this name among "
        "\"batchnorm1.bias\", \"batchnorm1.num_batches_tracked\", \"batchnorm1.running_mean\", "
        "\"batchnorm1.running_var\", \"batchnorm1.weight\", \"conv1.bias\" and 6 more");
  changed.tensors.clear();
  for (const auto& item : file.tensors)
    changed.tensors["module." + item.first] = item.second;
  CHECK(fails(changed) ==
        " tensor \"conv1.weight\": expected shape 4x2x3x2, got no tensor of this name among "
        "\"module.conv1.weight\", \"module.batchnorm1.bias\", "
        "\"module.batchnorm1.num_batches_tracked\", \"module.batchnorm1.running_mean\", "
        "\"module.batchnorm1.running_var\", \"module.batchnorm1.weight\" and 7 more");
  changed.tensors.clear();
  CHECK(fails(changed) == " tensor \"conv1.weight\": expected shape 4x2x3x2, got no tensor at all");
  changed = file;
  changed.tensors["conv1.weight"].shape = {4, 2, 2, 3};
  CHECK(fails(changed) == " tensor \"conv1.weight\": expected shape 4x2x3x2, got 4x2x2x3");
  changed = file;
  changed.tensors["dense3.weight"] = changed.tensors["dense1.weight"];
  CHECK(fails(changed) == ": expected only tensors of the network's layers, got \"dense3.weight\"");
  changed = file;
  changed.tensors["dense1.bias"] =
      gtap::StoredTensor::from(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN(), 2});
  CHECK(fails(changed) == " dense1.bias: expected finite numbers, got nan at 1");
  changed.tensors["dense1.bias"] = gtap::StoredTensor::from(std::vector<double>{1, 2, -1e39});
  CHECK(fails(changed) ==
        " tensor \"dense1.bias\": expected numbers that a float can hold, got -1e+39 at 2");
  changed.tensors["dense1.bias"] = gtap::StoredTensor::from(std::vector<std::int64_t>{1, 2, 3});
  CHECK(fails(changed) == " tensor \"dense1.bias\": expected dtype F32, got I64");
}

TEST_CASE("Weights of half and of double precision go into a network of floats") {
  const TemporaryFolder folder;
  nn::Network<float> net({2}, {nn::Dense{.out = 2}});
  gtap::Safetensors file;
  file.tensors["dense1.weight"] = {
      .dtype = gtap::Dtype::bf16, .shape = {2, 2}, .bytes = {0x80, 0x3F, 0x49, 0xC0, 0, 0, 1, 0}};
  file.tensors["dense1.bias"] = {
      .dtype = gtap::Dtype::f16, .shape = {2}, .bytes = {0x00, 0xC1, 0x01, 0x00}};
  gtap::write_safetensors(folder / "a", file);
  gtap::load_weights(folder / "a", net);
  CHECK(net.weight("dense1")(0, 0) == 1.0f);
  CHECK(net.weight("dense1")(0, 1) == -3.140625f);
  CHECK(net.weight("dense1")(1, 0) == 0.0f);
  CHECK(net.weight("dense1")(1, 1) == 0x1p-133f);
  CHECK(net.bias("dense1")(0) == -2.5f);
  CHECK(net.bias("dense1")(1) == 0x1p-24f);
  file.tensors["dense1.bias"] = gtap::StoredTensor::from(std::vector<double>{0.1, 3e38});
  gtap::write_safetensors(folder / "a", file);
  gtap::load_weights(folder / "a", net);
  CHECK(net.bias("dense1")(0) == 0.1f);
  CHECK(net.bias("dense1")(1) == 3e38f);
}

TEST_CASE("A network that is not finite is not saved") {
  const TemporaryFolder folder;
  auto net = random_network<float>();
  net.edit_node("dense1").weight(0, 1) = std::numeric_limits<float>::infinity();
  CHECK(error_text([&] { gtap::save_network(folder / "a", net); }) ==
        "dense1.weight: expected finite numbers, got inf at 1");
  CHECK(folder.entries() == 0);
}

TEST_CASE("Graphs of all layers come back from files") {
  const TemporaryFolder folder;
  std::vector<nn::PlacedLayer<float>> nodes{
      nn::Conv2d{.out = 4, .padding = 2, .dilation = {2, 2}, .name = "stem"},
      nn::HardSwish{.name = "start"},
      nn::LayerNorm{.epsilon = 0.125},
      nn::ChannelPad{.before = 1, .after = 2},
      nn::SiLU{},
      nn::ChannelSlice{.first = 1, .count = 4, .name = "slice"},
      {nn::Add{}, {"slice", "start", "slice"}},
      nn::ZeroPad2d{.top = 1, .right = 2},
      nn::ChannelSelect{.channels = {3, -1, 0}, .name = "select"},
      nn::GlobalMaxPool{},
      nn::HardSigmoid{.name = "gate"},
      {nn::Multiply{}, {"select", "gate"}},
      nn::Upsample{.factor = {1, 2}, .name = "up"},
      nn::Clip{.low = -1.0, .high = 2.0},
      {nn::Concat{}, {"clip1", "up"}},
      nn::GlobalAvgPool{},
      nn::Dense{.out = 2}};
  nn::Network<float> net({2, 5, 6}, nodes);
  gtap::RandomStream random(6, 0);
  for (auto& node : net.edit_nodes()) {
    for (Eigen::Index k = 0; k < node.weight.size(); ++k)
      node.weight.data()[k] = static_cast<float>(random.normal());
  }
  gtap::save_network(folder / "a", net);
  const auto loaded = gtap::load_network<float>(folder / "a");
  check_equal(loaded, net);
  for (std::size_t i = 0; i < net.nodes().size(); ++i) {
    CHECK(gtap::detail::layer_json(loaded.nodes()[i].layer) ==
          gtap::detail::layer_json(net.nodes()[i].layer));
  }
  nn::Tensor<float> image({2, 5, 6}, 1);
  for (std::size_t y = 0; y < 5; ++y)
    image.set(0, y % 2, y, y, static_cast<float>(random.normal()));
  CHECK(nn::forward(loaded, image).to_images() == nn::forward(net, image).to_images());
}

namespace {

/// A layer of somebody else's, with a setting.
struct Shift {
  static constexpr std::string_view kind = "shift";
  double by = 0.0;
  std::string name = {};

  nn::Shape output_shape(std::span<const nn::Shape> in, std::string_view) const { return in[0]; }
  nn::ChannelMap channel_map(std::span<const nn::Shape>, std::size_t) const {
    return nn::ChannelMap::keeping();
  }
  template <class T>
  void forward(const nn::ForwardTile<T>& t) const {
    for (const std::uint32_t c : t.write) {
      for (std::size_t i = 0; i < t.out.pixels() * nn::tile_images; ++i)
        t.to(c)[i] = t.from(0, c)[i] + static_cast<T>(by);
    }
  }
  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("by", self.by);
  }
};

}  // namespace

TEST_CASE("Layers of one's own come back from files for those who know them") {
  const TemporaryFolder folder;
  const nn::Network<float> net({3}, {nn::Relu{}, Shift{.by = 0.5}});
  gtap::save_network(folder / "a", net);
  CHECK(load_error(folder / "a") == " layer \"shift1\": expected a kind of layer, got \"shift\"");
  const std::vector<nn::Layer<float>> own{Shift{}};
  const auto loaded = gtap::load_network<float>(folder / "a", own);
  const auto* shift = nn::as<Shift>(loaded.node("shift1").layer);
  REQUIRE(shift != nullptr);
  CHECK(shift->by == 0.5);
  CHECK(nn::forward(loaded, nn::Tensor<float>({3}, 1)).get(0, 2) == 0.5f);
  CHECK(nn::as<Shift>(own[0])->by == 0.0);
}

TEST_CASE("A damaged topology is named") {
  const TemporaryFolder folder;
  gtap::save_network(folder / "a", random_network<float>());
  const auto file = gtap::read_safetensors(folder / "a");
  const auto fails = [&](const std::string& from, const std::string& to) {
    auto changed = file;
    std::string& json = changed.metadata["gtap.network"];
    const auto place = json.find(from);
    REQUIRE(place != std::string::npos);
    json.replace(place, from.size(), to);
    gtap::write_safetensors(folder / "b", changed);
    return load_error(folder / "b");
  };
  CHECK(fails("\"kind\":\"relu\"", "\"kind\":\"relo\"") ==
        " layer \"relu1\": expected a kind of layer, got \"relo\"");
  CHECK(fails(",\"slope\":0.2", "") ==
        " layer \"leakyrelu1\": expected \"slope\", got nothing of that name");
  CHECK(fails("\"slope\":0.2", "\"slope\":0.2,\"x\":1") ==
        " layer \"leakyrelu1\": expected no other setting, got \"x\"");
  CHECK(fails("\"drop\":0.25", "\"drop\":\"a\"") ==
        " layer \"dropout1\" drop: expected a number, got string");
  CHECK(fails("\"groups\":2", "\"groups\":0").find("expected groups that divide") !=
        std::string::npos);
  CHECK(fails("\"out\":3}", "\"out\":2000000000}") ==
        " tensor \"dense1.weight\": expected shape 2000000000x5, got 3x5");
  CHECK(fails("\"out\":3}", "\"out\":4000000000}") ==
        " layer \"dense1\" out: expected a size below 2^31, got 4000000000");
  CHECK(fails("\"input\":[4,8,9]", "\"input\":[4,9007199254740992,8192]") ==
        ": expected shapes of less than 2^31 numbers, got 4x9007199254740992x8192");
  CHECK(fails("\"input\":[4,8,9]", "\"input\":[0,8,9]").find("expected") != std::string::npos);
  CHECK(
      fails("\"inputs\":[\"conv1\"]", "\"inputs\":[\"input\"]") ==
      " conv1: expected a node that reads it, or the last place, got an output that nobody reads");
  CHECK(fails("\"inputs\":[\"conv1\"]", "\"inputs\":[\"dense1\"]") ==
        " layer \"batchnorm1\": expected inputs that come before it, got \"dense1\"");
  CHECK(fails("\"inputs\":[\"conv1\"]", "\"inputs\":[\"conv1\",\"conv1\"]") ==
        " layer \"batchnorm1\": expected 1 input, got 2");
  CHECK(fails("\"inputs\":[\"conv1\"]", "\"inputs\":[]") ==
        " layer \"batchnorm1\": expected a list of inputs, got []");
  CHECK(fails("\"format\":1", "\"format\":2") == " gtap.network: expected format 1, got 2");
  CHECK(fails("\"format\":1", "\"format\":1,\"format\":1") ==
        " gtap.network: expected each name once, got \"format\" twice");
  CHECK(fails("\"padding\":[1,0]", "\"padding\":[1]") ==
        " layer \"conv1\" padding: expected a height and a width, got 1 numbers");
}

TEST_CASE("Files without a network are named") {
  const TemporaryFolder folder;
  gtap::write_safetensors(folder / "a", {});
  CHECK(load_error(folder / "a") ==
        ": expected \"gtap.network\" in the file's __metadata__, got nothing of that name");
  CHECK(load_error(folder / "none") == ": expected a readable file, got No such file or directory");
}

TEST_CASE("A compacted network comes back with its channels' places", "[compacted_file]") {
  const TemporaryFolder folder;
  gtap::nn::Network<float> net({6}, {gtap::nn::Dense{.out = 5, .name = "hidden"}, gtap::nn::Relu{},
                                     gtap::nn::Dense{.out = 3, .name = "scores"}});
  gtap::nn::initialize(net, 3);
  const gtap::Units units(net);
  const auto compacted = gtap::compact(net, units, gtap::Coalition(5, {0, 3, 4}));
  gtap::save_network(folder / "a", compacted);
  const auto read = gtap::load_compacted<float>(folder / "a");
  CHECK(read.kept == gtap::nn::KeptChannels{{0, 3, 4}, {0, 3, 4}, {0, 1, 2}});
  CHECK(read.network.nodes()[2].weight == compacted.network.nodes()[2].weight);
  CHECK(gtap::load_network<float>(folder / "a").nodes()[0].weight ==
        compacted.network.nodes()[0].weight);

  const auto fails = [&](auto change) {
    auto file = gtap::read_safetensors(folder / "a");
    change(file.metadata);
    gtap::write_safetensors(folder / "b", file);
    const std::string place = "load_compacted(" + (folder / "b").string() + ")";
    const std::string message = error_text([&] { gtap::load_compacted<float>(folder / "b"); });
    CHECK(message.substr(0, place.size()) == place);
    return message.substr(std::min(message.size(), place.size()));
  };
  const auto kept_is = [&](std::string nodes) {
    return fails([&](auto& metadata) {
      metadata["gtap.compacted"] = R"({"format": 1, "nodes": [)" + nodes + "]}";
    });
  };
  const std::string relu = R"({"node": "relu1", "kept": [0, 3, 4]})";
  const std::string scores = R"({"node": "scores", "kept": [0, 1, 2]})";
  CHECK(fails([](auto& metadata) { metadata.erase("gtap.compacted"); }) ==
        ": expected \"gtap.compacted\" in the file's __metadata__, got nothing of that name");
  CHECK(kept_is(scores) == ": expected the network's nodes in their order, got \"scores\"");
  CHECK(kept_is(R"({"node": "hidden", "kept": [0, 4]}, )" + relu + ", " + scores) ==
        " channels of \"hidden\": expected 3 channels, got 2");
  CHECK(kept_is(R"({"node": "hidden", "kept": [0, 4, 3]}, )" + relu + ", " + scores) ==
        " channels of \"hidden\": expected increasing channels, got 3");
  const std::string hidden = R"({"node": "hidden", "kept": [0, 3, 4]})";
  CHECK(kept_is(hidden) == ": expected lists of channels for 3 nodes, got 1");
  CHECK(kept_is(hidden + ", " + relu + ", " + scores + ", " + scores) ==
        ": expected the network's nodes in their order, got \"scores\"");
  auto wrong = compacted;
  wrong.kept.pop_back();
  CHECK(error_text([&] { gtap::save_network(folder / "c", wrong); }) ==
        "save_network(" + (folder / "c").string() +
            "): expected lists of channels for 3 nodes, got 2");
}
