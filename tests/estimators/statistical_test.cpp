// What holds on average over many runs. Seeds are fixed, bounds are derived from the runs' own
// spread.

#include <gtap/games/classic.hpp>
#include <gtap/games/closed_form.hpp>

#include "by.hpp"
#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

using namespace gtap;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int runs = 50;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr int runs = 50;
#else
constexpr int runs = 2000;
#endif
#else
constexpr int runs = 2000;
#endif

EstimateOptions options(std::size_t evaluations, int run) {
  return {.evaluations = evaluations,
          .seed = static_cast<std::uint64_t>(run) + 1,
          .threads = 1,
          .enumerate_small = false};
}

/// Mean and spread of the estimates of each player over many runs.
struct Runs {
  std::vector<double> mean;
  std::vector<double> error;  // of the mean
};

Runs repeat(const AnyGame& game, const AnyEstimator& estimator, std::size_t evaluations) {
  const std::size_t n = game.players();
  Moments moments(n);
  for (int run = 0; run < runs; ++run)
    moments.add(estimator(game, options(evaluations, run)).values);
  Estimate summary;
  moments.summarise(summary);
  return {summary.values, summary.standard_errors};
}

std::vector<double> true_values(const AnyGame& game, const AnyLaw& law) {
  return by(law, Exact{})(game).values;
}

void check_unbiased(const AnyGame& game, const AnyEstimator& estimator, std::size_t evaluations) {
  CAPTURE(estimator.law.name(), estimator.design);
  const std::vector<double> truth = true_values(game, estimator.law);
  const Runs result = repeat(game, estimator, evaluations);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    CAPTURE(i, truth[i], result.mean[i], result.error[i]);
    CHECK(std::abs(result.mean[i] - truth[i]) <= 4.0 * result.error[i] + 1e-12);
  }
}

/// Every unbiased design that serves the law.
void check_all_unbiased(const AnyGame& game, const AnyLaw& law) {
  const std::size_t n = game.players();
  check_unbiased(game, by(law, Permutation{}), 2 + 6 * (n - 1));
  check_unbiased(game, by(law, Permutation{.antithetic = true}), 2 + 6 * (n - 1));
  check_unbiased(game, by(law, ShortChains{2}), 8 * n);
  check_unbiased(game, by(law, ShortChains{3}), 8 * n);
  check_unbiased(game, by(law, Stratified{.neyman = false, .pilot = 2}), 16 * n);
  check_unbiased(game, by(law, AdjustedReuse{}), 12 * n);
  if (law.has_quantile()) {
    check_unbiased(game, by(law, SharedCoalition{}), 4 * (n + 1));
    check_unbiased(game, by(law, Owen{.points = 3}), 6 * (n + 1));
  }
  if (!law.retention() || *law.retention() >= 1.0) return;
  check_unbiased(game, by(law, SampleReuse{}), 30 * n);
  check_unbiased(game, by(law, SampleReuse{.paired = true}), 30 * n);
}

/// Those that serve some laws only.
void check_others_unbiased(const AnyGame& game) {
  const std::size_t n = game.players();
  for (const AnyLaw& law : {AnyLaw(Shapley{}), AnyLaw(Banzhaf{})})
    check_unbiased(game, by(law, SharedCoalition{.paired = true}), 4 * (n + 1));
  check_unbiased(game, by(Shapley{}, UnbiasedKernelShap{}), 10 * n);
}

void check_laws(const AnyGame& game) {
  check_all_unbiased(game, Shapley{});
  check_all_unbiased(game, Banzhaf{});
  check_all_unbiased(game, Dropout{0.3});
  check_all_unbiased(game, DropoutBand{0.2, 0.6});
  check_all_unbiased(game, BetaShapley{4, 1});
  check_all_unbiased(game, RetentionMixture{{0.2, 0.9}, {2, 1}});
  check_all_unbiased(game, LeaveOneOut{});
  std::vector<double> by_size(game.players(), 1.0);  // one's own weights, a size not asked for
  by_size.front() = 0.0;
  by_size[game.players() / 2] = 3.0;
  check_all_unbiased(game, SizeLaw{by_size});
  check_others_unbiased(game);
}

