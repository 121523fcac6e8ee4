#include <gtap/network/baselines.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/network/compensation.hpp>
#include <gtap/network/costs.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/pruning/procedures.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "networks.hpp"

#include <cmath>

using namespace gtap;

namespace {

/// At least one unit of each layer, the others by chance.
Coalition random_kept(const Units& units, double p, std::uint64_t seed) {
  RandomStream random(seed, 2);
  Coalition kept(units.size());
  random.bernoulli_mask(p, kept);
  for (const UnitLayer& layer : units.layers()) {
    kept.insert(layer.first + random.below(static_cast<std::uint32_t>(layer.count)));
  }
  return kept;
}

double largest_difference(const nn::Tensor<float>& a, const nn::Tensor<float>& b) {
  const auto x = a.to_images();
  const auto y = b.to_images();
  REQUIRE(x.size() == y.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(x[i]) - y[i]));
  }
  return largest;
}

}  // namespace

TEST_CASE("a compacted network gives what the masked one gives", "[compaction]") {
  for (const auto& [name, net] : networks::all()) {
    const Units units(net);
    const auto data = networks::data_for(net, 70, 4);
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      const Coalition kept = random_kept(units, 0.08 * static_cast<double>(seed + 1), seed);
      CAPTURE(name, kept);
      const Compacted<float> smaller = compact(net, units, kept);
      CHECK(largest_difference(nn::forward(smaller.network, data.images),
                               nn::forward(net, data.images, units.mask(kept))) < 1e-5);
      const Cost left = cost(net, units, kept);
      CHECK(left.parameters == smaller.network.parameters());
      CHECK(left.macs == smaller.network.macs());
    }
    const Compacted<float> same = compact(net, units, Coalition::grand(units.size()));
    CHECK(same.network.parameters() == net.parameters());
    CHECK(same.network.macs() == net.macs());
  }
}

TEST_CASE("costs are those of the compacted network, also of depthwise convolutions",
          "[compaction]") {
  using namespace nn;
  std::vector<std::pair<std::string, Network<float>>> list = networks::all();
  list.emplace_back(
      "depthwise",
      networks::with_random_parameters(
          {3, 7, 7},
          {Conv2d{.out = 6, .kernel = 3, .bias = false}, BatchNorm{}, Relu{},
           Conv2d{.out = 6, .kernel = 3, .padding = 1, .groups = 6, .bias = false}, BatchNorm{},
           Relu{}, Conv2d{.out = 8, .kernel = 1}, Relu{},
           Conv2d{.out = 16, .kernel = 3, .groups = 8}, GlobalAvgPool{}, Dense{.out = 3}},
          7));
  for (const auto& entry : list) {
    const auto& net = entry.second;
    const Units units(net);
    const auto parameters = parameter_cost(net, units);
    const auto macs = mac_cost(net, units);
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const Coalition kept = random_kept(units, 0.025 * static_cast<double>(seed + 1), seed + 50);
      CAPTURE(entry.first, kept);
      const Network<float> smaller = compact(net, units, kept).network;
      CHECK(parameters(kept) == static_cast<double>(smaller.parameters()));
      CHECK(macs(kept) == static_cast<double>(smaller.macs()));
    }
  }
}

TEST_CASE("a budget whose cost grows because a convolution opens is refused", "[compaction]") {
  // Each of two groups has 2 x 2 weights; without one of the filters 3 x 4, all in one group.
  const auto grouped = networks::with_random_parameters(
      {4, 1, 1},
      {nn::Conv2d{.out = 4, .kernel = 1, .groups = 2, .bias = false}, nn::Flatten{},
       nn::Dense{.out = 2, .bias = false}},
      9);
  const Units units(grouped);
  const auto parameters = parameter_cost(grouped, units);
  const std::vector<double> scores{3, 1, 2, 4};
  CHECK(
      error_text([&] { top_n(scores, {.keep = Budget::cost("parameters", parameters, 10.0)}); }) ==
      "top_n: expected a cost \"parameters\" that does not grow when a unit leaves, got 18 "
      "without player 1 and 16 with it");
  // Groups that go on matching do not open.
  CHECK(parameters(Coalition(4, {0, 2})) == 8.0);
}

TEST_CASE("a grouped convolution stays grouped where its groups match", "[compaction]") {
  const auto net = networks::with_random_parameters(
      {4, 6, 6},
      {nn::Conv2d{.out = 8, .kernel = 3, .groups = 2}, nn::Relu{},
       nn::Conv2d{.out = 8, .kernel = 3, .groups = 4}, nn::Flatten{}, nn::Dense{.out = 3}},
      6);
  const Units units(net);
  // Of conv1 channels 0, 1, 4, 5 and of conv2 0, 5: its groups 0 and 2 are left, the others gone.
  Coalition kept(16, {0, 1, 4, 5, 8, 13});
  const auto sliced = compact(net, units, kept);
  CHECK(nn::as<nn::Conv2d>(sliced.network.node("conv2").layer)->groups == 2);
  CHECK(sliced.network.weight("conv2").cols() == 2 * 9);
  CHECK(nn::as<nn::Conv2d>(sliced.network.node("conv1").layer)->groups == 2);
  kept.insert(15);
  const auto opened = compact(net, units, kept);
  CHECK(nn::as<nn::Conv2d>(opened.network.node("conv2").layer)->groups == 1);
}

