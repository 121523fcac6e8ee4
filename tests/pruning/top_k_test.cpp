#include <gtap/games/classic.hpp>
#include <gtap/games/closed_form.hpp>
#include <gtap/pruning/top_k.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "games.hpp"
#include "temporary_folder.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stop_token>
#include <vector>

using namespace gtap;

namespace {

/// Random interactions of up to four players, with a known index.
UnanimityGame interactions(std::size_t players, std::size_t terms, std::uint64_t seed) {
  RandomStream random(seed, 0);
  std::vector<UnanimityGame::Term> list;
  for (std::size_t t = 0; t < terms; ++t) {
    Coalition together(players);
    for (std::size_t k = 1 + random.below(4); k > 0; --k)
      together.insert(random.below(static_cast<std::uint32_t>(players)));
    list.push_back({together, random.normal()});
  }
  return UnanimityGame(players, list);
}

double sum_over(const std::vector<double>& values, const Coalition& set) {
  double sum = 0.0;
  set.for_each([&](Player p) { sum += values[p]; });
  return sum;
}

double best_sum(std::vector<double> values, std::size_t k) {
  std::sort(values.begin(), values.end(), std::greater<>());
  return std::accumulate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(k), 0.0);
}

/// gtap::top_k, compiled once.
TopK best_of(const AnyGame& game, const AnyLaw& law, std::size_t k, const TopKOptions& options) {
  return top_k(game, law, k, options);
}

TopKOptions sampled(std::size_t evaluations, std::uint64_t seed) {
  TopKOptions options;
  options.estimate = {
      .evaluations = evaluations, .seed = seed, .threads = 1, .enumerate_small = false};
  return options;
}

/// How often `find(seed)` is not a best coalition, by the true values.
template <class Find>
int wrong_cuts(const std::vector<double>& truth, std::size_t k, int runs, Find&& find) {
  int wrong = 0;
  for (int run = 0; run < runs; ++run) {
    const Coalition kept = find(static_cast<std::uint64_t>(run) + 1);
    REQUIRE(kept.size() == k);
    wrong += sum_over(truth, kept) < best_sum(truth, k) - 1e-9 ? 1 : 0;
  }
  return wrong;
}

}  // namespace

