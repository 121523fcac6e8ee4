#include <gtap/estimate.hpp>
#include <gtap/network/baselines.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/network/prune_network.hpp>
#include <gtap/nn/evaluate.hpp>
#include <gtap/nn/train.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "networks.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

using namespace gtap;

namespace {

/// The value by its definition: a masked forward pass, and the objective image by image in double.
template <class Objective>
double plain_value(const nn::Network<float>& net, const nn::Dataset<float>& data,
                   const Units& units, const Coalition& kept) {
  const auto full = nn::forward(net, data.images);
  const auto out = nn::forward(net, data.images, units.mask(kept));
  const bool softmax = nn::as<nn::Softmax>(net.nodes().back().layer);
  const std::size_t classes = net.output().size();
  const auto log_probability = [&](const nn::Tensor<float>& from, std::size_t i, std::size_t c) {
    if (softmax) return std::log(static_cast<double>(from.get(i, c)));
    double top = -1e30;
    double sum = 0.0;
    for (std::size_t k = 0; k < classes; ++k)
      top = std::max<double>(top, from.get(i, k));
    for (std::size_t k = 0; k < classes; ++k)
      sum += std::exp(from.get(i, k) - top);
    return from.get(i, c) - top - std::log(sum);
  };
  double total = 0.0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if constexpr (std::is_same_v<Objective, Accuracy>) {
      std::size_t best = 0;
      for (std::size_t c = 1; c < classes; ++c) {
        if (out.get(i, c) > out.get(i, best)) best = c;
      }
      total += best == data.labels[i] ? 1.0 : 0.0;
    } else if constexpr (std::is_same_v<Objective, CrossEntropy>) {
      total += log_probability(out, i, data.labels[i]);
    } else {
      for (std::size_t c = 0; c < classes; ++c) {
        const double p = log_probability(full, i, c);
        total -= std::exp(p) * (p - log_probability(out, i, c));
      }
    }
  }
  return total / static_cast<double>(data.size());
}

template <class Objective>
void check_rungs(const nn::Network<float>& net, std::size_t images, double tolerance) {
  const auto data = networks::data_for(net, images, 7);
  const NetworkGame game(net, data, Objective{});
  const std::size_t n = game.players();
  auto worker = game.evaluator();
  RandomStream random(11, 0);
  const auto near = [&](double value, double expected) {
    return std::abs(value - expected) <= tolerance * std::max(1.0, std::abs(expected));
  };

  std::vector<Coalition> coalitions(6, Coalition(n));
  for (std::size_t k = 0; k + 1 < coalitions.size(); ++k) {
    random.bernoulli_mask(0.2 * static_cast<double>(k + 1), coalitions[k]);
  }
  coalitions.back() = Coalition::grand(n);
  std::vector<double> batch(coalitions.size());
  worker.batch(coalitions, batch);
  for (std::size_t k = 0; k < coalitions.size(); ++k) {
    CAPTURE(coalitions[k]);
    const double expected = plain_value<Objective>(net, data, game.units(), coalitions[k]);
    CHECK(near(batch[k], expected));
    CHECK(worker(coalitions[k]) == batch[k]);
    CHECK(game(coalitions[k]) == batch[k]);
  }

  SECTION("a chain gives what fresh evaluations give, in one piece and in segments") {
    std::vector<Player> toggles(280);  // past the 256 after which sums are formed afresh
    for (Player& p : toggles)
      p = random.below(static_cast<std::uint32_t>(n));
    std::vector<double> out(toggles.size() + 1);
    worker.chain(coalitions[2], toggles, out);
    Coalition state = coalitions[2];
    auto fresh = game.evaluator();
    std::size_t wrong = near(out[0], fresh(state)) ? 0 : 1;
    for (std::size_t k = 0; k < toggles.size(); ++k) {
      state.toggle(toggles[k]);
      if (!near(out[k + 1], fresh(state))) ++wrong;
    }
    CHECK(wrong == 0);

    auto piecewise = game.evaluator();
    Coalition at = coalitions[2];
    std::vector<double> part(8);
    std::size_t different = 0;
    for (std::size_t k = 0; k + 7 <= toggles.size(); k += 7) {
      const auto segment = std::span<const Player>(toggles).subspan(k, 7);
      piecewise.chain(at, segment, part);
      for (std::size_t j = 0; j < 8; ++j)
        different += part[j] == out[k + j] ? 0 : 1;
      for (const Player p : segment)
        at.toggle(p);
    }
    CHECK(different == 0);
  }

  SECTION("a star gives what fresh evaluations give") {
    std::vector<Player> players;
    for (Player p = 0; p < n; ++p)
      players.push_back(p);
    random.shuffle(std::span(players));
    for (const Coalition& centre : {coalitions[1], coalitions[3], coalitions.back()}) {
      std::vector<double> out(n + 1);
      worker.star(centre, players, out);
      auto fresh = game.evaluator();
      CHECK(near(out[0], fresh(centre)));
      std::size_t wrong = 0;
      for (std::size_t k = 0; k < n; ++k) {
        Coalition neighbour = centre;
        neighbour.toggle(players[k]);
        if (!near(out[k + 1], fresh(neighbour))) ++wrong;
      }
      CHECK(wrong == 0);
    }
  }
}

}  // namespace

