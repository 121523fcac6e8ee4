#include <gtap/core/random.hpp>
#include <gtap/pruning/game_procedures.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "games.hpp"

#include <algorithm>
#include <stop_token>
#include <vector>

namespace {

using gtap::Budget;
using gtap::Coalition;
using gtap::Exact;
using gtap::Player;
using gtap::Schedule;

/// A random game of sums inside a curved function: no closed form, real interactions.
gtap::AnyGame curved_game(std::size_t players, std::uint64_t seed) {
  gtap::RandomStream random(seed, 0);
  std::vector<double> a(players);
  std::vector<double> b(players);
  for (std::size_t p = 0; p < players; ++p) {
    a[p] = random.normal();
    b[p] = random.normal();
  }
  return any_game(players, [a, b](const Coalition& kept) {
    double x = 0.0;
    double y = 0.0;
    kept.for_each([&](Player p) {
      x += a[p];
      y += b[p];
    });
    return std::tanh(x) + x * y / 4.0;
  });
}

Player extreme(const std::vector<double>& scores, const Coalition& candidates, bool lowest) {
  const auto members = candidates.members();
  std::size_t best = lowest ? members.size() - 1 : 0;
  for (std::size_t k = 0; k < members.size(); ++k) {
    if (lowest ? scores[k] < scores[best] : scores[k] > scores[best]) best = k;
  }
  return members[best];
}

void check_equal(const gtap::PruningPath& a, const gtap::PruningPath& b) {
  CHECK(a.moves() == b.moves());
  CHECK(a.evaluations == b.evaluations);
  REQUIRE(a.steps().size() == b.steps().size());
  for (std::size_t k = 0; k < a.steps().size(); ++k) {
    CHECK(a.steps()[k].kept == b.steps()[k].kept);
    CHECK(a.steps()[k].evaluations == b.steps()[k].evaluations);
  }
}

}  // namespace

TEST_CASE("On additive games all procedures and laws sort the coefficients") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    std::vector<double> a(7);
    gtap::RandomStream random(seed, 3);
    for (double& value : a)
      value = random.normal();
    const gtap::AnyGame game = any_game(7, [&](const Coalition& kept) {
      double sum = 0.0;
      kept.for_each([&](Player p) { sum += a[p]; });
      return sum;
    });
    const auto order = gtap::ranking(a);
    const gtap::PruneOptions options{.schedule = Schedule::units(2)};
    const auto check = [&](const auto& law) {
      for (const auto& path :
           {gtap::top_n(game, law, options), gtap::iterated_pruning(game, law, options),
            gtap::top_n(game, law, Exact{}, options),
            gtap::iterated_pruning(game, law, gtap::Permutation{}, options)}) {
        const std::vector<Player> worst_first(order.rbegin(), order.rend() - 1);
        CHECK(path.moves() == worst_first);
      }
      CHECK(gtap::iterated_building(game, law, options).moves() == order);
      CHECK(gtap::iterated_building(game, law, Exact{}, options).moves() == order);
    };
    check(gtap::Shapley{});
    check(gtap::Banzhaf{});
    check(gtap::Dropout{.retention = 0.3});
  }
}

TEST_CASE("Every round goes by the indices of the game among those still in") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const auto game = curved_game(7, seed);
    const auto path =
        gtap::iterated_pruning(game, gtap::Shapley{}, Exact{}, {.schedule = Schedule::units(1)});
    std::size_t evaluations = 0;
    for (std::size_t k = 0; k + 1 < path.steps().size(); ++k) {
      const Coalition& kept = path.steps()[k].kept;
      const auto exact = gtap::estimate(gtap::restricted(game, kept), gtap::Shapley{}, Exact{});
      const Coalition after = path.steps()[k + 1].kept;
      CHECK((kept - after).members() == std::vector<Player>{extreme(exact.values, kept, true)});
      evaluations += std::size_t{1} << kept.size();
      CHECK(path.steps()[k + 1].evaluations == evaluations);
    }
    CHECK(path.evaluations == evaluations);

    const auto built =
        gtap::iterated_building(game, gtap::Shapley{}, Exact{}, {.schedule = Schedule::units(1)});
    for (std::size_t k = 0; k + 1 < built.steps().size(); ++k) {
      const Coalition& in = built.steps()[k].kept;
      const auto exact = gtap::estimate(gtap::conditioned(game, in), gtap::Shapley{}, Exact{});
      const Coalition after = built.steps()[k + 1].kept;
      CHECK((after - in).members() ==
            std::vector<Player>{extreme(exact.values, in.complement(), false)});
    }
    CHECK(built.back().kept == Coalition::grand(7));
  }
}

TEST_CASE("The first round is what estimate() gives with the same options") {
  const auto game = curved_game(30, 1);
  const gtap::PruneOptions options{.keep = Budget::units(10),
                                   .schedule = Schedule::units(5),
                                   .estimate = {.evaluations = 400, .seed = 9}};
  const auto estimate = gtap::estimate(game, gtap::Shapley{}, options.estimate);
  const auto top = gtap::top_n(game, gtap::Shapley{}, options);
  CHECK(top.moves() == gtap::top_n(estimate, {.keep = Budget::units(10)}).moves());
  CHECK(top.evaluations == estimate.evaluations);
  const auto path = gtap::iterated_pruning(game, gtap::Shapley{}, options);
  CHECK(path.steps().at(1).kept == top.at_units(25));
  CHECK(path.evaluations <= 4 * 400);
  // Rounds have seeds of their own, so the second one is no replay of the first one's draws.
  check_equal(path, gtap::iterated_pruning(game, gtap::Shapley{}, options));
}