TEST_CASE("top_k finds the cut of games in closed form", "[top_k]") {
  const UnanimityGame game = interactions(24, 60, 1);
  const auto check = [&](const AnyLaw& law, const std::vector<double>& truth) {
    for (const std::size_t k : {1u, 9u, 24u}) {
      TopKOptions options = sampled(400'000, 3);
      options.wrong_cut = 0.001;
      const TopK top = best_of(AnyGame(game), law, k, options);
      CAPTURE(top.estimate.law, k, top.wrong_cut);
      CHECK(top.decided());
      CHECK(top.estimate.stopped == Stopped::decided);
      CHECK(top.wrong_cut <= 0.001);
      CHECK(top.border.empty());
      CHECK(top.kept.size() == k);
      CHECK(sum_over(truth, top.kept) == Approx(best_sum(truth, k)));
      for (std::size_t p = 0; p < truth.size(); ++p) {
        CHECK(std::abs(top.estimate.values[p] - truth[p]) <=
              6.0 * top.estimate.standard_errors[p] + 1e-9);
      }
    }
  };
  check(Shapley{}, game.shapley());
  check(Banzhaf{}, game.dropout(0.5));
  check(Dropout{0.3}, game.dropout(0.3));
}

TEST_CASE("what leaves no doubt is decided by the pilot", "[top_k]") {
  const AnyGame game(AdditiveGame({0.1, 3.0, 2.0, -1.0, 2.5}));
  const TopK top = best_of(game, Dropout{0.4}, 2, sampled(1'000, 1));
  CHECK(top.kept == Coalition(5, {1, 4}));
  CHECK(top.wrong_cut == Approx(0.0).margin(1e-12));
  CHECK(top.estimate.evaluations == 16 * 6);
  // Pairs are exact for interactions of two.
  std::vector<double> pairs(25, 0.1);
  pairs[1] = pairs[5] = -1.5;
  const TopK pair = best_of(AnyGame(QuadraticGame({0.1, 3.0, 2.0, -1.0, 2.5}, pairs)), Shapley{}, 2,
                            sampled(1'000, 1));
  CHECK(pair.decided());
  CHECK(pair.estimate.evaluations == 16 * 12);
}

TEST_CASE("the cut is wrong no more often than was accepted", "[top_k]") {
  constexpr int runs = 300;
  // Three standard deviations above the accepted rate of 1 in 10.
  const double most = 0.1 * runs + 3.0 * std::sqrt(0.1 * 0.9 * runs);
  const auto check = [&](const AnyGame& game, const AnyLaw& law, std::size_t k, bool paired) {
    const std::vector<double> truth = estimate(game, law, Exact{}).values;
    int decided = 0;
    double claimed = 0.0;
    const int wrong = wrong_cuts(truth, k, runs, [&](std::uint64_t seed) {
      TopKOptions options = sampled(60'000, seed);
      options.wrong_cut = 0.1;
      options.paired = paired;
      const TopK top = best_of(game, law, k, options);
      decided += top.decided() ? 1 : 0;
      claimed += top.wrong_cut;
      return top.kept;
    });
    CAPTURE(law.name(), k, paired, wrong, claimed);
    CHECK(decided == runs);
    CHECK(wrong <= most);
    CHECK(claimed <= 0.1 * runs);
  };
  check(AnyGame(interactions(10, 30, 2)), Shapley{}, 4, true);
  check(AnyGame(interactions(10, 30, 2)), Shapley{}, 4, false);
  check(AnyGame(interactions(10, 30, 3)), Dropout{0.3}, 3, false);
  check(AnyGame(WeightedVotingGame(15, {6, 5, 4, 4, 3, 2, 1, 1})), Banzhaf{}, 2, false);
  check(AnyGame(AirportGame({1, 2, 4, 5, 7, 8, 9})), Dropout{0.7}, 3, false);
}

TEST_CASE("a budget that does not suffice is told", "[top_k]") {
  const AnyGame game(MajorityGame(9, 5));  // all the same
  const TopK top = best_of(game, Shapley{}, 4, sampled(3'000, 1));
  CHECK_FALSE(top.decided());
  CHECK(top.estimate.stopped == Stopped::budget);
  CHECK(top.wrong_cut > 0.05);
  CHECK_FALSE(top.border.empty());
  CHECK(top.kept.size() == 4);
  CHECK(top.estimate.evaluations <= 3'000);
  CHECK(top.estimate.evaluations > 2'900);

  TopKOptions tolerant = sampled(300'000, 1);
  tolerant.tolerance = 0.05;
  CHECK(best_of(game, Shapley{}, 4, tolerant).decided());
  // All coalitions: exact.
  tolerant.estimate.enumerate_small = true;
  const TopK exact = best_of(game, Shapley{}, 4, tolerant);
  CHECK(exact.estimate.stopped == Stopped::finished);
  CHECK(exact.wrong_cut == 0.0);
  CHECK(exact.kept.size() == 4);
}

TEST_CASE("top_k spends on the border, where a plain estimate spends on all", "[top_k]") {
  // Sixty players of whom four are near the cut, each in interactions that make it noisy.
  std::vector<UnanimityGame::Term> terms;
  for (Player p = 0; p < 60; ++p) {
    const double worth = p < 28 ? 4.0 : p < 30 ? 1.0 : p < 32 ? 0.85 : -2.0;
    terms.push_back({Coalition(60, {p}), worth});
    terms.push_back({Coalition(60, {p, (p + 7) % 60, (p + 13) % 60}), 1.0});
    terms.push_back({Coalition(60, {p, (p + 5) % 60, (p + 22) % 60}), -1.0});
  }
  const UnanimityGame closed(60, terms);
  const AnyGame game(closed);
  const std::vector<double> truth = closed.dropout(0.5);
  constexpr int runs = 60;
  double spent = 0.0;
  double saved = 0.0;
  const int wrong = wrong_cuts(truth, 30, runs, [&](std::uint64_t seed) {
    const TopK top = best_of(game, Dropout{0.5}, 30, sampled(200'000, seed));
    CHECK(top.decided());
    spent += static_cast<double>(top.estimate.evaluations) / runs;
    saved += static_cast<double>(top.estimate.saved) / runs;
    return top.kept;
  });
  const auto same_money = static_cast<std::size_t>(spent);
  const int plain = wrong_cuts(truth, 30, runs, [&](std::uint64_t seed) {
    const Estimate e = estimate(game, AnyLaw(Dropout{0.5}), SharedCoalition{.paired = true},
                                {.evaluations = same_money, .seed = seed, .threads = 1});
    return detail::best_players(e.values, 30, {});
  });
  CAPTURE(spent, saved, wrong, plain);
  CHECK(wrong <= 0.05 * runs);
  CHECK(plain > 0.05 * runs);
  CHECK(saved > spent);
}

TEST_CASE("top_k keeps the best that the groups allow", "[top_k]") {
  const UnanimityGame closed = interactions(12, 40, 4);
  const AnyGame game(closed);
  const std::vector<double> truth = closed.dropout(0.6);
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    RandomStream random(seed, 1);
    std::vector<Player> order(12);
    std::iota(order.begin(), order.end(), Player{0});
    random.shuffle(std::span(order));
    TopKOptions options = sampled(400'000, seed);
    options.wrong_cut = 0.001;
    options.constraints = {.quotas = {{"a", {order.begin(), order.begin() + 5}, 2, 3},
                                      {"b", {order.begin() + 5, order.begin() + 8}, 0, 1}},
                           .must_keep = {order[8]}};
    const auto allowed = [&](const Coalition& s) {
      const auto inside = [&](std::size_t begin, std::size_t end) {
        return std::count_if(order.begin() + static_cast<std::ptrdiff_t>(begin),
                             order.begin() + static_cast<std::ptrdiff_t>(end),
                             [&](Player p) { return s.contains(p); });
      };
      return s.size() == 5 && s.contains(order[8]) && inside(0, 5) >= 2 && inside(0, 5) <= 3 &&
             inside(5, 8) <= 1;
    };
    double best = -1e9;
    Coalition s(12);
    for (std::uint64_t bits = 0; bits < 4096; ++bits) {
      s.words()[0] = bits;
      if (allowed(s)) best = std::max(best, sum_over(truth, s));
    }
    const TopK top = best_of(game, Dropout{0.6}, 5, options);
    CHECK(top.decided());
    CHECK(allowed(top.kept));
    CHECK(sum_over(truth, top.kept) == Approx(best));
  }
}

TEST_CASE("a top-k run has the same bits on any threads, stopped and resumed or not", "[top_k]") {
  const AnyGame game(interactions(20, 60, 5));
  TopKOptions options = sampled(100'000, 7);
  options.estimate.covariance_of = {3, 11};
  const TopK one = best_of(game, Dropout{0.3}, 8, options);
  CHECK(one.decided());
  const auto same = [&](const TopK& other) {
    return one.kept == other.kept && one.wrong_cut == other.wrong_cut &&
           one.estimate.values == other.estimate.values &&
           one.estimate.standard_errors == other.estimate.standard_errors &&
           one.estimate.covariance == other.estimate.covariance &&
           one.estimate.evaluations == other.estimate.evaluations;
  };
  for (const std::size_t threads : {2u, 7u}) {
    options.estimate.threads = threads;
    CHECK(same(best_of(game, Dropout{0.3}, 8, options)));
  }
  const TemporaryFolder folder;
  options.estimate.checkpoint = folder / "state";
  for (std::size_t calls = 500; calls < one.estimate.evaluations; calls += 1700) {
    std::stop_source source;
    std::size_t count = 0;
    const AnyGame watched = any_game(20, [&](const Coalition& s) {
      if (++count == calls) source.request_stop();
      return game(s);
    });
    TopKOptions until = options;
    until.estimate.stop = source.get_token();
    until.estimate.threads = 1;  // which counts the calls
    const TopK part = best_of(watched, Dropout{0.3}, 8, until);
    CHECK(part.kept.size() == 8);
  }
  CHECK(same(best_of(game, Dropout{0.3}, 8, options)));
  options.tolerance = 0.1;
  CHECK(mentions(error_text([&] { best_of(game, Dropout{0.3}, 8, options); }),
                 "checkpoint: expected a run of 20 players, dropout:0.3"));
}

TEST_CASE("mistakes in a call of top_k are refused by name", "[top_k]") {
  const AnyGame game(AdditiveGame({1, 2, 3, 4}));
  const auto fails = [&](std::size_t k, TopKOptions options) {
    options.estimate.enumerate_small = false;
    return error_text([&] { best_of(game, Shapley{}, k, options); });
  };
  CHECK(fails(0, {}) == "top_k: expected 1 to 4 players to keep, got 0");
  CHECK(fails(5, {}) == "top_k: expected 1 to 4 players to keep, got 5");
  CHECK(fails(2, {.wrong_cut = 0.0}) ==
        "top_k: expected a probability of a wrong cut between 0 and 1, got 0");
  CHECK(fails(2, {.tolerance = -1.0}) == "top_k: expected a tolerance of 0 or more, got -1");
  CHECK(fails(2, {.pilot = 1}) == "top_k: expected a pilot of at least 2 samples, got 1");
  CHECK(fails(2, {.constraints = {.quotas = {{"a", {0, 1, 2}, 3}}}}) ==
        "top_k: expected constraints that allow 2 players, got constraints that make it 3");
  CHECK(fails(2, {.estimate = {.evaluations = 19}}) ==
        "top_k: expected a budget of at least 20 evaluations, got 19");
}

TEST_CASE("top_k says how rare a thing it cannot have seen", "[top_k]") {
  // Seven players share what is worth 200 when all of them are in, each about 3.1; five are
  // worth 1.
  const AnyGame game = any_game(12, [](const Coalition& s) {
    double value = 0.0;
    bool all = true;
    for (Player p = 0; p < 5; ++p)
      value += s.contains(p) ? 1.0 : 0.0;
    for (Player p = 5; p < 12; ++p)
      all = all && s.contains(p);
    return value + (all ? 200.0 : 0.0);
  });
  const double rarity = 1.0 / 64.0;  // of a sample in which such a player counts
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const TopK best = top_k(
        game, Banzhaf{}, 5,
        {.paired = false,
         .estimate = {.evaluations = 3'000, .seed = seed, .threads = 1, .enumerate_small = false}});
    const bool wrong = best.kept.contains(0) && best.decided();
    if (wrong) CHECK(best.unseen > rarity);
    CHECK(best.unseen > 0.0);
  }
  CHECK(top_k(game, Banzhaf{}, 5, {.estimate = {.evaluations = 5'000}}).unseen == 0.0);
}