TEST_CASE("a network game's value is that of a masked forward pass", "[network_game]") {
  for (const auto& [name, net] : networks::all()) {
    DYNAMIC_SECTION(name << ", cross-entropy") {
      check_rungs<CrossEntropy>(net, 150, 1e-5);
    }
    DYNAMIC_SECTION(name << ", agreement") {
      check_rungs<Agreement>(net, 150, 1e-5);
    }
    DYNAMIC_SECTION(name << ", accuracy") {
      check_rungs<Accuracy>(net, 1000, 2.0 / 1000);
    }
  }
}

namespace {

/// The largest difference between chained and fresh values over a chain of 1,000 steps, relative to
/// max(1, |value|). Every third step is looked at: 3 does not divide the 256 after which sums are
/// formed afresh.
template <class Objective>
double drift(const nn::Network<float>& net, const nn::Dataset<float>& data) {
  const NetworkGame game(net, data, Objective{});
  RandomStream random(21, 0);
  std::vector<Player> toggles(1000);
  for (Player& p : toggles)
    p = random.below(static_cast<std::uint32_t>(game.players()));
  std::vector<double> out(toggles.size() + 1);
  auto worker = game.evaluator();
  Coalition at(game.players());
  worker.chain(at, toggles, out);
  double largest = 0.0;
  for (std::size_t k = 0; k < toggles.size(); ++k) {
    at.toggle(toggles[k]);
    if (k % 3 != 0) continue;
    const double fresh = worker(at);
    largest = std::max(largest, std::abs(out[k + 1] - fresh) / std::max(1.0, std::abs(fresh)));
  }
  return largest;
}

}  // namespace

TEST_CASE("after a thousand steps a chain is where fresh evaluation is", "[network_game]") {
  using namespace nn;
  const auto dense = networks::with_random_parameters(
      {24}, {Dense{.out = 48}, Relu{}, Dense{.out = 24}, Relu{}, Dense{.out = 10}}, 31);
  const auto conv = networks::with_random_parameters(
      {1, 8, 8},
      {Conv2d{.out = 6, .kernel = 3}, Relu{}, MaxPool2d{.size = 2}, Conv2d{.out = 8, .kernel = 2},
       Relu{}, Flatten{}, Dense{.out = 12}, Relu{}, Dense{.out = 10}},
      32);
  for (const auto* net : {&dense, &conv}) {
    const auto data = networks::data_for(*net, 1000, 33);
    CHECK(drift<CrossEntropy>(*net, data) <= 1e-5);
    CHECK(drift<Agreement>(*net, data) <= 1e-5);
    CHECK(drift<Accuracy>(*net, data) <= 2.0 / 1000);
  }
}

