#include <gtap/estimators/designs/shared_coalition.hpp>
#include <gtap/estimators/estimate_game.hpp>
#include <gtap/network/image_blocks.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/nn/evaluate.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "networks.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using namespace gtap;

namespace {

/// An objective of one's own that needs nothing but sum(): written without the kernels.
struct OwnAccuracy {
  template <class T>
  double sum(const OutputTile<T>& tile) const {
    double right = 0.0;
    for (std::size_t i = 0; i < tile.images; ++i) {
      std::size_t best = 0;
      for (std::size_t c = 1; c < tile.classes; ++c) {
        if (tile(c, i) > tile(best, i)) best = c;
      }
      right += best == tile.labels[i] ? 1.0 : 0.0;
    }
    return right;
  }
};

/// Minus the mean squared distance of the first logit to the unpruned network's.
struct Distance {
  static constexpr bool needs_labels = false;
  static constexpr bool needs_classes = false;

  struct Prepared {
    std::vector<float> full;
    double sum(const OutputTile<float>& tile) const {
      CHECK(tile.labels.empty());
      double total = 0.0;
      for (std::size_t i = 0; i < tile.images; ++i) {
        const double off = tile(0, i) - full[tile.number * nn::tile_images + i];
        total -= off * off;
      }
      return total;
    }
  };

  Prepared prepare(const ObjectiveData<float>& data) const {
    CHECK(data.labels.empty());
    Prepared prepared;
    for (std::size_t i = 0; i < data.outputs.images(); ++i)
      prepared.full.push_back(data.outputs.get(i, 0));
    return prepared;
  }
};

struct NotFinite {
  double sum(const OutputTile<float>& tile) const {
    return tile.number == 1 ? std::numeric_limits<double>::quiet_NaN() : 0.0;
  }
};

struct NoMember {};
struct NotConst {
  double sum(const OutputTile<float>&);
};
struct WrongSum {
  NoMember prepare(const ObjectiveData<float>&) const;
};
static_assert(Objective<SquaredError> && Objective<Accuracy> && Objective<CrossEntropy, double> &&
              Objective<Agreement>);
static_assert(Objective<OwnAccuracy> && Objective<Distance> && !Objective<Distance, double>);
static_assert(!Objective<NoMember> && !Objective<NotConst> && !Objective<WrongSum>);

struct Case {
  nn::Network<float> net = networks::all()[0].second;
  nn::Dataset<float> data = networks::data_for(net, 150, 5);
  std::vector<Coalition> coalitions;

  Case() {
    const std::size_t n = Units(net).size();
    RandomStream random(3, 0);
    coalitions.assign(4, Coalition(n));
    for (Coalition& kept : coalitions)
      random.bernoulli_mask(0.6, kept);
    coalitions.push_back(Coalition::grand(n));
  }
};

}  // namespace

TEST_CASE("an objective of one's own is summed over the tiles of all images", "[objective]") {
  const Case c;
  const NetworkGame own(c.net, c.data, OwnAccuracy{});
  const NetworkGame library(c.net, c.data, Accuracy{});
  for (const Coalition& kept : c.coalitions)
    CHECK(own(kept) == library(kept));

  // The same walks: the same bits.
  const EstimateOptions options{.evaluations = 300, .seed = 1, .threads = 2};
  CHECK(estimate(own, Shapley{}, SharedCoalition{}, options).values ==
        estimate(library, Shapley{}, SharedCoalition{}, options).values);
}

TEST_CASE("an objective may look at labels and outputs before the first coalition", "[objective]") {
  const Case c;
  const NetworkGame game(c.net, c.data, Distance{});
  CHECK(game(c.coalitions.back()) == Approx(0.0).margin(1e-9));
  for (const Coalition& kept : c.coalitions) {
    const auto full = nn::forward(c.net, c.data.images);
    const auto pruned = nn::forward(c.net, c.data.images, game.units().mask(kept));
    double expected = 0.0;
    for (std::size_t i = 0; i < full.images(); ++i) {
      const double off = pruned.get(i, 0) - full.get(i, 0);
      expected -= off * off / 150.0;
    }
    CHECK(game(kept) == Approx(expected).margin(1e-6));
  }
}