TEST_CASE("a compacted network says where its channels were", "[compaction]") {
  const auto net = networks::all()[1].second;
  const Units units(net);
  Coalition kept(units.size(), {1, 4, 6, 9, 13, 15, 26, 32});
  const auto smaller = compact(net, units, kept);
  using List = std::vector<std::uint32_t>;
  REQUIRE(smaller.kept.size() == net.nodes().size());
  CHECK(smaller.kept[net.index("conv1")] == List{1, 4});
  CHECK(smaller.kept[net.index("conv2")] == List{0, 3, 7});
  // Each filter of the second convolution has become four numbers.
  CHECK(smaller.kept[net.index("flatten1")] == List{0, 1, 2, 3, 12, 13, 14, 15, 28, 29, 30, 31});
  CHECK(old_to_new(smaller.kept[0], 6) == std::vector<std::size_t>{gone, 0, gone, gone, 1, gone});
  CHECK(smaller.kept.back().size() == 4);
  for (std::size_t i = 0; i < net.nodes().size(); ++i) {
    CHECK(smaller.network.nodes()[i].name == net.nodes()[i].name);
  }
}

TEST_CASE("an emptied layer is refused by name", "[compaction]") {
  const auto net = networks::all()[0].second;
  const Units units(net);
  Coalition kept(units.size(), {0, 1, 2});
  CHECK(error_text([&] { compact(net, units, kept); }) ==
        "compact: expected at least one unit kept in layer \"dense2\", got none");
  CHECK(error_text([&] { cost(net, units, kept); }) ==
        "cost: expected at least one unit kept in layer \"dense2\", got none");
  CHECK(error_text([&] { compact(net, units, Coalition(5)); }) ==
        "compact: expected a coalition of 26 players, got one of 5");
}

TEST_CASE("compensation finds weights that make up for redundant units", "[compensation]") {
  // Unit 1 of the first layer is three times unit 0, so the second layer can do without it.
  auto net = networks::with_random_parameters(
      {6}, {nn::Dense{.out = 5}, nn::Relu{}, nn::Dense{.out = 4}, nn::Tanh{}, nn::Dense{.out = 3}},
      8);
  auto& first = net.edit_node("dense1");
  first.weight.row(1) = 3 * first.weight.row(0);
  first.bias[1] = 3 * first.bias[0];
  const Units units(net);
  const auto data = networks::data_for(net, 500, 5);
  Coalition kept = Coalition::grand(units.size());
  kept.erase(1);
  auto smaller = compact(net, units, kept);
  const auto full = nn::forward(net, data.images);
  const double before = largest_difference(nn::forward(smaller.network, data.images), full);
  compensate(smaller, net, data.images, {.ridge = 1e-8});
  CHECK(before > 0.1);
  CHECK(largest_difference(nn::forward(smaller.network, data.images), full) < 1e-3);
}

TEST_CASE("compensation brings every network nearer to the unpruned one", "[compensation]") {
  for (const auto& entry : networks::all()) {
    const std::string& name = entry.first;
    const auto& net = entry.second;
    const Units units(net);
    const auto data = networks::data_for(net, 400, 5);
    auto smaller = compact(net, units, random_kept(units, 0.6, 3));
    const auto logits = [&](const nn::Network<float>& of) {
      return nn::detail::run_nodes("test", of, nn::logit_nodes(of), data.images, nullptr, 1)
          .to_images();
    };
    const auto error = [&] {
      const auto a = logits(net);
      const auto b = logits(smaller.network);
      double sum = 0.0;
      for (std::size_t i = 0; i < a.size(); ++i)
        sum += std::pow(a[i] - b[i], 2);
      return sum;
    };
    const double before = error();
    compensate(smaller, net, data.images);
    CAPTURE(name, before, error());
    CHECK(error() < 0.8 * before);
  }
}

TEST_CASE("nodes run one by one give what the network gives", "[compensation]") {
  for (const auto& [name, net] : networks::all()) {
    CAPTURE(name);
    const auto data = networks::data_for(net, 70, 5);
    detail::NodeValues<float> values(net, data.images);
    for (std::size_t i = 0; i + 1 < nn::logit_nodes(net); ++i) {
      values.run(i);
      values.step(i);
    }
    const auto last = values.run(nn::logit_nodes(net) - 1);
    const auto whole =
        nn::detail::run_nodes("test", net, nn::logit_nodes(net), data.images, nullptr, 1);
    CHECK(largest_difference(*last, whole) < 1e-5);
  }
}