TEST_CASE("players may be the units of chosen layers", "[network_game]") {
  const auto net = networks::all()[1].second;
  const auto data = networks::data_for(net, 70, 9);
  const std::vector<std::string> layers{"conv2", "dense2"};
  const NetworkGame game(net, data, CrossEntropy{}, layers);
  const NetworkGame whole(net, data, CrossEntropy{});
  CHECK(game.players() == 15);
  CHECK(game.units().label(7) == "conv2/7");
  CHECK(game.units().label(8) == "dense2/0");
  const std::vector<std::string> labels = game.units().labels();
  REQUIRE(labels.size() == game.players());
  CHECK(labels[7] == "conv2/7");
  CHECK(labels[8] == "dense2/0");
  Coalition some(15, {0, 3, 4, 9, 14});
  Coalition same = Coalition::grand(whole.players());
  for (Player p = 0; p < whole.players(); ++p) {
    for (Player q = 0; q < 15; ++q) {
      if (whole.units().label(p) == game.units().label(q) && !some.contains(q)) same.erase(p);
    }
  }
  CHECK(game(some) == Approx(whole(same)).margin(1e-6));

  std::vector<Player> toggles{14, 0, 3, 8, 7, 0, 14, 9};
  std::vector<double> out(9);
  auto worker = game.evaluator();
  worker.chain(some, toggles, out);
  for (std::size_t k = 0; k < toggles.size(); ++k) {
    some.toggle(toggles[k]);
    CHECK(out[k + 1] == Approx(game(some)).margin(1e-6));
  }
}

TEST_CASE("the game is a snapshot of network and data", "[network_game]") {
  auto net = networks::all()[0].second;
  auto data = networks::data_for(net, 40, 3);
  const NetworkGame game(net, data, CrossEntropy{});
  const Coalition grand = Coalition::grand(game.players());
  const double before = game(grand);
  networks::randomize(net, 99);
  data = {};
  CHECK(game(grand) == before);
}

TEST_CASE("a network game refuses what it cannot play", "[network_game]") {
  const auto net = networks::all()[0].second;
  auto data = networks::data_for(net, 10, 3);
  CHECK(error_text([&] { NetworkGame(net, nn::Dataset<float>{}, CrossEntropy{}); }) ==
        "NetworkGame: expected at least one image, got an empty data set");
  const std::vector<std::string> unknown{"dense9"};
  CHECK(error_text([&] { NetworkGame(net, data, CrossEntropy{}, unknown); }) ==
        "Units: expected the name of a hidden layer out of: dense1 dense2, got \"dense9\"");
  const NetworkGame game(net, data, CrossEntropy{});
  CHECK(error_text([&] { game(Coalition(5)); }) ==
        "NetworkGame: expected a coalition of 26 players, got one of 5");
  auto worker = game.evaluator();
  std::vector<double> out(3);
  const std::vector<Player> unknown_player{3, 26};
  CHECK(error_text([&] { worker.chain(Coalition(26), unknown_player, out); }) ==
        "NetworkGame: expected a player below 26, got player 26");
  CHECK(error_text([&] { worker.star(Coalition(26), unknown_player, out); }) ==
        "NetworkGame: expected a player below 26, got player 26");
  CHECK(error_text([&] { (void)game.units().label(26); }) ==
        "Units: expected a player below 26, got player 26");
  const networks::WrongImages wrong(net);
  CHECK(error_text([&] { NetworkGame(net, wrong.larger, Agreement{}); }) ==
        "NetworkGame: expected images of 20x1x1, got 21x1x1");
  CHECK(error_text([&] { NetworkGame(net, wrong.not_finite, Agreement{}); }) ==
        "NetworkGame: expected images of finite numbers, got image 7 with others");
  const auto deep = networks::with_random_parameters(
      {1, 4, 4}, {nn::Conv2d{.out = 2, .kernel = 2}, nn::Conv2d{.out = 2, .kernel = 2}}, 1);
  CHECK(error_text([&] { NetworkGame(deep, networks::data_for(deep, 9, 1), Agreement{}); }) ==
        "NetworkGame: expected a network with flat outputs (Flatten{} flattens), got outputs of "
        "2x2x2");
  data.labels[4] = 5;
  CHECK(error_text([&] { NetworkGame(net, data, CrossEntropy{}); }) ==
        "NetworkGame: expected labels below 5, got label 5 of image 4");
  CHECK(NetworkGame(net, data, Agreement{})(Coalition::grand(26)) == Approx(0.0).margin(1e-6));
}