TEST_CASE("a regression is worth what an own objective says", "[objective]") {
  const auto net = networks::with_random_parameters(
      {4}, {nn::Dense{.out = 8}, nn::Relu{}, nn::Dense{.out = 1}}, 1);
  nn::Dataset<float> images{nn::Tensor<float>({4}, 20), {}};
  RandomStream random(5, 0);
  for (std::size_t i = 0; i < 20; ++i) {
    for (std::size_t c = 0; c < 4; ++c)
      images.images.set(i, c, 0, 0, static_cast<float>(random.normal()));
  }
  const NetworkGame game(net, images, Distance{});
  CHECK(game(Coalition::grand(8)) == Approx(0.0).margin(1e-9));
  CHECK(game(Coalition(8)) < 0.0);
  CHECK(error_text([&] { game.with(SquaredError{}); }) ==
        "SquaredError: expected targets of 1x1x1 for each of 20 images, got 0 of 0x0x0");
  images.targets = nn::Tensor<float>({1}, 20);
  for (std::size_t i = 0; i < 20; ++i)
    images.targets.set(i, 0, 0, 0, static_cast<float>(random.normal()));
  const NetworkGame error(net, images, SquaredError{});
  const Coalition some(8, {0, 3, 4, 6});
  const auto pruned = nn::forward(net, images.images, error.units().mask(some));
  double expected = 0.0;
  for (std::size_t i = 0; i < 20; ++i) {
    const double off = pruned.get(i, 0) - images.targets.get(i, 0);
    expected -= off * off / 20.0;
  }
  CHECK(error(some) == Approx(expected).epsilon(1e-5));
  CHECK(error(Coalition::grand(8)) == Approx(-nn::mean_squared_error(net, images)).epsilon(1e-5));
  CHECK(error_text([&] { game.with(Agreement{}); }) ==
        "NetworkGame: expected a network with at least 2 outputs, one for each class (a regression "
        "has none), got 1");
}

TEST_CASE("one game under several objectives", "[objective]") {
  Case c;
  const NetworkGame agreement(c.net, c.data, Agreement{});
  const NetworkGame entropy = agreement.with(CrossEntropy{});
  const NetworkGame expected(c.net, c.data, CrossEntropy{});
  for (const Coalition& kept : c.coalitions) {
    CHECK(entropy(kept) == expected(kept));
    CHECK(entropy.with(Agreement{})(kept) == agreement(kept));
  }
  // Blocks keep theirs.
  const auto block = agreement.blocks(3)[1];
  const auto same = expected.blocks(3)[1];
  CHECK(block.with(CrossEntropy{})(c.coalitions[0]) == same(c.coalitions[0]));

  c.data.labels[7] = 5;
  const NetworkGame wrong(c.net, c.data, Agreement{});
  CHECK(error_text([&] { wrong.with(Accuracy{}); }) ==
        "NetworkGame: expected labels below 5, got label 5 of image 7");
  c.data.labels.clear();
  const NetworkGame unlabelled(c.net, c.data, Agreement{});
  CHECK(unlabelled(c.coalitions[0]) == agreement(c.coalitions[0]));
  CHECK(error_text([&] { unlabelled.with(OwnAccuracy{}); }) ==
        "NetworkGame: expected a label for each of 150 images, got 0 labels");
}

TEST_CASE("what is not finite is no value of an own objective", "[objective]") {
  const Case c;
  const NetworkGame bad(c.net, c.data, NotFinite{});
  CHECK(error_text([&] { bad(c.coalitions[0]); }) ==
        "NetworkGame: expected a finite sum from the objective, got nan for the 64 images from 64 "
        "on");
}

TEST_CASE("objectives of labels are their definitions", "[objective]") {
  const auto net = networks::all()[0].second;
  auto data = networks::data_for(net, 150, 7);
  for (std::size_t i = 0; i < 150; ++i)  // classes of different sizes, one of them empty
    data.labels[i] = i < 90 ? 0 : i < 120 ? 1 : i < 149 ? 2 : 4;
  const NetworkGame game(net, data, TopKAccuracy{.k = 2});
  RandomStream random(3, 0);
  Coalition kept(game.players());
  random.bernoulli_mask(0.6, kept);
  const auto out = nn::forward(net, data.images, game.units().mask(kept));
  double top1 = 0.0;
  double top2 = 0.0;
  std::vector<double> right(5);
  std::vector<double> images(5);
  for (std::size_t i = 0; i < 150; ++i) {
    std::size_t larger = 0;
    for (std::size_t c = 0; c < 5; ++c)
      larger += out.get(i, c) > out.get(i, data.labels[i]) ? 1 : 0;
    top1 += larger < 1 ? 1.0 : 0.0;
    top2 += larger < 2 ? 1.0 : 0.0;
    right[data.labels[i]] += larger < 1 ? 1.0 : 0.0;
    images[data.labels[i]] += 1.0;
  }
  CHECK(game(kept) == Approx(top2 / 150.0));
  CHECK(game.with(TopKAccuracy{.k = 1})(kept) == Approx(top1 / 150.0));
  CHECK(game.with(TopKAccuracy{.k = 5})(kept) == 1.0);
  double balanced = 0.0;
  for (const std::size_t c : {0u, 1u, 2u, 4u})
    balanced += right[c] / images[c] / 4.0;
  CHECK(game.with(BalancedAccuracy{})(kept) == Approx(balanced));
}