TEST_CASE("compensation by few samples sees all pixels of a convolution", "[compensation]") {
  // 5 x 5 positions in 7 tiles, and samples for one place in 25; the corner of position 0 is blank.
  const auto net = networks::all()[1].second;
  const Units units(net);
  auto data = networks::data_for(net, 400, 5);
  std::vector<float> image(net.input().size());
  for (std::size_t i = 0; i < data.size(); ++i) {
    data.images.copy_image(i, image);
    for (std::size_t y = 0; y < 8; ++y)
      std::fill_n(image.begin() + static_cast<std::ptrdiff_t>(14 * y), 8, 0.0f);
    data.images.set_image(i, image);
  }
  Coalition kept = Coalition::grand(units.size());
  kept.erase(0);
  auto smaller = compact(net, units, kept);
  const auto error = [&] {
    const auto a = nn::detail::run_nodes("test", net, 4, data.images, nullptr, 1).to_images();
    const auto b =
        nn::detail::run_nodes("test", smaller.network, 4, data.images, nullptr, 1).to_images();
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i)
      sum += std::pow(a[i] - b[i], 2);
    return sum;
  };
  const double before = error();
  compensate(smaller, net, data.images, {.samples = 448});
  CAPTURE(before, error());
  CHECK(error() < 0.8 * before);
}

TEST_CASE("compensation leaves an unpruned network as it is", "[compensation]") {
  const auto net = networks::all()[1].second;
  const Units units(net);
  const auto data = networks::data_for(net, 30, 5);
  auto same = compact(net, units, Coalition::grand(units.size()));
  compensate(same, net, data.images);
  for (const auto& node : net.nodes())
    CHECK(same.network.weight(node.name) == node.weight);
}

TEST_CASE("what cannot be compensated is named and stays as it is", "[compensation]") {
  const auto net = networks::all()[0].second;
  const Units units(net);
  const auto images = networks::data_for(net, 30, 5).images;
  const networks::WrongImages wrong(net);
  Coalition kept = Coalition::grand(units.size());
  kept.erase(3);
  const auto untouched = compact(net, units, kept);
  auto smaller = untouched;
  const auto message = [&](const nn::Tensor<float>& of, const CompensationOptions& options = {}) {
    return error_text([&] { compensate(smaller, net, of, options); });
  };
  CHECK(message(nn::Tensor<float>(net.input(), 0)) ==
        "compensate: expected at least one image, got none");
  CHECK(message(wrong.larger.images) == "compensate: expected images of 20x1x1, got 21x1x1");
  CHECK(message(wrong.not_finite.images) ==
        "compensate: expected images of finite numbers, got image 7 with others");
  CHECK(message(images, {.ridge = -1e-3}) ==
        "compensate: expected a ridge of 0 or more, got -0.001");
  CHECK(message(images, {.ridge = std::nan("")}) ==
        "compensate: expected a ridge of 0 or more, got nan");
  CHECK(message(images, {.samples = 0}) == "compensate: expected at least 1 sample, got 0");
  auto huge = images;  // whose squares leave float
  for (std::size_t i = 0; i < huge.images(); ++i)
    huge.set(i, 0, 0, 0, 3e38f);
  CHECK(mentions(message(huge), "dense2.weight: expected finite numbers, got"));
  const auto other = networks::all()[1].second;
  CHECK(error_text([&] { compensate(smaller, other, images); }) ==
        "compensate: expected the network that was compacted, got another one");
  for (const auto& node : untouched.network.nodes())
    CHECK(smaller.network.weight(node.name) == node.weight);
  smaller.network.edit_node("dense3").bias(1) = std::nanf("");
  CHECK(message(images) == "dense3.bias: expected finite numbers, got nan at 1");
}

TEST_CASE("a budget in parameters or multiply-adds is kept, and counts the compacted network",
          "[compaction]") {
  for (const auto& entry : networks::all()) {
    const std::string& name = entry.first;
    const auto& net = entry.second;
    const Units units(net);
    const auto data = networks::data_for(net, 20, 4);
    BaselineScorer<float> scorer(Baseline::magnitude_l2, net, units, data);
    const auto check = [&](const std::string& unit, auto measure, auto count) {
      const double most = 0.5 * measure(Coalition::grand(units.size()));
      if (name == "groups") {  // the first filter that leaves opens its reader
        CHECK(mentions(
            error_text([&] {
              iterated_pruning(units.size(), scorer, {.keep = Budget::cost(unit, measure, most)});
            }),
            "expected a cost \"" + unit + "\" that does not grow when a unit leaves, got "));
        return;
      }
      const PruningPath path = iterated_pruning(units.size(), scorer,
                                                {.keep = Budget::cost(unit, measure, most),
                                                 .schedule = Schedule::units(1),
                                                 .constraints = layer_constraints(units)});
      CAPTURE(name, unit);
      REQUIRE(path.report.met());
      const double left = measure(path.back().kept);
      CHECK(left <= most);
      CHECK(left == count(compact(net, units, path.back().kept).network));
      // One unit more would break it.
      CHECK(measure(path.steps()[path.steps().size() - 2].kept) > most);
    };
    check("parameters", parameter_cost(net, units),
          [](const auto& of) { return static_cast<double>(of.parameters()); });
    check("multiply-adds", mac_cost(net, units),
          [](const auto& of) { return static_cast<double>(of.macs()); });
  }
}