/// Ten players with interactions of every order, as a table.
AnyGame rough_game(std::size_t players) {
  RandomStream random(99, players);
  std::vector<double> weights(players);
  std::vector<double> pairs(players * players);
  for (double& w : weights)
    w = random.normal();
  for (double& w : pairs)
    w = 0.4 * random.normal();
  std::vector<double> table(std::size_t{1} << players);
  for (std::size_t bits = 0; bits < table.size(); ++bits) {
    double z = -0.3;
    for (std::size_t i = 0; i < players; ++i) {
      if ((bits >> i & 1) == 0) continue;
      z += weights[i];
      for (std::size_t j = 0; j < i; ++j)
        z += (bits >> j & 1) != 0 ? pairs[i * players + j] : 0.0;
    }
    table[bits] = 1.0 / (1.0 + std::exp(-z));
  }
  return any_game(players, [table](const Coalition& s) { return table[s.words()[0]]; });
}

/// Ten players each: a smooth game, a vote and gloves, whose steps many random coalitions see. A
/// hundred samples cannot know of what happens in one coalition of a thousand.
const std::vector<AnyGame>& ten_player_games() {
  static const std::vector<AnyGame> games{
      rough_game(10), tabled(WeightedVotingGame(25, {10, 10, 10, 8, 5, 5, 4, 3, 3, 2})),
      tabled(GloveGame(5, 5))};
  return games;
}

/// The share of 95% intervals that hold the truth, pooled over the players of the games. Where no
/// run knows of an error, every run must be exact.
void check_coverage(const AnyEstimator& estimator, std::size_t evaluations) {
  CAPTURE(estimator.law.name(), estimator.design, evaluations);
  std::vector<double> held(runs, 0.0);  // by each run
  double cells = 0.0;
  for (const AnyGame& game : ten_player_games()) {
    const std::vector<double> truth = true_values(game, estimator.law);
    std::vector<std::vector<double>> holds(truth.size());
    std::vector<double> error(truth.size(), 0.0);
    std::vector<double> worst(truth.size(), 0.0);
    for (int run = 0; run < runs; ++run) {
      const Estimate e = estimator(game, options(evaluations, run));
      for (Player i = 0; i < truth.size(); ++i) {
        const auto interval = e.interval(i);
        holds[i].push_back(interval.low <= truth[i] && truth[i] <= interval.high ? 1.0 : 0.0);
        error[i] = std::max(error[i], e.standard_errors[i]);
        worst[i] = std::max(worst[i], std::abs(e.values[i] - truth[i]));
      }
    }
    for (Player i = 0; i < truth.size(); ++i) {
      if (error[i] <= 1e-9) {
        CHECK(worst[i] <= 1e-9);
        continue;
      }
      cells += 1.0;
      for (std::size_t run = 0; run < held.size(); ++run)
        held[run] += holds[i][run];
    }
  }
  Moments share(1);
  for (const double h : held)
    share.add(std::vector<double>{h / cells});
  Estimate pooled;
  share.summarise(pooled);
  // Few runs leave room for chance. Players of one run go together, so it is told by whole runs.
  const double room = runs < 2000 ? 4.0 * pooled.standard_errors[0] : 0.0;
  CAPTURE(pooled.values[0], room);
  CHECK(pooled.values[0] >= 0.93 - room);
  CHECK(pooled.values[0] <= 0.97 + room);
}

}  // namespace

TEST_CASE("unbiased designs are unbiased: airport", "[statistical]") {
  check_laws(tabled(AirportGame({1, 3, 6, 10})));
}
TEST_CASE("unbiased designs are unbiased: vote of six", "[statistical]") {
  check_laws(tabled(WeightedVotingGame(12, {4, 4, 4, 2, 2, 1})));
}
TEST_CASE("unbiased designs are unbiased: majority", "[statistical]") {
  check_laws(tabled(MajorityGame(7, 4)));
}
TEST_CASE("unbiased designs are unbiased: gloves and bankruptcy", "[statistical]") {
  check_laws(tabled(GloveGame(2, 3)));
  check_laws(tabled(BankruptcyGame(200, {100, 200, 300, 50})));
}
TEST_CASE("unbiased designs are unbiased: ten-player unanimity", "[statistical]") {
  // Where equal-weight Owen grids with end points go wrong.
  const AnyGame game = tabled(UnanimityGame(10, {{Coalition::grand(10), 1.0}}));
  check_unbiased(game, by(Shapley{}, Owen{.points = 10}), 2 * 110);
  check_unbiased(game, by(Shapley{}, Owen{.points = 5, .gauss_legendre = true}), 4 * 55);
  check_unbiased(game, by(Shapley{}, Permutation{}), 200);
}
TEST_CASE("unbiased designs are unbiased: pairs and a linear read-out", "[statistical]") {
  check_laws(tabled(QuadraticGame({1, -2, 0.5, 3}, {0, 1, -2, 0.5, 1, 0, 0.5, -1,  //
                                                    -2, 0.5, 0, 2, 0.5, -1, 2, 0})));
  check_laws(tabled(LinearReadoutGame({0.1, 1.7, -0.3}, std::vector<double>{0.3, 0.9, 0.2},
                                      std::vector<double>{1, .1, .2, .1, 1, .3, .2, .3, 1})));
}

