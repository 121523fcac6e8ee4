#include <gtap/core/intrinsics.hpp>
#include <gtap/estimators/uncertainty_band.hpp>
#include <gtap/games/classic.hpp>
#include <gtap/games/closed_form.hpp>

#include "by.hpp"
#include "catch.hpp"
#include "error_text.hpp"
#include "temporary_folder.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <set>
#include <stop_token>

using namespace gtap;

namespace {

QuadraticGame quadratic(std::size_t n) {
  std::vector<double> single(n);
  std::vector<double> pairs(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    single[i] = std::cos(static_cast<double>(3 * i));
    for (std::size_t j = 0; j < n; ++j)
      pairs[i * n + j] = std::sin(static_cast<double>(i + j));
  }
  return {single, pairs};
}

void check_exact_on(const AnyGame& game, const AnyEstimator& estimator,
                    const std::vector<double>& truth, std::size_t evaluations) {
  const Estimate e = estimator(game, {.evaluations = evaluations});
  CAPTURE(e.law, e.design);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    CHECK(e.values[i] == Approx(truth[i]).margin(1e-9));
    CHECK(e.standard_errors[i] == Approx(0.0).margin(1e-8));
  }
}

}  // namespace

TEST_CASE("a chain game gives the same bits for any number of threads", "[designs]") {
  // Few players, so that chains often begin where another unit's chain ended.
  const LinearReadoutGame game({0.1, 1.7, -0.3}, std::vector<double>{0.3, 0.9, 0.2},
                               std::vector<double>{1, .1, .2, .1, 1, .3, .2, .3, 1});
  EstimateOptions options{.evaluations = 4001, .threads = 1, .enumerate_small = false};
  const Estimate one = estimate(game, Shapley{}, ShortChains{1}, options);
  options.threads = 3;
  CHECK(one.values == estimate(game, Shapley{}, ShortChains{1}, options).values);
}

TEST_CASE("paired designs are exact for interactions of two", "[designs]") {
  const QuadraticGame pairs = quadratic(18);
  const AnyGame game(pairs);
  check_exact_on(game, by(Shapley{}, KernelShap{}), pairs.shapley(), 200);
  check_exact_on(game, by(Shapley{}, LeverageShap{}), pairs.shapley(), 200);
  check_exact_on(game, by(Shapley{}, Surrogate{}), pairs.shapley(), 200);
  check_exact_on(game, by(Banzhaf{}, Surrogate{}), pairs.dropout(0.5), 200);
  check_exact_on(game, by(Banzhaf{}, SharedCoalition{.paired = true}), pairs.dropout(0.5), 80);
  check_exact_on(game, by(Shapley{}, Permutation{.antithetic = true}), pairs.shapley(), 80);
}

TEST_CASE("leave-one-out is exact at n + 1 evaluations", "[designs]") {
  const QuadraticGame game = quadratic(50);
  const Estimate e = estimate(AnyGame(game), LeaveOneOut{});
  CHECK(e.evaluations == 51);
  CHECK(e.stopped == Stopped::finished);
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(e.values[i] == Approx(game.dropout(1.0)[i]).margin(1e-10));
    CHECK(e.standard_errors[i] == 0.0);
  }
}

TEST_CASE("efficient designs share out what there is", "[designs]") {
  const AnyGame game = any_game(12, rough);
  const double all = game(Coalition::grand(12)) - game(Coalition(12));
  const auto check = [&](const AnyEstimator& estimator) {
    const Estimate e = estimator(game, {.evaluations = 300});
    double sum = 0.0;
    for (const double value : e.values)
      sum += value;
    CAPTURE(e.design);
    CHECK(sum == Approx(all).margin(1e-9));
  };
  check(by(Shapley{}, KernelShap{}));
  check(by(Shapley{}, LeverageShap{}));
  check(by(Shapley{}, Surrogate{}));
  check(by(Shapley{}, UnbiasedKernelShap{}));
}

