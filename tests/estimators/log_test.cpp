#include <gtap/games/closed_form.hpp>

#include "by.hpp"
#include "catch.hpp"
#include "error_text.hpp"

#include <cmath>
#include <limits>
#include <vector>

using namespace gtap;

namespace {

UnanimityGame triples(std::size_t players) {
  std::vector<UnanimityGame::Term> terms;
  for (Player p = 0; p < players; ++p) {
    const auto next = static_cast<Player>((p + 1) % players);
    const auto far = static_cast<Player>((p + 4) % players);
    terms.push_back({Coalition(players, {p}), 0.3 * p});
    terms.push_back({Coalition(players, {p, next, far}), p % 2 == 0 ? 1.0 : -0.5});
  }
  return UnanimityGame(players, terms);
}

Estimate from_log(const EvaluationLog& log, const AnyLaw& law,
                  const std::vector<Player>& covariance_of = {}) {
  return estimate_from(log, law, covariance_of);
}

void check_near(const Estimate& e, const std::vector<double>& truth) {
  CAPTURE(e.law, e.design);
  REQUIRE(e.values.size() == truth.size());
  for (std::size_t p = 0; p < truth.size(); ++p) {
    CAPTURE(p, e.values[p], truth[p], e.standard_errors[p]);
    CHECK(std::abs(e.values[p] - truth[p]) <= 4.5 * e.standard_errors[p]);
    CHECK(e.standard_errors[p] < 0.1);
  }
}

}  // namespace