TEST_CASE("the bias of consistent designs falls with the evaluations", "[statistical]") {
  // Four times the evaluations leave a quarter of the bias; chance is told by the runs' spread.
  const auto check = [](const AnyGame& game, const AnyEstimator& estimator,
                        std::size_t evaluations) {
    CAPTURE(estimator.law.name(), estimator.design);
    const std::vector<double> truth = true_values(game, estimator.law);
    const Runs few = repeat(game, estimator, evaluations);
    const Runs many = repeat(game, estimator, 4 * evaluations);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      CAPTURE(i, truth[i], few.mean[i], few.error[i], many.mean[i], many.error[i]);
      const double bias = std::abs(few.mean[i] - truth[i]);
      CHECK(std::abs(many.mean[i] - truth[i]) <=
            bias / 4.0 + 4.0 * std::hypot(many.error[i], few.error[i] / 4.0) + 1e-12);
    }
  };
  const AnyGame airport = tabled(AirportGame({1, 3, 6, 10, 11, 19}));
  check(airport, by(Banzhaf{}, Regression{}), 40);
  check(airport, by(Dropout{0.3}, Regression{}), 40);
  check(airport, by(Shapley{}, KernelShap{}), 40);
  check(airport, by(Shapley{}, Stratified{.pilot = 2}), 160);  // enough for a stratum each size
  check(airport, by(Shapley{}, Svarm{}), 120);
  // Drawn without repetition, from many more coalitions than evaluations.
  const AnyGame mixed = rough_game(10);
  check(mixed, by(Shapley{}, LeverageShap{}), 60);
  check(mixed, by(Shapley{}, Surrogate{}), 60);
  check(mixed, by(Dropout{0.3}, Surrogate{}), 60);
}

TEST_CASE("intervals cover", "[statistical]") {
  // 125 independent samples of every design, in evaluations; 30 a stratum where there are strata.
  constexpr std::size_t samples = 125;
  constexpr std::size_t n = 10;
  check_coverage(by(Shapley{}, Permutation{}), 2 + samples * (n - 1));
  check_coverage(by(Dropout{0.3}, Permutation{}), 2 + samples * (n - 1));
  check_coverage(by(Shapley{}, Permutation{.antithetic = true}), 2 + samples * 2 * (n - 1));
  check_coverage(by(DropoutBand{0.2, 0.5}, ShortChains{3}), samples * 16);
  check_coverage(by(Shapley{}, SharedCoalition{}), samples * (n + 1));
  check_coverage(by(Dropout{0.3}, SharedCoalition{}), samples * (n + 1));
  check_coverage(by(Banzhaf{}, SharedCoalition{.paired = true}), samples * 2 * (n + 1));
  check_coverage(by(Shapley{}, Owen{.points = 4}), samples * 4 * (n + 1));
  check_coverage(by(Shapley{}, Owen{.points = 5, .gauss_legendre = true}), samples * 5 * (n + 1));
  check_coverage(by(Shapley{}, Stratified{.neyman = false, .pilot = 30}), samples * 2 * n);
  check_coverage(by(Shapley{}, Stratified{.pilot = 30}), 2 * samples * 2 * n);
  check_coverage(by(Shapley{}, Svarm{}), 30 * n * n);
  check_coverage(by(Banzhaf{}, SampleReuse{}), samples);
  check_coverage(by(Dropout{0.3}, SampleReuse{}), samples);
  check_coverage(by(Banzhaf{}, SampleReuse{.paired = true}), samples * 2);
  check_coverage(by(Banzhaf{}, AdjustedReuse{}), samples);
  check_coverage(by(Shapley{}, AdjustedReuse{}), samples);
  check_coverage(by(Dropout{0.3}, AdjustedReuse{}), samples);
  check_coverage(by(Banzhaf{}, Regression{}), samples);
  check_coverage(by(Dropout{0.3}, Regression{}), samples);
  check_coverage(by(Shapley{}, KernelShap{}), samples * 2);
  check_coverage(by(Shapley{}, UnbiasedKernelShap{}), samples * 2);
  check_coverage(by(Shapley{}, LeverageShap{}), samples * 2);
  check_coverage(by(Shapley{}, Surrogate{}), samples * 2);
  check_coverage(by(Banzhaf{}, Surrogate{}), samples);
  check_coverage(by(Dropout{0.3}, Surrogate{}), samples);
}
