#include <gtap/estimate.hpp>
#include <gtap/network/image_blocks.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "networks.hpp"

#include <cmath>
#include <numeric>
#include <vector>

using namespace gtap;

namespace {

nn::Network<float> small_network() {
  return networks::with_random_parameters(
      {12}, {nn::Dense{.out = 9}, nn::Relu{}, nn::Dense{.out = 6}, nn::Relu{}, nn::Dense{.out = 3}},
      4);
}

}  // namespace

TEST_CASE("a game on blocks of its images is the game", "[image_blocks]") {
  const auto net = small_network();
  const auto data = networks::data_for(net, 500, 3);
  const NetworkGame game(net, data, CrossEntropy{});
  const auto averaged = image_blocks(game, 8);
  REQUIRE(averaged.parts().size() == 8);
  std::size_t images = 0;
  for (std::size_t b = 0; b < 8; ++b) {
    const NetworkGame alone(net, data.subset(images, averaged.parts()[b].images()), CrossEntropy{});
    images += averaged.parts()[b].images();
    for (std::uint64_t k = 0; k < 3; ++k) {
      Coalition s(15);
      RandomStream(k, b).bernoulli_mask(0.6, s);
      CHECK(averaged.parts()[b](s) == Approx(alone(s)).epsilon(1e-6));
    }
  }
  CHECK(images == 500);

  // All rungs, and what is remembered of them.
  auto worker = averaged.evaluator();
  auto plain = game.evaluator();
  std::vector<Player> toggles{3, 14, 0, 3, 7};
  Coalition start(15, {1, 2, 7});
  std::vector<double> out(6);
  std::vector<double> expected(6);
  const auto same = [&] {
    for (std::size_t k = 0; k < out.size(); ++k)
      CHECK(out[k] == Approx(expected[k]).epsilon(1e-5));
  };
  worker.chain(start, toggles, out);
  plain.chain(start, toggles, expected);
  same();
  worker.star(start, toggles, out);
  plain.star(start, toggles, expected);
  same();
  start.toggle(3);
  start.toggle(14);
  const std::vector<double>* parts = averaged.remembered(start);
  REQUIRE(parts != nullptr);
  double mean = 0.0;
  for (std::size_t b = 0; b < 8; ++b)
    mean += averaged.weights()[b] * (*parts)[b];
  CHECK(mean == Approx(game(start)).epsilon(1e-5));
  CHECK(averaged.remembered(Coalition::grand(15)) == nullptr);
}

TEST_CASE("errors over images are the spread over blocks, whatever the design", "[image_blocks]") {
  const auto net = small_network();
  const auto data = networks::data_for(net, 640, 5);
  const NetworkGame game(net, data, CrossEntropy{});
  const auto check = [&](const auto& law, const auto&... design) {
    const EstimateOptions options{.evaluations = 1'500, .seed = 2};
    const auto averaged = image_blocks(game, 10);
    const Estimate whole =
        estimate_averaged(averaged, law, design..., {.evaluations = 1'500, .seed = 2});
    CAPTURE(whole.law, whole.design);
    const Estimate plain = estimate(game, law, design..., options);
    CHECK(whole.evaluations == plain.evaluations);
    CHECK(whole.design == plain.design);
    // By definition: the same run on each block alone.
    std::vector<double> squares(15, 0.0);
    for (const auto& part : averaged.parts()) {
      const Estimate alone = estimate(part, law, design..., options);
      for (std::size_t p = 0; p < 15; ++p)
        squares[p] += std::pow(alone.values[p] - plain.values[p], 2);
    }
    REQUIRE(whole.data_errors.size() == 15);
    for (std::size_t p = 0; p < 15; ++p) {
      CHECK(whole.values[p] == Approx(plain.values[p]).margin(1e-5));
      CHECK(whole.data_errors[p] ==
            Approx(std::sqrt(squares[p] / 90.0)).epsilon(1e-3).margin(1e-5));
    }
  };
  check(Shapley{}, Permutation{.antithetic = true});
  check(Dropout{0.4}, Regression{});
  check(Shapley{}, KernelShap{});
  check(Shapley{}, Permutation{});
  check(DropoutBand{0.2, 0.6}, SharedCoalition{});
  check(Shapley{}, Stratified{});
}

TEST_CASE("errors over images have the same bits for any number of threads", "[image_blocks]") {
  const auto net = small_network();
  const NetworkGame game(net, networks::data_for(net, 320, 6), CrossEntropy{});
  const auto errors = [&](std::size_t threads) {
    return estimate_averaged(image_blocks(game, 5), Shapley{}, Permutation{.antithetic = true},
                             {.evaluations = 3'000, .threads = threads})
        .data_errors;
  };
  const std::vector<double> one = errors(1);
  CHECK(errors(2) == one);
  CHECK(errors(7) == one);
}

TEST_CASE("errors over images tell how far other images move an index", "[image_blocks]") {
  const auto net = small_network();
  const AveragedOptions options{.evaluations = 400, .seed = 9, .threads = 1};
  constexpr std::size_t sets = 80;
  Moments spread(15);
  std::vector<double> claimed(15, 0.0);
  for (std::size_t set = 0; set < sets; ++set) {
    const NetworkGame game(net, networks::data_for(net, 1024, 100 + set), CrossEntropy{});
    const Estimate e = estimate_averaged(image_blocks(game), Shapley{}, Permutation{}, options);
    spread.add(e.values);
    for (std::size_t p = 0; p < 15; ++p)
      claimed[p] += e.data_errors[p] * e.data_errors[p] / static_cast<double>(sets);
  }
  Estimate truth;
  spread.summarise(truth);
  for (std::size_t p = 0; p < 15; ++p) {
    const double variance = std::pow(truth.standard_errors[p], 2) * static_cast<double>(sets);
    CAPTURE(p, claimed[p], variance);
    // The ratio of a variance from 80 sets x 15 degrees of freedom (16 blocks) and one from 79
    // follows F(1200, 79): these are its quantiles at four standard deviations, 3.2e-5 each way.
    CHECK(claimed[p] > 0.551 * variance);
    CHECK(claimed[p] < 2.094 * variance);
  }
}

TEST_CASE("blocks and averaged runs that make no sense are refused", "[image_blocks]") {
  const auto net = small_network();
  const NetworkGame game(net, networks::data_for(net, 130, 1), CrossEntropy{});
  CHECK(error_text([&] { image_blocks(game, 4); }) ==
        "NetworkGame::blocks: expected 1 to 3 blocks of a whole game, got 4 of 3 tiles");
  CHECK(error_text([&] { estimate_averaged(image_blocks(game, 1), Shapley{}, Permutation{}); }) ==
        "estimate_averaged: expected at least 2 parts, got 1");
  CHECK(error_text([&] { Averaged<NetworkGame<float>>({}); }) ==
        "Averaged: expected at least 1 part, got none");
  CHECK(error_text([&] { Averaged<NetworkGame<float>>({game}, {-1.0}); }) ==
        "Averaged: expected positive weights, got -1");
}