/// An own objective, which does not look at the outputs.
struct Blind {
  double sum(const OutputTile<float>&) const { return 0.0; }
};

TEST_CASE("a network that overflows is refused, and so is a coalition in which it does",
          "[network_game]") {
  // Unit 0 gives 1e30 x, which the output multiplies by 1e30; unit 1 takes it back, exactly.
  nn::Network<float> net({1}, {nn::Dense{.out = 3}, nn::Dense{.out = 2}, nn::Dense{.out = 2}});
  net.set_weight("dense1", std::vector<float>{1e30f, 1e30f, 1.0f});
  net.set_weight("dense2", std::vector<float>{1.0f, -1.0f, 1.0f, 0.0f, 0.0f, 1.0f});
  net.set_weight("dense3", std::vector<float>{1e30f, 0.0f, 0.0f, 1.0f});
  const nn::Dataset<float> data{
      nn::Tensor<float>::from_images({1}, std::vector<float>{1.0f, -1.0f, 2.0f}), {0, 1, 0}};
  const auto check = [&](auto objective) {
    const NetworkGame game(net, data, objective);
    const std::string overflow = "NetworkGame: expected finite outputs of the network, got others ";
    CHECK(std::isfinite(game(Coalition::grand(5))));
    CHECK(error_text([&] {
            game(Coalition(5, {0, 2, 3}));
          }) == overflow + "for coalition {0, 2, 3} of 5");
    auto worker = game.evaluator();
    std::vector<double> out(3);
    const std::vector<Coalition> coalitions{Coalition(5), Coalition(5, {0, 1, 3}),
                                            Coalition(5, {1, 3})};
    CHECK(error_text([&] { worker.batch(coalitions, out); }) ==
          overflow + "for coalition {1, 3} of 5");
    const std::vector<Player> players{2, 1};
    CHECK(error_text([&] { worker.star(Coalition::grand(5), players, out); }) ==
          overflow + "for coalition {0, 2, 3, 4} of 5");
    const auto chain = [&] { worker.chain(Coalition::grand(5), players, out); };
    CHECK(error_text(chain) == overflow + "for coalition {0, 3, 4} of 5");
    // A chain does not go on from there.
    CHECK(error_text([&] {
            worker.chain(Coalition(5, {0, 3, 4}), players, out);
          }) == overflow + "for coalition {0, 3, 4} of 5");
    const std::vector<Player> harmless{4, 2};
    worker.chain(Coalition::grand(5), harmless, out);
    CHECK(out[2] == Approx(game(Coalition(5, {0, 1, 3}))));
    CHECK(mentions(error_text([&] { estimate(game, Shapley{}, {.evaluations = 200}); }),
                   overflow + "for coalition "));
    // Sums that overflow with all units.
    auto huge = net;
    huge.set_weight("dense2", std::vector<float>{1.0f, 1.0f, 1.0f, 0.0f, 0.0f, 1.0f});
    CHECK(error_text([&] { NetworkGame(huge, data, objective); }) ==
          "NetworkGame: expected finite outputs of the network with all units, got inf for image "
          "0");
  };
  check(CrossEntropy{});
  check(Accuracy{});
  check(Agreement{});
  check(Blind{});
}

