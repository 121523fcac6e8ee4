// What an estimate says of itself: covariances, looks, and what becomes of a run that is cut short.

#include "by.hpp"
#include "catch.hpp"

#include <cmath>
#include <vector>

using namespace gtap;

namespace {

double bent(const Coalition& s) {
  double x = -0.4;
  s.for_each([&](Player p) { x += 0.2 + 0.05 * p; });
  return std::tanh(x) + (s.contains(0) && s.contains(3) ? 0.5 : 0.0);
}

/// The estimated covariance matrix against the spread of many runs' estimates.
void check_covariance(const AnyGame& game, const AnyEstimator& estimator, std::size_t evaluations,
                      int runs) {
  const std::size_t n = game.players();
  std::vector<Player> all(n);
  for (Player p = 0; p < n; ++p)
    all[p] = p;
  Moments spread(n, all);
  std::vector<double> claimed(n * n, 0.0);
  double units = 0.0;
  for (int run = 0; run < runs; ++run) {
    const Estimate e = estimator(game, {.evaluations = evaluations,
                                        .seed = static_cast<std::uint64_t>(run),
                                        .threads = 1,
                                        .enumerate_small = false,
                                        .covariance_of = all});
    REQUIRE(e.covariance.size() == n * n);
    spread.add(e.values);
    units = static_cast<double>(e.samples);
    for (std::size_t a = 0; a < n; ++a) {
      CHECK(e.covariance[a * n + a] ==
            Approx(e.standard_errors[a] * e.standard_errors[a]).epsilon(1e-9).margin(1e-15));
      for (std::size_t b = 0; b < n; ++b)
        claimed[a * n + b] += e.covariance[a * n + b] / runs;
    }
  }
  Estimate truth;
  spread.summarise(truth);
  CAPTURE(estimator.design, estimator.law.name());
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = 0; b < n; ++b) {
      const auto variance = [&](std::size_t p) { return truth.covariance[p * n + p] * runs; };
      const double scale = std::sqrt(variance(a) * variance(b));
      CAPTURE(a, b, scale);
      // A covariance of so many runs is known to scale x sqrt(2 / runs) at most; the estimated one
      // has a bias of the order of 1 / units.
      CHECK(std::abs(claimed[a * n + b] - truth.covariance[a * n + b] * runs) <=
            (4.0 * std::sqrt(2.0 / runs) + 2.0 / units) * scale);
    }
  }
}

}  // namespace

TEST_CASE("covariances are those of the values", "[honest]") {
  const AnyGame game = tabled(any_game(6, bent));
  constexpr int runs = 400;
  check_covariance(game, by(Banzhaf{}, SampleReuse{}), 400, runs);
  check_covariance(game, by(Dropout{0.3}, SampleReuse{}), 400, runs);
  check_covariance(game, by(Banzhaf{}, SampleReuse{.paired = true}), 400, runs);
  check_covariance(game, by(Dropout{0.3}, SampleReuse{.paired = true}), 400, runs);
  check_covariance(game, by(Dropout{0.8}, SampleReuse{.paired = true}), 400, runs);
  check_covariance(game, by(Shapley{}, Svarm{}), 800, runs);
  check_covariance(game, by(Shapley{}, Stratified{.neyman = false}), 800, runs);
  check_covariance(game, by(Shapley{}, SharedCoalition{}), 400, runs);
  check_covariance(game, by(Shapley{}, Permutation{}), 400, runs);
  check_covariance(game, by(Shapley{}, Permutation{.antithetic = true}), 800, runs);
  check_covariance(game, by(DropoutBand{0.2, 0.5}, ShortChains{3}), 400, runs);
  check_covariance(game, by(Shapley{}, Owen{.points = 3}), 800, runs);
  check_covariance(game, by(Banzhaf{}, Regression{}), 200, runs);
  check_covariance(game, by(Shapley{}, KernelShap{}), 400, runs);
  check_covariance(game, by(Shapley{}, UnbiasedKernelShap{}), 400, runs);
  check_covariance(game, by(Shapley{}, AdjustedReuse{}), 200, runs);
  // Without repetition, so from many more coalitions than evaluations.
  const AnyGame larger = tabled(any_game(10, bent));
  check_covariance(larger, by(Shapley{}, LeverageShap{}), 250, runs);
  check_covariance(larger, by(Shapley{}, Surrogate{}), 250, runs);
  check_covariance(larger, by(Banzhaf{}, Surrogate{}), 250, runs);
  check_covariance(larger, by(Dropout{0.3}, Surrogate{}), 250, runs);
}

TEST_CASE("what is exact has covariances of zero", "[honest]") {
  const AnyGame game = any_game(6, bent);
  const EstimateOptions options{.evaluations = 64, .covariance_of = {5, 0}};
  for (const Estimate& e :
       {estimate(game, Shapley{}, options), by(LeaveOneOut{}, SharedCoalition{})(game, options)}) {
    CHECK(e.covariance_players == std::vector<Player>{5, 0});
    CHECK(e.covariance == std::vector<double>(4, 0.0));
  }
}

