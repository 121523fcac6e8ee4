#include <gtap/games/classic.hpp>
#include <gtap/games/closed_form.hpp>

#include "by.hpp"
#include "catch.hpp"
#include "error_text.hpp"

#include <atomic>
#include <cmath>
#include <limits>
#include <stop_token>

using namespace gtap;

namespace {

void check_values(const Estimate& estimate, const std::vector<double>& truth) {
  REQUIRE(estimate.values.size() == truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) {
    CHECK(std::abs(estimate.values[i] - truth[i]) <= 1e-12 * (1.0 + std::abs(truth[i])));
    CHECK(estimate.standard_errors[i] == 0.0);
  }
  CHECK(estimate.stopped == Stopped::finished);
}

template <class Game>
void check_exact(const Game& game) {
  const auto exact = [any = AnyGame(game)](const AnyLaw& law) {
    return estimate(any, law, Exact{});
  };
  check_values(exact(Shapley{}), game.shapley());
  check_values(exact(BetaShapley{}), game.shapley());
  check_values(exact(DropoutBand{}), game.shapley());
  check_values(exact(Banzhaf{}), game.dropout(0.5));
  for (const double p : {0.0, 0.1, 0.9, 1.0})
    check_values(exact(Dropout{p}), game.dropout(p));
  check_values(exact(LeaveOneOut{}), game.dropout(1.0));
}

}  // namespace

TEST_CASE("Exact gives the closed forms", "[exact]") {
  check_exact(AdditiveGame({1.0, -2.0, 0.5, 7.0}));
  check_exact(QuadraticGame({1, 2, 3}, {0, 1, -2, 1, 0, 0.5, -2, 0.5, 0}));
  check_exact(UnanimityGame(12, {{Coalition(12, {0, 2}), 1.5}, {Coalition(12, {1, 2, 11}), -2.0}}));
  check_exact(MajorityGame(7, 4));
  check_exact(AirportGame({1, 3, 6, 10}));
  check_exact(AdditiveGame({3.0}));
}

TEST_CASE("Exact gives the textbook values", "[exact]") {
  const AnyEstimator shapley = by(Shapley{}, Exact{});
  const AnyEstimator banzhaf = by(Banzhaf{}, Exact{});
  const AnyGame council(WeightedVotingGame(12, {4, 4, 4, 2, 2, 1}));
  check_values(shapley(council), {7.0 / 30, 7.0 / 30, 7.0 / 30, 3.0 / 20, 3.0 / 20, 0});
  check_values(banzhaf(council), {5.0 / 16, 5.0 / 16, 5.0 / 16, 3.0 / 16, 3.0 / 16, 0});
  const AnyGame gloves(GloveGame(1, 2));
  check_values(shapley(gloves), {2.0 / 3, 1.0 / 6, 1.0 / 6});
  check_values(banzhaf(gloves), {0.75, 0.25, 0.25});
  const AnyGame estate(BankruptcyGame(200, {100, 200, 300}));
  check_values(shapley(estate), {100.0 / 3, 250.0 / 3, 250.0 / 3});
  check_values(banzhaf(estate), {25, 75, 75});
}

TEST_CASE("any design is exact once its budget enumerates everything", "[exact]") {
  const AirportGame airport({1, 3, 6, 10});
  const AnyGame game(airport);
  const auto check = [&](const AnyLaw& law, const auto&... designs) {
    for (const AnyEstimator& estimator : {by(law, designs)...}) {
      CAPTURE(estimator.design, estimator.law.name());
      const Estimate whole = estimator(game, {.evaluations = 16});
      CHECK(whole.evaluations == 16);
      check_values(whole, law.name() == "shapley" ? airport.shapley() : airport.dropout(0.5));
      CHECK(estimator(game, {.evaluations = 15}).stopped == Stopped::budget);
    }
  };
  for (const AnyLaw& law : {AnyLaw(Shapley{}), AnyLaw(Banzhaf{})}) {
    check(law, Permutation{}, Permutation{.antithetic = true}, ShortChains{}, SharedCoalition{},
          SharedCoalition{.paired = true}, Owen{.points = 2},
          Owen{.points = 2, .gauss_legendre = true}, Stratified{}, Stratified{.neyman = false},
          Svarm{}, AdjustedReuse{});
  }
  check(Banzhaf{}, SampleReuse{}, SampleReuse{.paired = true}, Regression{}, Surrogate{});
  check(Shapley{}, KernelShap{}, LeverageShap{}, UnbiasedKernelShap{});
}