TEST_CASE("one log gives many indices", "[log]") {
  const UnanimityGame game = triples(15);
  const EvaluationLog log = record(AnyGame(game), {.evaluations = 20'000, .seed = 5});
  CHECK(log.size() == 20'000);
  CHECK(log.value(77) == game(log.coalition(77)));
  check_near(from_log(log, Shapley{}), game.shapley());
  check_near(from_log(log, Banzhaf{}), game.dropout(0.5));
  for (const double p : {0.2, 0.5, 0.8})
    check_near(from_log(log, Dropout{p}), game.dropout(p));
  std::vector<double> band(15, 0.0);  // a fine mixture of points
  for (int k = 0; k < 50; ++k) {
    const auto part = game.dropout(0.3 + 0.3 * (k + 0.5) / 50);
    for (std::size_t p = 0; p < 15; ++p)
      band[p] += part[p] / 50;
  }
  check_near(from_log(log, DropoutBand{0.3, 0.6}), band);
  // A law far from the draws is worth less.
  const double shapley = effective_size(log, Shapley{});
  const double point = effective_size(log, Dropout{0.2});
  CHECK(shapley == Approx(20'000).epsilon(1e-9));  // the draws are its own
  CHECK(point < 0.6 * shapley);
  CHECK(point > 0.1 * shapley);
}

TEST_CASE("a log for two laws serves both better than one for all", "[log]") {
  const UnanimityGame game = triples(30);
  const RecordOptions options{.evaluations = 6'000, .seed = 2};
  const EvaluationLog all = record(AnyGame(game), options);
  const EvaluationLog two = record(AnyGame(game), options, Dropout{0.2}, Banzhaf{});
  for (const double p : {0.2, 0.5}) {
    CHECK(effective_size(two, Dropout{p}) > 1.3 * effective_size(all, Dropout{p}));
    check_near(from_log(two, Dropout{p}), game.dropout(p));
  }
  const Estimate e = from_log(two, Banzhaf{}, {3, 7});
  CHECK(e.covariance[0] == Approx(e.standard_errors[3] * e.standard_errors[3]));
  CHECK(e.evaluations == 6'000);
  // Additive games leave nothing to chance.
  std::vector<double> worth(30);
  for (std::size_t p = 0; p < 30; ++p)
    worth[p] = std::sin(static_cast<double>(p));
  const EvaluationLog plain = record(AnyGame(AdditiveGame(worth)), options);
  for (std::size_t p = 0; p < 30; ++p)
    CHECK(from_log(plain, Dropout{0.4}).values[p] == Approx(worth[p]).margin(1e-7));
}

TEST_CASE("a log gives the same bits for any number of threads", "[log]") {
  const UnanimityGame game = triples(12);
  const auto values = [&](std::size_t threads) {
    return from_log(record(AnyGame(game), {.evaluations = 3'000, .threads = threads}), Shapley{})
        .values;
  };
  const std::vector<double> one = values(1);
  CHECK(values(2) == one);
  CHECK(values(7) == one);
}

TEST_CASE("indices from logs are unbiased and their errors honest", "[log]") {
  const AnyGame game = tabled(triples(7));
  const auto check = [&](const AnyLaw& law) {
    CAPTURE(law.name());
    const std::vector<double> truth = estimate(game, law, Exact{}).values;
    constexpr int runs = 300;
    Moments moments(7);
    std::vector<double> claimed(7, 0.0);
    for (int run = 0; run < runs; ++run) {
      const EvaluationLog log =
          record(game, {.evaluations = 200, .seed = static_cast<std::uint64_t>(run), .threads = 1});
      const Estimate e = from_log(log, law);
      moments.add(e.values);
      for (std::size_t p = 0; p < 7; ++p)
        claimed[p] += e.standard_errors[p] * e.standard_errors[p];
    }
    Estimate spread;
    moments.summarise(spread);
    for (std::size_t p = 0; p < 7; ++p) {
      CHECK(std::abs(spread.values[p] - truth[p]) <= 4.0 * spread.standard_errors[p]);
      // Variance of the mean of the runs, times runs, is that of one: known to a few tenths.
      const double ratio =
          claimed[p] / (spread.standard_errors[p] * spread.standard_errors[p] * runs * runs);
      CAPTURE(p, ratio);
      CHECK(ratio > 0.65);
      CHECK(ratio < 1.5);
    }
  };
  check(Shapley{});
  check(Banzhaf{});
  check(Dropout{0.3});
  check(DropoutBand{0.5, 0.9});
}

TEST_CASE("a log of one's own, and what it cannot say", "[log]") {
  const UnanimityGame game = triples(8);
  // Coalitions of three and four members: nothing for a law that needs others.
  std::vector<double> sizes(9, 0.0);
  sizes[3] = 1.0;
  sizes[4] = 3.0;
  EvaluationLog log(sizes);
  CHECK(log.sizes()[4] == 0.75);
  log.add(Coalition(8, {1, 2, 3}), 0.5);
  CHECK(effective_size(log, Shapley{}) == 0.0);
  CHECK(error_text([&] { from_log(log, Shapley{}); }) ==
        "estimate_from: expected a log of an effective size of at least 10 for shapley, got 0 of 1 "
        "coalitions");
  CHECK(error_text([&] {
          log.add(Coalition(8, {1, 2}), 0.5);
        }) == "EvaluationLog::add: expected a coalition of a size that is drawn, got {1, 2} of 8");
  CHECK(error_text([&] {
          log.add(Coalition(7, {1, 2}), 0.5);
        }) == "EvaluationLog::add: expected a coalition of 8 players, got one of 7");
  CHECK(error_text([&] {
          log.add(Coalition(8, {1, 2, 4}), std::numeric_limits<double>::quiet_NaN());
        }) ==
        "EvaluationLog::add: expected a finite value, got nan for the coalition {1, 2, 4} of 8");
  CHECK(error_text([&] { log.value(1); }) == "EvaluationLog: expected a row below 1, got 1");
  CHECK(error_text([] {
          EvaluationLog({1.0, -1.0});
        }) == "EvaluationLog: expected weights of 0 or more, got -1");
  const EvaluationLog recorded = record_sizes(AnyGame(game), sizes, {.evaluations = 500});
  for (std::size_t k = 0; k < recorded.size(); ++k) {
    const std::size_t size = recorded.coalition(k).size();
    CHECK((size == 3 || size == 4));
  }
  // The law whose others have three members needs nothing else.
  std::vector<double> three(8, 0.0);
  three[3] = 1.0;
  const SizeLaw law{three};
  check_near(from_log(record_sizes(AnyGame(game), sizes, {.evaluations = 4'000}), law),
             by(law, Exact{})(AnyGame(game)).values);
  CHECK(error_text([&] {
          record_sizes(AnyGame(game), {1.0, 1.0});
        }) == "record: expected 8 values, got 1");
}