TEST_CASE("sums that overflow inside a network do not get lost on their way out",
          "[network_game]") {
  // Two channels of 1e38 x: the second convolution gives infinity less infinity.
  for (const nn::Layer<float>& between : std::vector<nn::Layer<float>>{
           nn::Relu{}, nn::LeakyRelu{}, nn::MaxPool2d{}, nn::AvgPool2d{}, nn::BatchNorm{}}) {
    nn::Network<float> net({1, 4, 4}, {nn::Conv2d{.out = 2, .kernel = 1}, nn::Relu{},
                                       nn::Conv2d{.out = 2, .kernel = 1}, between, nn::Flatten{},
                                       nn::Dense{.out = 2}});
    net.set_weight("conv1", std::vector<float>{1e38f, 1e38f});
    net.set_weight("conv2", std::vector<float>{10.0f, -10.0f, -10.0f, 10.0f});
    auto& head = net.edit_node("dense1").weight;
    head.setConstant(1e-38f);
    nn::Dataset<float> data{nn::Tensor<float>({1, 4, 4}, 3), {0, 1, 0}};
    for (std::size_t i = 0; i < 3; ++i)
      data.images.set(i, 0, 0, 0, 5.0f);  // and 0 beside it
    CAPTURE(net.nodes()[3].name);
    CHECK(mentions(error_text([&] { NetworkGame(net, data, CrossEntropy{}); }),
                   "NetworkGame: expected finite outputs of the network with all units, got "));
  }
}

TEST_CASE("one output is no classification", "[network_game]") {
  const auto net = networks::with_random_parameters(
      {4}, {nn::Dense{.out = 8}, nn::Relu{}, nn::Dense{.out = 1}}, 1);
  const auto data = networks::data_for(net, 20, 3);
  const std::string refusal =
      ": expected a network with at least 2 outputs, one for each class (a regression has none), "
      "got 1";
  CHECK(error_text([&] { NetworkGame(net, data, Accuracy{}); }) == "NetworkGame" + refusal);
  CHECK(error_text([&] { NetworkGame(net, data, CrossEntropy{}); }) == "NetworkGame" + refusal);
  CHECK(error_text([&] { NetworkGame(net, data, Agreement{}); }) == "NetworkGame" + refusal);
  CHECK(error_text([&] { prune_network(net, data, {.keep = Budget::units(2)}); }) ==
        "NetworkGame" + refusal);
  CHECK(error_text([&] { nn::evaluate(net, data); }) == "evaluate" + refusal);
  CHECK(error_text([&] { nn::accuracy(net, data); }) == "evaluate" + refusal);
  auto trained = net;
  CHECK(error_text([&] { nn::train(trained, data, {.epochs = 1}); }) == "train" + refusal);
  CHECK(trained.weight("dense1") == net.weight("dense1"));
  CHECK(error_text([&] { nn::Backpropagation<float>(net, 20, nn::Mode::inference); }) ==
        "Backpropagation" + refusal);
  const auto scorer = [&](Baseline baseline) {
    return BaselineScorer(baseline, net, Units(net), data)(Coalition::grand(8));
  };
  for (const Baseline baseline : {Baseline::taylor, Baseline::weight_gradient})
    CHECK(error_text([&] { scorer(baseline); }) == "BaselineScorer" + refusal);
  // What asks for no class serves a regression, without labels.
  for (const Baseline baseline : {Baseline::apoz, Baseline::mean_activation, Baseline::rms_outgoing,
                                  Baseline::magnitude_l2}) {
    const auto labelled = scorer(baseline);
    const nn::Dataset<float> unlabelled{data.images, {}};
    CHECK(BaselineScorer(baseline, net, Units(net), unlabelled)(Coalition::grand(8)) == labelled);
    CHECK(*std::max_element(labelled.begin(), labelled.end()) > 0.0);
  }
}