TEST_CASE("the Walsh-Hadamard transform twice is the length times the identity", "[designs]") {
  for (const std::size_t length : {1u, 2u, 8u, 32u, 64u, 512u, 4096u, 16384u}) {
    CAPTURE(length);
    std::vector<double> x(length, 0.0);
    x[0] = 1.0;
    math::walsh_hadamard(x);
    CHECK(std::all_of(x.begin(), x.end(), [](double value) { return value == 1.0; }));
    // Of all players together: the sign is that of their number, which no exchange of bits changes.
    std::fill(x.begin(), x.end(), 0.0);
    x.back() = 1.0;
    math::walsh_hadamard(x);
    bool signs = true;
    for (std::size_t k = 0; k < length; ++k)
      signs = signs && x[k] == (std::popcount(k) % 2 == 0 ? 1.0 : -1.0);
    CHECK(signs);
    for (std::size_t k = 0; k < length; ++k)
      x[k] = static_cast<double>(k * 7919 % 101);
    const std::vector<double> before(x);
    math::walsh_hadamard(x);
    math::walsh_hadamard(x);
    bool same = true;
    for (std::size_t k = 0; k < length; ++k)
      same = same && x[k] == before[k] * static_cast<double>(length);
    CHECK(same);
  }
}

TEST_CASE("many values are guessed from as the kernel's inverse says", "[designs]") {
  constexpr std::size_t n = 10;
  constexpr double decay = 0.15;
  // The covariance of two values by the players in which their coalitions differ.
  std::vector<double> covariance(n + 1, 0.0);
  for (std::size_t differ = 0; differ <= n; ++differ) {
    for (std::size_t t = 0; t < std::size_t{1} << n; ++t) {
      const int order = std::popcount(t);
      const bool odd = std::popcount(t & ((std::size_t{1} << differ) - 1)) % 2 == 1;
      covariance[differ] += (odd ? -1.0 : 1.0) * std::pow(decay, order) * (order < 2 ? 10.0 : 1.0);
    }
  }
  const auto between = [&](std::uint32_t a, std::uint32_t b) {
    return covariance[static_cast<std::size_t>(std::popcount(a ^ b))] / covariance[0];
  };
  detail::SpectralSurrogate surrogate(n, decay, false);
  for (const Eigen::Index rows : {200, 800}) {  // solved by a factor, and by iteration
    CAPTURE(rows);
    std::vector<std::uint32_t> cells;
    Eigen::VectorXd values(rows);
    Eigen::MatrixXd kernel(rows, rows);
    for (Eigen::Index a = 0; a < rows; ++a) {
      cells.push_back(static_cast<std::uint32_t>(a * 389 % 1024));
      values[a] = std::tanh(0.7 * std::sin(static_cast<double>(cells.back())) +
                            0.3 * std::popcount(cells.back()) - 1.5);
      for (Eigen::Index b = 0; b <= a; ++b)
        kernel(a, b) = kernel(b, a) = between(cells.back(), cells[static_cast<std::size_t>(b)]);
      kernel(a, a) += 1e-6;
    }
    const Eigen::VectorXd weights = kernel.llt().solve(values);
    surrogate.set_rows(cells);
    const auto guess =
        surrogate.fit(std::span(values.data(), static_cast<std::size_t>(values.size())));
    double worst = 0.0;
    for (std::uint32_t cell = 0; cell < 1024; ++cell) {
      double expected = 0.0;
      for (Eigen::Index a = 0; a < rows; ++a)
        expected += weights[a] * between(cell, cells[static_cast<std::size_t>(a)]);
      worst = std::max(worst, std::abs(guess[cell] - expected));
    }
    CHECK(worst < (rows == 200 ? 1e-9 : 3e-3));
  }
}

