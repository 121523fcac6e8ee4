// Every design on a network game, whose steps of a chain depend in their last bits on where the
// chain began: its rungs must not let a result depend on the threads.

#include <gtap/estimate.hpp>
#include <gtap/network/network_game.hpp>

#include "catch.hpp"
#include "estimators/same_bits.hpp"
#include "networks.hpp"

#include <type_traits>

using namespace gtap;

TEST_CASE("every design gives the same bits on a network for any number of threads",
          "[network_game]") {
  const auto net = networks::with_random_parameters(
      {9}, {nn::Dense{.out = 7}, nn::Relu{}, nn::Dense{.out = 5}, nn::Relu{}, nn::Dense{.out = 3}},
      8);
  const NetworkGame game(net, networks::data_for(net, 70, 4), CrossEntropy{});
  using Evaluator = evaluator_t<std::remove_const_t<decltype(game)>>;
  static_assert(BatchEvaluator<Evaluator> && ChainEvaluator<Evaluator> && StarEvaluator<Evaluator>);
  // Budgets of several chunks.
  const auto check = [&](const auto& law, const auto& design, std::size_t budget = 1'500) {
    EstimateOptions options{.evaluations = budget,
                            .seed = 5,
                            .threads = 1,
                            .enumerate_small = false,
                            .covariance_of = {1, 7}};
    const Estimate one = estimate(game, law, design, options);
    CAPTURE(one.law, one.design);
    CHECK(one.samples > 1);
    for (const std::size_t threads : {2u, 7u}) {
      options.threads = threads;
      CHECK(same_bits(one, estimate(game, law, design, options)));
    }
    options.seed = 6;
    CHECK(estimate(game, law, design, options).values != one.values);
  };
  const AnyLaw shapley = Shapley{};
  const AnyLaw banzhaf = Banzhaf{};
  const AnyLaw dropout = Dropout{0.3};
  check(shapley, Permutation{});
  check(shapley, Permutation{.antithetic = true});
  check(dropout, ShortChains{3});
  check(dropout, SharedCoalition{});
  check(shapley, SharedCoalition{.paired = true});
  check(shapley, Owen{.points = 3});
  check(shapley, Owen{.points = 3, .gauss_legendre = true});
  check(shapley, Stratified{});
  check(dropout, Stratified{.neyman = false});
  check(dropout, Svarm{}, 9'000);
  check(dropout, SampleReuse{});
  check(dropout, SampleReuse{.paired = true});
  check(shapley, AdjustedReuse{});
  check(dropout, Regression{});
  check(shapley, KernelShap{});
  check(shapley, LeverageShap{});
  check(shapley, UnbiasedKernelShap{});
  check(Shapley{}, Surrogate{});
  check(dropout, Surrogate{});
  check(banzhaf, Surrogate{});
}
