// The code of docs/estimators.md on top-k, logs and errors over images.

#include <gtap/gtap.hpp>

#include "catch.hpp"

#include <cmath>
#include <iostream>
#include <vector>

namespace {

/// A model of twenty parts, some of which work together.
auto some_game() {
  return gtap::make_game(20, [](const gtap::Coalition& kept) {
    double x = 0.0;
    kept.for_each([&](gtap::Player p) { x += 0.06 * p - 0.5; });
    return 1.0 / (1.0 + std::exp(-x)) + (kept.contains(2) && kept.contains(5) ? 0.2 : 0.0);
  });
}

}  // namespace

TEST_CASE("top_k, as in the manual") {
  const auto game = some_game();
  // [top_k]
  const gtap::TopK best =
      gtap::top_k(game, gtap::Shapley{}, 5,
                  {.wrong_cut = 0.01, .estimate = {.evaluations = 200'000, .seed = 1}});
  if (!best.decided()) std::cout << "the budget did not suffice: ";
  std::cout << best.kept << ", wrong with probability " << best.wrong_cut << ", after "
            << best.estimate.evaluations << " evaluations\n";
  // [top_k]
  CHECK(best.decided());
  CHECK(best.kept == gtap::Coalition(20, {15, 16, 17, 18, 19}));
}

TEST_CASE("a log, as in the manual") {
  const auto game = some_game();
  // [log]
  const gtap::EvaluationLog log = gtap::record(game, {.evaluations = 5'000, .seed = 1});

  const gtap::Estimate shapley = gtap::estimate_from(log, gtap::Shapley{});
  const gtap::Estimate sparse = gtap::estimate_from(log, gtap::Dropout{.retention = 0.2});
  std::cout << "for a retention of 0.2 the log is worth "
            << gtap::effective_size(log, gtap::Dropout{.retention = 0.2}) << " coalitions\n";
  // [log]
  CHECK(shapley.values[19] > shapley.values[0]);
  CHECK(sparse.values[19] > sparse.values[0]);
}

TEST_CASE("errors over images, as in the manual") {
  gtap::nn::Network<float> net({1, 4, 4}, {gtap::nn::Flatten{}, gtap::nn::Dense{.out = 24},
                                           gtap::nn::Relu{}, gtap::nn::Dense{.out = 3}});
  gtap::nn::initialize(net, 1);
  gtap::nn::Dataset<float> validation{gtap::nn::Tensor<float>({1, 4, 4}, 640), {}};
  gtap::RandomStream random(1, 0);
  for (std::size_t i = 0; i < 640; ++i) {
    for (std::size_t pixel = 0; pixel < 16; ++pixel)
      validation.images.set(i, 0, pixel / 4, pixel % 4, static_cast<float>(random.normal()));
    validation.labels.push_back(random.below(3));
  }
  // [images]
  const gtap::NetworkGame game(net, validation, gtap::CrossEntropy{});
  const gtap::Estimate indices = gtap::estimate_averaged(
      gtap::image_blocks(game, 10), gtap::Shapley{}, {.evaluations = 2'000, .seed = 3});
  std::cout << indices.values[0] << " +- " << indices.standard_errors[0] << " over coalitions, +- "
            << indices.data_errors[0] << " over images\n";
  // [images]
  CHECK(indices.data_errors.size() == 24);
  CHECK(indices.standard_errors[0] > 0.0);
}