TEST_CASE("A stopped run that goes on later is the uninterrupted run") {
  const auto game = curved_game(24, 2);
  gtap::PruneOptions options{.keep = Budget::units(4),
                             .schedule = Schedule::units(4),
                             .estimate = {.evaluations = 300, .seed = 5}};
  for (const bool building : {false, true}) {
    if (building) options.keep = Budget::units(20);
    const auto run = [&](const gtap::PruneOptions& with) {
      return building ? gtap::iterated_building(game, gtap::Shapley{}, with)
                      : gtap::iterated_pruning(game, gtap::Shapley{}, with);
    };
    const auto whole = run(options);
    REQUIRE(whole.steps().size() == 6);
    for (std::size_t rounds = 1; rounds <= 4; ++rounds) {
      std::stop_source source;
      gtap::PruneOptions part = options;
      part.stop = source.get_token();
      std::size_t count = 0;
      part.progress = [&](const gtap::Progress&) {
        if (++count == rounds) source.request_stop();
      };
      gtap::PruneOptions rest = options;
      rest.from = run(part);
      CHECK(rest.from.steps().size() == rounds + 1);
      CHECK(rest.from.report.ended == "stop was requested");
      std::vector<std::size_t> done;
      rest.progress = [&](const gtap::Progress& progress) {
        done.push_back(progress.done);
        CHECK(progress.total == 20);
      };
      check_equal(run(rest), whole);
      CHECK(done.front() == 4 * (rounds + 1));
      CHECK(done.back() == 20);
    }
  }
}

TEST_CASE("An estimation that is stopped half-way removes nobody") {
  std::stop_source source;
  std::size_t calls = 0;
  const gtap::AnyGame game = any_game(20, [&](const Coalition& kept) {
    if (++calls == 700) source.request_stop();
    return static_cast<double>(kept.size());
  });
  const auto path = gtap::iterated_pruning(game, gtap::Shapley{}, gtap::Permutation{},
                                           {.schedule = Schedule::units(2),
                                            .estimate = {.evaluations = 500, .threads = 1},
                                            .stop = source.get_token()});
  CHECK(path.steps().size() == 2);
  CHECK(path.back().kept.size() == 18);
  CHECK(path.evaluations > path.back().evaluations);
}

TEST_CASE("Options that a procedure cannot honour are named") {
  const auto game = curved_game(4, 1);
  CHECK(error_text([&] {
          gtap::iterated_pruning(game, gtap::Shapley{}, {.estimate = {.checkpoint = "file"}});
        }) ==
        "iterated_pruning: expected estimate options without a checkpoint (save the path instead), "
        "got file");
  CHECK(error_text([&] {
          gtap::iterated_building(game, gtap::Shapley{}, {.estimate = {.covariance_of = {1}}});
        }) == "iterated_building: expected estimate options without covariance_of, got 1 players");
  CHECK(error_text([&] {
          gtap::top_n(game, gtap::Shapley{}, {.estimate = {.evaluations = 0}});
        }).find("estimate: expected a budget of at least 1 evaluation") == 0);
  // Out of time before the first coalition of an enumeration.
  CHECK(error_text([&] {
          gtap::top_n(curved_game(8, 1), gtap::Shapley{}, {.estimate = {.seconds = 1e-9}});
        }) ==
        "top_n: expected evaluations enough to know something of all 8 players of a round, got 0, "
        "with nothing known of one of them");
  // Two coalitions of a twentieth of the players: most are never in.
  CHECK(error_text([&] {
          gtap::top_n(curved_game(40, 1), gtap::Dropout{.retention = 0.05}, gtap::SampleReuse{},
                      {.estimate = {.evaluations = 2}});
        }) ==
        "top_n: expected evaluations enough to know something of all 40 players of a round, got 2, "
        "with nothing known of one of them");
  const auto other = gtap::top_n(curved_game(5, 1), gtap::Shapley{});
  CHECK(error_text([&] { gtap::iterated_pruning(game, gtap::Shapley{}, {.from = other}); }) ==
        "iterated_pruning: expected a path of 4 players to go on from, got one of 5");
  const auto built = gtap::iterated_building(game, gtap::Shapley{});
  CHECK(error_text([&] { gtap::iterated_pruning(game, gtap::Shapley{}, {.from = built}); }) ==
        "iterated_pruning: expected a path that starts from all players to go on from, got one "
        "from 0 to 4 players");
  const auto pruned = gtap::iterated_pruning(game, gtap::Shapley{});
  CHECK(error_text([&] { gtap::iterated_building(game, gtap::Shapley{}, {.from = pruned}); }) ==
        "iterated_building: expected a path that grows to go on from, got one from 4 to 1 players");
  const Player gone = pruned.moves().front();
  CHECK(error_text([&] {
          gtap::iterated_pruning(game, gtap::Shapley{},
                                 {.constraints = {.must_keep = {gone}}, .from = pruned});
        }) == gtap::detail::text("iterated_pruning: expected a path to go on from that has all "
                                 "players that must stay, got one without player ",
                                 gone));
}