TEST_CASE("a law at 0 or 1 asks for one coalition's neighbours only", "[exact]") {
  std::atomic<std::size_t> calls = 0;
  const AnyGame game = any_game(14, [&](const Coalition& s) {
    ++calls;
    return rough(s);
  });
  const auto check = [&](const Estimate& e, const AnyLaw& law) {
    CAPTURE(e.law, e.design);
    CHECK(calls == 15);
    CHECK(e.evaluations == 15);
    check_values(e, by(law, Exact{})(game).values);
    calls = 0;
  };
  check(estimate(game, LeaveOneOut{}), LeaveOneOut{});
  check(estimate(game, Dropout{0.0}), Dropout{0.0});
  check(by(LeaveOneOut{}, Permutation{})(game), LeaveOneOut{});
  check(by(LeaveOneOut{}, SharedCoalition{})(game), LeaveOneOut{});
}

TEST_CASE("an enumeration that was cut short claims nothing", "[exact]") {
  // The first blocks are merged by then, the last ones not yet asked for.
  for (const std::size_t last_call : {std::size_t{20'000}, std::size_t{60'000}}) {
    std::stop_source source;
    std::size_t calls = 0;
    const AnyGame game = any_game(16, [&](const Coalition& s) {
      if (++calls == last_call) source.request_stop();
      return rough(s);
    });
    const Estimate e = by(Shapley{}, Permutation{})(
        game,
        {.evaluations = 70'000, .threads = 1, .covariance_of = {2, 5}, .stop = source.get_token()});
    CHECK(e.stopped == Stopped::request);
    CHECK(e.evaluations > 0);
    CHECK(e.values == std::vector<double>(16, 0.0));
    CHECK(e.standard_errors == std::vector<double>(16, HUGE_VAL));
    CHECK(e.covariance == std::vector<double>(4, HUGE_VAL));
  }
}

TEST_CASE("weights by size are sound for ten thousand players", "[law]") {
  const auto check = [](const auto& law, std::size_t n) {
    const auto logs = law.log_weights(n);
    REQUIRE(logs.size() == n);
    const auto binomials = math::log_binomials(n - 1);
    double total = 0.0;
    double mean = 0.0;
    for (std::size_t s = 0; s < n; ++s) {
      total += std::exp(logs[s] + binomials[s]);
      mean += static_cast<double>(s) * std::exp(logs[s] + binomials[s]);
    }
    CHECK(total == Approx(1.0).epsilon(1e-9));
    return mean / static_cast<double>(n - 1);
  };
  for (const std::size_t n : {2u, 16u, 400u, 10'000u}) {
    CAPTURE(n);
    CHECK(check(Shapley{}, n) == Approx(0.5));
    CHECK(check(Banzhaf{}, n) == Approx(0.5));
    CHECK(check(Dropout{0.225}, n) == Approx(0.225));
    CHECK(check(DropoutBand{0.15, 0.30}, n) == Approx(0.225));
    CHECK(check(LeaveOneOut{}, n) == Approx(1.0));
    CHECK(check(BetaShapley{16, 1}, n) == Approx(1.0 / 17));
    CHECK(check(BetaShapley{1, 4}, n) == Approx(0.8));
    CHECK(check(RetentionMixture{{0.1, 0.7}, {1, 3}}, n) == Approx(0.55));
  }
  // A band's law has weight outside its sizes, which must not be cut off.
  const auto band = AnyLaw(DropoutBand{0.15, 0.30}).table(16).sizes();
  double inside = 0.0;
  for (std::size_t s = 3; s <= 4; ++s)
    inside += band[s];
  CHECK(inside < 0.75);
}

TEST_CASE("quantiles and weights of a law are of one distribution", "[law]") {
  const auto check = [](const auto& law) {
    const std::size_t n = 5;
    const auto logs = law.log_weights(n);
    std::vector<double> sums(n, 0.0);
    const int draws = 4000;
    for (int k = 0; k < draws; ++k) {
      const double q = law.quantile((k + 0.5) / draws);
      for (std::size_t s = 0; s < n; ++s)
        sums[s] += std::pow(q, s) * std::pow(1 - q, n - 1 - s) / draws;
    }
    for (std::size_t s = 0; s < n; ++s)
      CHECK(sums[s] == Approx(std::exp(logs[s])).epsilon(2e-3).margin(1e-12));
  };
  check(Shapley{});
  check(Dropout{0.3});
  check(DropoutBand{0.2, 0.6});
  check(BetaShapley{4, 1});
  check(BetaShapley{2, 3});
  check(LeaveOneOut{});
  check(RetentionMixture{{0.1, 0.7}, {1, 3}});
}

TEST_CASE("laws out of range are refused", "[law]") {
  CHECK(error_text([] { Dropout{1.5}.log_weights(3); }) ==
        "Dropout: expected a retention probability in [0, 1], got 1.5");
  CHECK(error_text([] {
          DropoutBand{0.5, 0.25}.log_weights(3);
        }) == "DropoutBand: expected low <= high, got 0.5 > 0.25");
  CHECK(error_text([] {
          BetaShapley{0, 1}.log_weights(3);
        }) == "BetaShapley: expected positive alpha and beta, got 0, 1");
  CHECK(error_text([] { SizeLaw{{1, 1}}.log_weights(3); }) == "SizeLaw: expected 3 sizes, got 2");
  struct Broken {
    std::vector<double> log_weights(std::size_t n) const { return std::vector<double>(n, 0.0); }
  };
  const AnyGame game(AdditiveGame({1, 2, 3, 4}));
  CHECK(error_text([&] { by(Broken{}, Permutation{})(game, {.evaluations = 10}); }) ==
        "semivalue: expected weights p_s whose C(n-1,s) p_s sum to 1, got 8");
}

TEST_CASE("mistakes in a call are refused by name", "[estimate]") {
  const AnyGame game(AdditiveGame({1, 2, 3, 4, 5}));
  CHECK(error_text([] { estimate(AnyGame(AdditiveGame({})), Shapley{}); }) ==
        "estimate: expected a game with players, got 0 players");
  CHECK(error_text([&] { estimate(game, Shapley{}, {.evaluations = 0}); }) ==
        "estimate: expected a budget of at least 1 evaluation, got 0");
  CHECK(error_text([&] { by(Shapley{}, Permutation{})(game, {.evaluations = 5}); }) ==
        "permutation: expected a budget of at least 6 evaluations, got 5");
  CHECK(error_text([&] { estimate(game, Shapley{}, {.evaluations = 20, .covariance_of = {5}}); }) ==
        "estimate: expected covariance_of players below 5, got player 5");
  CHECK(error_text([&] { by(Dropout{1.0}, SampleReuse{})(game, {.evaluations = 20}); }) ==
        "sample-reuse: expected a retention probability strictly between 0 and 1, got 1; take "
        "shared-coalition");
  const AnyGame large(AdditiveGame(std::vector<double>(41)));
  CHECK(error_text([&] { by(Shapley{}, Exact{})(large); }) ==
        "exact: expected at most 40 players, got 41; take permutation or another sampling design");
  const Estimate phi = estimate(game, Shapley{}, {.evaluations = 30});
  CHECK(error_text([&] { (void)phi.interval(5); }) ==
        "Estimate::interval: expected a player below 5, got player 5");
  CHECK(error_text([&] { (void)phi.interval(0, 1.0); }) ==
        "Estimate::interval: expected a confidence between 0 and 1, got 1");
}

TEST_CASE("a value that is not finite names its coalition", "[estimate]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const AnyGame game = any_game(6, [nan](const Coalition& s) {
    return s == Coalition(6, {1, 4}) ? nan : static_cast<double>(s.size());
  });
  const std::string expected =
      "value function: expected a finite value, got nan for the coalition {1, 4} of 6";
  CHECK(error_text([&] { by(Shapley{}, Exact{})(game); }) == expected);
  const EstimateOptions many{.evaluations = 2000, .enumerate_small = false};
  CHECK(error_text([&] { by(Shapley{}, Permutation{})(game, many); }) == expected);
  CHECK(error_text([&] { by(Banzhaf{}, SampleReuse{})(game, many); }) == expected);
  const AnyGame infinite = any_game(2, [](const Coalition&) { return HUGE_VAL; });
  CHECK(error_text([&] { estimate(infinite, Shapley{}); }) ==
        "value function: expected a finite value, got inf for the coalition {} of 2");
}