TEST_CASE("rounding of values moves an estimate no more than that", "[designs]") {
  // As when a network is evaluated in batches instead of along chains.
  const auto smooth = [](const Coalition& s) {
    double x = -0.4;
    s.for_each([&](Player p) { x += 0.3 * std::sin(static_cast<double>(p * p + 1)); });
    return std::tanh(x) + (s.contains(0) && s.contains(3) ? 0.2 : 0.0);
  };
  const AnyGame game = tabled(any_game(13, smooth));
  const AnyGame rounded = tabled(any_game(
      13, [&](const Coalition& s) { return static_cast<double>(static_cast<float>(smooth(s))); }));
  for (const AnyEstimator& estimator :
       {by(Shapley{}, Surrogate{}), by(Banzhaf{}, Surrogate{}), by(Dropout{0.3}, Surrogate{})}) {
    for (const std::size_t evaluations : {65u, 260u, 1300u, 3900u}) {
      const EstimateOptions options{.evaluations = evaluations, .seed = 3};
      const Estimate a = estimator(game, options);
      const Estimate b = estimator(rounded, options);
      CAPTURE(a.law, evaluations);
      for (std::size_t p = 0; p < 13; ++p)
        CHECK(std::abs(a.values[p] - b.values[p]) < 1e-5);
    }
  }
}

TEST_CASE("drawn without repetition, all coalitions leave nothing to chance", "[designs]") {
  const AnyGame game = any_game(8, rough);
  const auto check = [&](const AnyEstimator& estimator) {
    const std::vector<double> truth = by(estimator.law, Exact{})(game).values;
    const Estimate e = estimator(game, {.evaluations = 256, .enumerate_small = false});
    CAPTURE(e.law, e.design);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      CHECK(e.values[i] == Approx(truth[i]).margin(1e-9));
      CHECK(e.standard_errors[i] == Approx(0.0).margin(1e-9));
    }
  };
  check(by(Shapley{}, LeverageShap{}));
  check(by(Shapley{}, Surrogate{}));
  check(by(Banzhaf{}, Surrogate{}));
  check(by(Dropout{0.3}, Surrogate{}));
}

TEST_CASE("a sample without repetition has none", "[designs]") {
  const auto draw_all = [](std::size_t players, bool paired, std::size_t count, std::size_t parts) {
    const std::vector<double> sizes = detail::tossed_sizes(players, 0.5);
    detail::DistinctCoalitions plan(sizes, paired, 7);
    std::size_t added = 0;
    for (std::size_t part = 0; part < parts; ++part)
      added += plan.extend(count * (part + 1) / parts - count * part / parts);
    CHECK(added == plan.size());
    std::vector<double> drawn(players + 1, 0.0);
    std::set<std::vector<Player>> seen;
    std::vector<Player> order;
    Coalition coalition(players);
    for (std::size_t k = 0; k < plan.size(); ++k) {
      RandomStream random(1, k);
      plan.coalition(k, random, order, coalition);
      REQUIRE(seen.insert(coalition.members()).second);
      if (paired) REQUIRE(seen.insert(coalition.complement().members()).second);
      drawn[coalition.size()] += 0.5;
      drawn[paired ? players - coalition.size() : coalition.size()] += 0.5;
    }
    // Whether at once or in parts, each size has what is expected of it, but for rounding.
    for (std::size_t s = 0; s <= (paired ? players / 2 : players); ++s)
      CHECK(std::abs(drawn[s] - plan.expected(s)) < (parts == 1 ? 1.0 : 2.0) + 1e-9);
    return plan.size();
  };
  for (const std::size_t parts : {1u, 2u, 5u}) {
    CHECK(draw_all(9, false, 512, parts) == 512);  // all that there are
    CHECK(draw_all(9, true, 256, parts) == 256);
    CHECK(draw_all(8, true, 128, parts) == 128);
    CHECK(draw_all(8, true, 1000, parts) == 128);
    CHECK(draw_all(12, false, 1000, parts) == 1000);
    CHECK(draw_all(12, true, 1000, parts) == 1000);
    CHECK(draw_all(70, true, 500, parts) == 500);
  }
}