TEST_CASE("pairs of sample reuse cancel what is odd about the middle", "[honest]") {
  // Equal on complements: a pair under Banzhaf knows that nobody is worth anything.
  const AnyGame even = any_game(8, [](const Coalition& s) {
    const double x = static_cast<double>(s.size()) - 4.0;
    return x * x;
  });
  const Estimate pairs = by(Banzhaf{}, SampleReuse{.paired = true})(
      even, {.evaluations = 100, .enumerate_small = false});
  CHECK(pairs.samples == 50);
  CHECK(pairs.evaluations == 100);
  for (std::size_t p = 0; p < 8; ++p) {
    CHECK(pairs.values[p] == Approx(0.0).margin(1e-12));
    CHECK(pairs.standard_errors[p] == Approx(0.0).margin(1e-7));
  }
  // Not so for another retention probability, and unbiased all the same.
  const std::vector<double> truth = by(Dropout{0.3}, Exact{})(even).values;
  const AnyEstimator paired = by(Dropout{0.3}, SampleReuse{.paired = true});
  Moments moments(8);
  for (std::uint64_t seed = 0; seed < 500; ++seed)
    moments.add(
        paired(even, {.evaluations = 200, .seed = seed, .threads = 1, .enumerate_small = false})
            .values);
  Estimate mean;
  moments.summarise(mean);
  for (std::size_t p = 0; p < 8; ++p)
    CHECK(std::abs(mean.values[p] - truth[p]) <= 4.0 * mean.standard_errors[p]);
}

TEST_CASE("intervals share their error over the looks", "[honest]") {
  const AnyGame game = any_game(10, bent);
  const AnyEstimator shared_coalition = by(Shapley{}, SharedCoalition{});
  const EstimateOptions options{
      .evaluations = 500'000, .enumerate_small = false, .half_width = 0.005};
  const Estimate e = shared_coalition(game, options);
  CHECK(e.stopped == Stopped::half_width);
  CHECK(e.looks > 1);
  const auto r = static_cast<double>(e.looks);
  for (Player p = 0; p < 10; ++p) {
    const Estimate::Interval shared = e.interval_over_looks(p);
    const Estimate::Interval plain = e.interval(p, 1.0 - 0.05 / (r * (r + 1.0)));
    CHECK(shared.low == plain.low);
    CHECK(shared.high == plain.high);
    CHECK(shared.high - shared.low <= 0.01);
    CHECK(e.interval(p).high < shared.high);
  }
  CHECK(shared_coalition(game, {.evaluations = 2'000, .enumerate_small = false}).looks == 0);
}

TEST_CASE("intervals that end a run hold as often as they say", "[honest]") {
  const AnyGame game = tabled(any_game(6, bent));
  const std::vector<double> truth = by(Shapley{}, Exact{})(game).values;
  const AnyEstimator shared_coalition = by(Shapley{}, SharedCoalition{});
  constexpr int runs = 300;
  int missed = 0;
  for (int run = 0; run < runs; ++run) {
    const Estimate e = shared_coalition(game, {.evaluations = 100'000,
                                               .seed = static_cast<std::uint64_t>(run),
                                               .threads = 1,
                                               .enumerate_small = false,
                                               .half_width = 0.06,
                                               .confidence = 0.9});
    REQUIRE(e.stopped == Stopped::half_width);
    const Estimate::Interval interval = e.interval_over_looks(2, 0.9);
    missed += interval.low > truth[2] || interval.high < truth[2] ? 1 : 0;
  }
  // Three standard deviations above one run in ten.
  CHECK(missed <= 0.1 * runs + 3.0 * std::sqrt(0.1 * 0.9 * runs));
}

TEST_CASE("samples that agree do not make a player certain", "[honest]") {
  // Player 0 matters where nine others are all in: about one coalition in five hundred.
  const AnyGame game = any_game(20, [](const Coalition& s) {
    bool all = true;
    for (Player p = 0; p < 10; ++p)
      all = all && s.contains(p);
    return (all ? 100.0 : 0.0) + (s.contains(11) && s.contains(12) ? 150.0 : 0.0);
  });
  const double truth = 100.0 / 512.0;
  int missed = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Estimate e = by(Banzhaf{}, SharedCoalition{})(
        game, {.evaluations = 40 * 21, .seed = seed, .threads = 1, .covariance_of = {0}});
    CHECK(e.covariance[0] ==
          Approx(e.standard_errors[0] * e.standard_errors[0]).epsilon(1e-9).margin(1e-15));
    if (e.values[0] == 0.0) {
      const double half = 150.0 * (1.0 - std::pow(0.05, 1.0 / 40.0));
      CHECK(e.interval(0).high == Approx(half).epsilon(1e-3));
    }
    missed += e.interval(0).low > truth || e.interval(0).high < truth ? 1 : 0;
  }
  // One in twenty, and three standard deviations.
  CHECK(missed <= 10 + 9);
}
