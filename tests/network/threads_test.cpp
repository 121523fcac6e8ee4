#include <gtap/estimate.hpp>
#include <gtap/estimators/uncertainty_band.hpp>
#include <gtap/games/callable.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/network/prune_network.hpp>
#include <gtap/nn/evaluate.hpp>
#include <gtap/nn/train.hpp>
#include <gtap/pruning/top_k.hpp>

#include "catch.hpp"
#include "estimators/same_bits.hpp"
#include "networks.hpp"

#include <cmath>

using namespace gtap;

// Wherever a number of threads goes in: however large, the bits are those of one thread.

namespace {

constexpr std::size_t many[] = {100'000, static_cast<std::size_t>(-1)};

}  // namespace

TEST_CASE("estimates take any number of threads", "[threads]") {
  const auto game = make_game(
      9, [](const Coalition& kept) { return std::sqrt(static_cast<double>(kept.words()[0])); },
      thread_safe);
  const auto check = [&](const auto& design) {
    const auto run = [&](std::size_t threads) {
      return estimate(game, Shapley{}, design,
                      {.evaluations = 20'000, .seed = 3, .threads = threads});
    };
    const Estimate one = run(1);
    for (const std::size_t threads : many)
      CHECK(same_bits(run(threads), one));
  };
  check(Permutation{});
  check(Stratified{});
  check(Svarm{});
  check(KernelShap{});
  check(Exact{});
  for (const std::size_t threads : many) {
    const auto band = [&](std::size_t count) {
      return uncertainty_band(game, {.seed = 2, .threads = count});
    };
    CHECK(band(threads).low == band(1).low);
    CHECK(band(threads).high == band(1).high);
    const auto best = [&](std::size_t count) {
      return top_k(game, Shapley{}, 4,
                   {.estimate = {.evaluations = 4'000, .seed = 2, .threads = count}});
    };
    CHECK(same_bits(best(threads).estimate, best(1).estimate));
    CHECK(best(threads).kept == best(1).kept);
  }
}

TEST_CASE("networks are trained, evaluated and pruned by any number of threads", "[threads]") {
  const auto net = networks::all()[0].second;
  const auto data = networks::data_for(net, 300, 4);
  const auto trained = [&](std::size_t threads) {
    auto copy = net;
    nn::train(copy, data, data, {.epochs = 2, .batch = 256, .threads = threads});
    return copy;
  };
  const NetworkGame game(net, data, CrossEntropy{});
  const auto indices = [&](std::size_t threads) {
    return estimate(game, Shapley{}, {.evaluations = 600, .seed = 5, .threads = threads});
  };
  const auto pruned = [&](std::size_t threads) {
    return prune_network(
        net, data,
        {.keep = Budget::units(12), .part_of_round = 0.3, .seed = 5, .threads = threads});
  };
  const auto one = trained(1);
  for (const std::size_t threads : many) {
    const auto other = trained(threads);
    for (const auto& node : one.nodes()) {
      CHECK(other.weight(node.name) == node.weight);
      CHECK(other.bias(node.name) == node.bias);
    }
    CHECK(nn::forward(net, data.images, threads).to_images() ==
          nn::forward(net, data.images, 1).to_images());
    CHECK(nn::evaluate(net, data, threads).cross_entropy ==
          nn::evaluate(net, data, 1).cross_entropy);
    CHECK(same_bits(indices(threads), indices(1)));
    CHECK(pruned(threads).moves() == pruned(1).moves());
  }
}