TEST_CASE("laws and designs that do not go together say why", "[designs]") {
  const AnyGame game(AdditiveGame({1, 2, 3, 4, 5}));
  const EstimateOptions options{.evaluations = 31};
  CHECK(error_text([&] { by(Dropout{0.3}, KernelShap{})(game, options); }) ==
        "kernel-shap: expected the Shapley law, got dropout:0.3; take regression, permutation or "
        "surrogate");
  CHECK(error_text([&] { by(Dropout{0.3}, SharedCoalition{.paired = true})(game, options); }) ==
        "shared-coalition:paired: expected a law that is symmetric about 1/2, got dropout:0.3");
  CHECK(error_text([&] {
          by(BetaShapley{2, 3}, Owen{.gauss_legendre = true})(game, options);
        }) == "owen:4:gauss-legendre: expected a uniform or point law, got beta:2:3");
  // Not uniform, though a quarter and half of the way no two of them tell it from a straight line.
  const std::string expected = ":gauss-legendre: expected a uniform or point law, got ";
  for (const std::size_t points : {1u, 2u, 5u}) {
    const auto refusal = [&](const AnyLaw& law) {
      return error_text([&] { by(law, Owen{points, true})(game, options); });
    };
    CHECK(refusal(RetentionMixture{{0.2, 0.8}, {0.6, 0.4}}) ==
          detail::text("owen:", points, expected, "mixture:0.2:0.6:0.8:0.4"));
    CHECK(refusal(RetentionMixture{{0.5, 0.9}, {0.99, 0.01}}) ==
          detail::text("owen:", points, expected, "mixture:0.5:0.99:0.9:0.01"));
    CHECK(refusal(BetaShapley{2, 2}) == detail::text("owen:", points, expected, "beta:2:2"));
    CHECK(refusal(DropoutBand{0.1, 0.3}) == "");
    CHECK(refusal(BetaShapley{1, 1}) == "");
    CHECK(refusal(Dropout{0.7}) == "");
    CHECK(refusal(RetentionMixture{{0.7, 0.7}, {1, 2}}) == "");
  }
  const AnyGame large(AdditiveGame(std::vector<double>(30'000)));
  CHECK(error_text([&] {
          by(Banzhaf{}, Regression{})(large);
        }).find("expected statistics of at most 8 GB") != std::string::npos);
  // Three times 48 n^2 bytes: what is merged, and a thread's own.
  CHECK(error_text([&] {
          by(Shapley{}, Svarm{})(AnyGame(AdditiveGame(std::vector<double>(8'000))), {.threads = 2});
        }) ==
        "svarm: expected statistics of at most 8 GB, got 9.21773 GB; take fewer threads, "
        "stratified or permutation");
}

TEST_CASE("the defaults work for one to ten thousand players", "[designs]") {
  for (const std::size_t n : {1u, 2u, 3u, 5u, 17u, 300u}) {
    CAPTURE(n);
    std::vector<double> worth(n);
    for (std::size_t i = 0; i < n; ++i)
      worth[i] = static_cast<double>(i % 7) - 2.0;
    const AdditiveGame game(worth);
    const AnyGame any(game);  // without the chain rung
    const EstimateOptions options{.evaluations = 12 * n};
    const auto check = [&](const Estimate& e) {
      for (std::size_t i = 0; i < n; ++i)
        CHECK(e.values[i] == Approx(worth[i]).margin(1e-8));
    };
    check(estimate(game, Shapley{}, options));
    check(estimate(any, Shapley{}, options));
    check(estimate(any, Banzhaf{}, options));
    check(estimate(any, Dropout{0.2}, options));
    check(estimate(any, LeaveOneOut{}, options));
    check(estimate(any, DropoutBand{0.1, 0.3}, options));
  }
  const AdditiveGame large(std::vector<double>(10'000, 1.0));
  CHECK(estimate(AnyGame(large), Dropout{0.5}, {.evaluations = 30'000}).values[9'999] ==
        Approx(1.0));
  CHECK(estimate(large, Shapley{}, {.evaluations = 30'000}).values[9'999] == Approx(1.0));
}

TEST_CASE("a larger budget goes on from a smaller one's end unless the design plans by it",
          "[checkpoint]") {
  const AnyGame game = any_game(10, rough);
  const auto in_two = [&](const AnyEstimator& estimator) {
    const TemporaryFolder folder;
    EstimateOptions options{.evaluations = 300, .seed = 4, .checkpoint = folder / "state"};
    estimator(game, options);
    options.evaluations = 900;
    return estimator(game, options);
  };
  const auto goes_on = [&](const AnyEstimator& estimator) {
    const Estimate whole = estimator(game, {.evaluations = 900, .seed = 4});
    const Estimate second = in_two(estimator);
    CAPTURE(second.design);
    CHECK(second.values == whole.values);
    CHECK(second.standard_errors == whole.standard_errors);
    CHECK(second.evaluations == whole.evaluations);
  };
  goes_on(by(Dropout{0.3}, Regression{}));
  goes_on(by(Shapley{}, KernelShap{}));
  goes_on(by(Shapley{}, UnbiasedKernelShap{}));
  const auto refuses = [&](const AnyEstimator& estimator) {
    const std::string said = error_text([&] { in_two(estimator); });
    const std::string to = ", planned for 900, got a run of 10 players, ";
    const std::string from = ", planned for 300";
    CAPTURE(said);
    CHECK(said.find("checkpoint: expected a run of 10 players, " + estimator.law.name()) == 0);
    CHECK(said.find(" by " + estimator.design + ", seed 4, ") < said.find(to));
    CHECK(said.find(to) != std::string::npos);
    CHECK(said.find(from) == said.size() - from.size());
  };
  refuses(by(Shapley{}, Surrogate{}));
  refuses(by(Shapley{}, LeverageShap{}));
  refuses(by(Shapley{}, Stratified{}));
  refuses(by(Dropout{0.3}, Stratified{.neyman = false, .pilot = 3}));
  CHECK(Stratified{}.name() != Stratified{.pilot = 3}.name());
}

TEST_CASE("SVARM stopped while it asks for what all units share knows nothing", "[designs]") {
  for (const std::size_t last_call : {1u, 2u, 9u, 25u, 26u}) {
    std::stop_source source;
    std::size_t calls = 0;
    const AnyGame game = any_game(12, [&](const Coalition& s) {
      if (++calls == last_call) source.request_stop();
      return rough(s);
    });
    const Estimate e = by(Shapley{}, Svarm{})(
        game, {.evaluations = 500, .threads = 1, .stop = source.get_token()});
    CAPTURE(last_call);
    CHECK(e.stopped == Stopped::request);
    CHECK(e.standard_errors == std::vector<double>(12, HUGE_VAL));
  }
}

TEST_CASE("intervals from strata know how few values each of them rests on", "[designs]") {
  math::VarianceOfMeans variance;
  CHECK(std::isinf(variance.degrees_of_freedom()));
  variance.add(5, 3.0);
  CHECK(variance.degrees_of_freedom() == 4.0);
  variance.add(5, 3.0);
  CHECK(variance.degrees_of_freedom() == 8.0);  // like variances: all of their freedom
  variance.add(1'000, 0.0);
  CHECK(variance.degrees_of_freedom() == 8.0);
  variance.add(2, 60.0);
  CHECK(variance.degrees_of_freedom() == 1.0);  // one that outweighs the others: its own
  CHECK(variance.sum() == 66.0);

  const AnyGame game = any_game(12, rough);
  const auto freedom = [&](const AnyEstimator& estimator, std::size_t evaluations) {
    return estimator(game, {.evaluations = evaluations}).degrees_of_freedom;
  };
  // One stratum of three units.
  CHECK(freedom(by(Shapley{}, Stratified{.neyman = false}), 3 * 24) == 2.0);
  for (const auto& estimator : {by(Shapley{}, Stratified{}), by(Shapley{}, Svarm{})}) {
    CAPTURE(estimator.design);
    const double few = freedom(estimator, 300);
    CHECK(few >= 1.0);
    CHECK(few < 300);
    CHECK(freedom(estimator, 4'000) > few);
  }
}

TEST_CASE("a rule ends a sample without repetition where its error is what was asked",
          "[designs]") {
  // Half of all pairs are planned, of small coalitions all: what the plan will hold is not there at
  // the first look. The mean of 200 squared errors in units of what was asked has mean at most 1
  // and, of normal ones, spread sqrt(2 / 200); the largest of 20 stays within 4.5 of these.
  constexpr int runs = 200;
  const double most = 1.0 + 4.5 * std::sqrt(2.0 / runs);
  const auto check = [&](std::size_t players, std::size_t evaluations, double asked,
                         const AnyEstimator& estimator) {
    const AnyGame game = tabled(any_game(players, rough));
    const std::vector<double> truth = by(estimator.law, Exact{})(game).values;
    std::vector<double> squares(players, 0.0);
    double spent = 0.0;
    for (std::uint64_t seed = 0; seed < runs; ++seed) {
      const Estimate e = estimator(game, {.evaluations = evaluations,
                                          .seed = seed,
                                          .threads = 1,
                                          .enumerate_small = false,
                                          .standard_error = asked});
      REQUIRE(e.stopped == Stopped::standard_error);
      spent += static_cast<double>(e.evaluations) / runs;
      for (std::size_t p = 0; p < players; ++p)
        squares[p] += std::pow((e.values[p] - truth[p]) / asked, 2) / runs;
    }
    CAPTURE(estimator.design, estimator.law.name(), spent);
    CHECK(spent < 0.8 * static_cast<double>(evaluations));
    CHECK(*std::max_element(squares.begin(), squares.end()) < most);
  };
  check(17, 3'000, 0.15, by(Shapley{}, LeverageShap{}));
  check(17, 3'000, 0.15, by(Shapley{}, Surrogate{}));
  check(17, 3'000, 0.05, by(Banzhaf{}, Surrogate{}));
  check(17, 3'000, 0.05, by(Dropout{0.3}, Surrogate{}));
}

TEST_CASE("covariance of chosen players is that of their values", "[designs]") {
  const AnyGame game = any_game(12, rough);
  const auto check = [&](const AnyEstimator& estimator) {
    const Estimate e = estimator(game, {.evaluations = 600, .covariance_of = {3, 8}});
    REQUIRE(e.covariance.size() == 4);
    CAPTURE(e.design);
    CHECK(std::sqrt(e.covariance[0]) == Approx(e.standard_errors[3]));
    CHECK(std::sqrt(e.covariance[3]) == Approx(e.standard_errors[8]));
    CHECK(e.covariance[1] == Approx(e.covariance[2]));
    CHECK(std::abs(e.covariance[1]) <= e.standard_errors[3] * e.standard_errors[8]);
  };
  check(by(Shapley{}, Permutation{}));
  check(by(Shapley{}, SharedCoalition{}));
  check(by(Dropout{0.3}, Regression{}));
  check(by(Shapley{}, LeverageShap{}));
  check(by(Shapley{}, AdjustedReuse{}));
}

TEST_CASE("the uncertainty band is where random coalitions are undecided", "[band]") {
  // A vote by simple majority of 41 is decided at once away from 1/2.
  const AnyGame vote(MajorityGame(41, 21));
  const UncertaintyBand band = uncertainty_band(vote, {.coalitions = 400});
  CHECK(band.peak == Approx(0.5).margin(0.06));
  CHECK(band.low > 0.3);
  CHECK(band.high < 0.7);
  CHECK(std::is_sorted(band.retentions.begin(), band.retentions.end()));
  CHECK(band.retentions.size() == 15);
  CHECK(band.evaluations == 15 * 400);
  CHECK(band.mean.front() == 0.0);
  CHECK(band.mean.back() == Approx(1.0));
  CHECK(band.dropout().retention == band.peak);
  CHECK(band.law().low == band.low);

  // Spread of a sum of 100 independent halves: sqrt(n p (1-p)).
  const AnyGame sum(AdditiveGame(std::vector<double>(100, 1.0)));
  UncertaintyBandOptions options{.retentions = {0.2, 0.5}, .coalitions = 1000, .refinements = 0};
  options.threads = 1;
  const UncertaintyBand one = uncertainty_band(sum, options);
  for (std::size_t k = 0; k < 2; ++k) {
    const double p = one.retentions[k];
    CHECK(std::abs(one.mean[k] - 100 * p) < 5 * one.mean_errors[k]);
    CHECK(std::abs(one.spread[k] - std::sqrt(100 * p * (1 - p))) < 5 * one.spread_errors[k]);
  }
  options.threads = 3;
  CHECK(uncertainty_band(sum, options).spread == one.spread);
  options.coalitions = 1;
  CHECK(error_text([&] { uncertainty_band(sum, options); }) ==
        "uncertainty_band: expected at least 2 coalitions a point, got 1");
}
