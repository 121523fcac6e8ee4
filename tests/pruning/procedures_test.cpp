#include <gtap/core/random.hpp>
#include <gtap/games/callable.hpp>
#include <gtap/pruning/game_procedures.hpp>
#include <gtap/pruning/procedures.hpp>
#include <gtap/pruning/scorers.hpp>

#include "catch.hpp"
#include "error_text.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace {

using gtap::Budget;
using gtap::Coalition;
using gtap::Player;
using gtap::Schedule;

/// The scores of a table, whoever is kept or in.
struct TableScorer {
  std::vector<double> table;
  bool building = false;

  std::vector<double> operator()(const Coalition& coalition) const {
    std::vector<double> scores;
    (building ? coalition.complement() : coalition).for_each([&](Player p) {
      scores.push_back(table[p]);
    });
    return scores;
  }
};

std::vector<double> random_table(std::size_t players, std::uint64_t seed) {
  gtap::RandomStream random(seed, 0);
  std::vector<double> table(players);
  // Few distinct values, so that ties are frequent.
  for (double& value : table)
    value = static_cast<double>(random.below(6)) - 2.0;
  return table;
}

Coalition best_of(const std::vector<double>& table, std::size_t units) {
  const std::vector<Player> order = gtap::ranking(table);
  return Coalition(table.size(), std::span(order).first(units));
}

/// A small random game with interactions, and its value.
struct PairGame {
  std::size_t n;
  std::uint64_t seed;
  std::size_t players() const { return n; }
  double operator()(const Coalition& kept) const {
    double sum = 0.0;
    kept.for_each([&](Player i) {
      kept.for_each([&](Player j) {
        if (j <= i) sum += gtap::RandomStream(seed, std::uint64_t{i} << 32 | j).normal();
      });
    });
    return sum;
  }
};

/// Every number of units between the path's ends has its coalition, each one inside the next, and
/// the recorded steps are among them.
void check_nested(const gtap::PruningPath& path) {
  Coalition inside = path.at_units(path.fewest_units());
  for (std::size_t units = path.fewest_units(); units <= path.most_units(); ++units) {
    const Coalition kept = path.at_units(units);
    CHECK(kept.size() == units);
    CHECK((inside - kept).empty());
    inside = kept;
  }
  for (const gtap::PruningStep& step : path.steps())
    CHECK(path.at_units(step.kept.size()) == step.kept);
}

std::size_t count_in(const gtap::Quota& quota, const Coalition& kept) {
  return static_cast<std::size_t>(std::count_if(quota.players.begin(), quota.players.end(),
                                                [&](Player p) { return kept.contains(p); }));
}

}  // namespace

TEST_CASE("A ranking is best first, and ties go by index") {
  CHECK(gtap::ranking(std::vector<double>{1, 3, 3, -2, 3}) == std::vector<Player>{1, 2, 4, 0, 3});
  struct Scored {
    std::vector<double> values;
  };
  CHECK(gtap::ranking(Scored{{0, 1}}) == std::vector<Player>{1, 0});
  const std::vector<double> bad{1, std::numeric_limits<double>::quiet_NaN()};
  CHECK(error_text([&] { gtap::ranking(bad); }) ==
        "ranking: expected a number as every score, got NaN for player 1");
}

TEST_CASE("On scores that do not change, all procedures keep the best") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::size_t n = 3 + seed;
    const auto table = random_table(n, seed);
    const std::vector<Schedule> schedules{Schedule::units(1), Schedule::units(4),
                                          Schedule::fraction(0.3), Schedule::one_round(),
                                          Schedule::sizes({2, n / 2})};
    for (std::size_t units = 1; units <= n; ++units) {
      const Coalition best = best_of(table, units);
      CHECK(gtap::top_n(table, {.keep = Budget::units(units)}).back().kept == best);
      for (const Schedule& schedule : schedules) {
        const gtap::PruneOptions options{.keep = Budget::units(units), .schedule = schedule};
        const auto pruned = gtap::iterated_pruning(n, TableScorer{table}, options);
        const auto built = gtap::iterated_building(n, TableScorer{table, true}, options);
        CHECK(pruned.back().kept == best);
        CHECK(built.back().kept == best);
        CHECK(pruned.report.met());
        CHECK(built.report.met());
        check_nested(pruned);
        check_nested(built);
      }
    }
  }
}

TEST_CASE("On an additive game leave-one-out recovers the coefficients") {
  const std::vector<double> table{0.5, -1, 3, 0.25, 2};
  const struct {
    const std::vector<double>& a;
    std::size_t players() const { return a.size(); }
    double operator()(const Coalition& kept) const {
      double sum = 0.0;
      kept.for_each([&](Player p) { sum += a[p]; });
      return sum;
    }
  } game{table};
  auto scorer = gtap::leave_one_out_scorer(game);
  CHECK(scorer(Coalition::grand(5)) == table);
  CHECK(scorer(Coalition(5, {1, 4})) == std::vector<double>{-1, 2});
  CHECK(scorer.evaluations() == 6 + 3);
  const auto path =
      gtap::iterated_pruning(5, gtap::leave_one_out_scorer(game), {.schedule = Schedule::units(1)});
  CHECK(path.moves() == std::vector<Player>{1, 3, 0, 4});
  CHECK(path.evaluations == 6 + 5 + 4 + 3);
  CHECK(path.steps().at(1).evaluations == 6);
}

TEST_CASE("Paths of a game with interactions are nested and replayed by the scorer") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const PairGame game{9, seed};
    const auto path = gtap::iterated_pruning(9, gtap::leave_one_out_scorer(game),
                                             {.schedule = Schedule::units(2)});
    check_nested(path);
    CHECK(path.fewest_units() == 1);
    CHECK(path.most_units() == 9);
    for (std::size_t k = 0; k + 1 < path.steps().size(); ++k) {
      const Coalition& before = path.steps()[k].kept;
      const auto scores = gtap::leave_one_out_scorer(game)(before);
      const auto left = (before - path.steps()[k + 1].kept).members();
      const auto members = before.members();
      auto sorted = scores;
      std::sort(sorted.begin(), sorted.end());
      for (const Player p : left) {
        const auto place = std::find(members.begin(), members.end(), p) - members.begin();
        CHECK(scores[static_cast<std::size_t>(place)] <= sorted[left.size() - 1]);
      }
    }
  }
}

TEST_CASE("Schedules set where rounds end") {
  const auto sizes = [](Schedule schedule, bool building, std::size_t units) {
    const std::vector<double> table(20, 0.0);
    const gtap::PruneOptions options{.keep = Budget::units(units), .schedule = std::move(schedule)};
    const auto path = building ? gtap::iterated_building(20, TableScorer{table, true}, options)
                               : gtap::iterated_pruning(20, TableScorer{table}, options);
    std::vector<std::size_t> list;
    for (const auto& step : path.steps())
      list.push_back(step.kept.size());
    return list;
  };
  using Sizes = std::vector<std::size_t>;
  CHECK(sizes(Schedule::units(7), false, 4) == Sizes{20, 13, 6, 4});
  CHECK(sizes(Schedule::fraction(0.5), false, 1) == Sizes{20, 10, 5, 3, 2, 1});
  CHECK(sizes(Schedule::sizes({3, 15, 9}), false, 2) == Sizes{20, 15, 9, 3, 2});
  CHECK(sizes(Schedule::one_round(), false, 5) == Sizes{20, 5});
  CHECK(sizes(Schedule::units(7), true, 16) == Sizes{0, 7, 14, 16});
  CHECK(sizes(Schedule::fraction(0.5), true, 6) == Sizes{0, 1, 2, 3, 4, 6});
  CHECK(sizes(Schedule::sizes({3, 15, 9}), true, 11) == Sizes{0, 3, 9, 11});
}

TEST_CASE("Constraints hold on every random case, and the budget is met where they allow it") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    gtap::RandomStream random(seed, 1);
    const std::size_t n = 4 + random.below(12);
    const auto table = random_table(n, seed);
    gtap::Constraints constraints;
    std::vector<gtap::Quota> quotas(3);
    for (Player p = 0; p < n; ++p) {
      const std::uint32_t g = random.below(4);
      if (g < 3) quotas[g].players.push_back(p);
    }
    std::size_t least = 0;
    std::size_t most = n;
    for (std::size_t g = 0; g < 3; ++g) {
      gtap::Quota& quota = quotas[g];
      const auto size = static_cast<std::uint32_t>(quota.players.size());
      quota.name = gtap::detail::text("g", g);
      quota.min = random.below(size + 1);
      if (random.bernoulli(0.5)) quota.max = quota.min + random.below(size + 1);
      // One player that must stay, where the quota has room for it.
      const bool must = size > 0 && quota.max > 0 && random.bernoulli(0.3);
      if (must) constraints.must_keep.push_back(quota.players[random.below(size)]);
      least += std::max<std::size_t>(quota.min, must ? 1 : 0);
      if (quota.max < size) most -= size - quota.max;
    }
    if (most == 0) continue;
    least = std::max<std::size_t>(least, 1);
    constraints.quotas = quotas;
    const std::size_t units = 1 + random.below(static_cast<std::uint32_t>(n));
    const gtap::PruneOptions options{.keep = Budget::units(units),
                                     .schedule = Schedule::units(1 + random.below(3)),
                                     .constraints = constraints};
    const auto pruned = gtap::iterated_pruning(n, TableScorer{table}, options);
    const auto top = gtap::top_n(table, options);
    const auto built = gtap::iterated_building(n, TableScorer{table, true}, options);
    for (const auto* path : {&pruned, &top, &built}) {
      const Coalition& kept = path->back().kept;
      for (const gtap::Quota& quota : quotas) {
        CHECK(count_in(quota, kept) >= quota.min);
        CHECK(count_in(quota, kept) <= quota.max);
      }
      for (const Player p : constraints.must_keep)
        CHECK(kept.contains(p));
      CHECK(path->report.met() == (units >= least));
      check_nested(*path);
    }
    const std::size_t reached = std::clamp(units, least, std::max(least, most));
    CHECK(pruned.back().kept.size() == reached);
    CHECK(built.back().kept.size() == (least > most ? most : reached));
    // Scores that do not change: the schedule does not matter.
    CHECK(top.back().kept == pruned.back().kept);
    // No exchange that the constraints allow would be better.
    const auto quota_of = [&](Player p) {
      for (std::size_t g = 0; g < 3; ++g) {
        const auto& list = quotas[g].players;
        if (std::find(list.begin(), list.end(), p) != list.end()) return g;
      }
      return std::size_t{3};
    };
    for (const Player in : pruned.back().kept.members()) {
      for (const Player out : pruned.back().kept.complement().members()) {
        Coalition other = pruned.back().kept;
        other.erase(in);
        other.insert(out);
        bool allowed = std::find(constraints.must_keep.begin(), constraints.must_keep.end(), in) ==
                       constraints.must_keep.end();
        for (const std::size_t g : {quota_of(in), quota_of(out)}) {
          if (g == 3) continue;
          const std::size_t count = count_in(quotas[g], other);
          allowed = allowed && count >= quotas[g].min && count <= quotas[g].max;
        }
        if (allowed) CHECK(table[in] >= table[out]);
      }
    }
  }
}

TEST_CASE("The report says what was asked, reached and held back") {
  const std::vector<double> table{0, 1, 2, 3, 4, 5};
  const gtap::PruneOptions options{
      .keep = Budget::units(2),
      .constraints = {.quotas = {{.name = "conv1", .players = {0, 1, 2}, .min = 2}},
                      .must_keep = {3}}};
  const auto path = gtap::top_n(table, options);
  CHECK(path.back().kept == Coalition(6, {1, 2, 3}));
  CHECK_FALSE(path.report.met());
  std::ostringstream out;
  out << path.report;
  CHECK(out.str() ==
        "units: asked at most 2, reached 3 (not met)\n"
        "player 1 held back: minimum 2 of quota \"conv1\"\n"
        "player 2 held back: minimum 2 of quota \"conv1\"\n"
        "player 3 held back: it must stay\n"
        "ended: the constraints hold all other units\n");

  const auto easy = gtap::top_n(table, {.keep = Budget::fraction(0.5)});
  CHECK(easy.report.met());
  CHECK(easy.report.held_back.empty());
  CHECK(easy.report.lines.at(0).reached == 0.5);
  CHECK(easy.report.ended == "the budget was met");

  const auto built = gtap::iterated_building(
      6, TableScorer{table, true},
      {.keep = Budget::units(3),
       .constraints = {.quotas = {{.name = "fc", .players = {4, 5}, .max = 1}}}});
  CHECK(built.back().kept == Coalition(6, {2, 3, 5}));
  CHECK(built.report.held_back.at(0).player == 4);
  CHECK(built.report.held_back.at(0).reason == "maximum 1 of quota \"fc\"");
}

TEST_CASE("A cost is met by pruning and not exceeded by building") {
  // Two layers of four: a weight between each kept pair, so costs of units are not additive.
  const auto weights = [](const Coalition& kept) {
    double first = 0.0;
    double second = 0.0;
    kept.for_each([&](Player p) { (p < 4 ? first : second) += 1.0; });
    return first * second + 2.0 * first + second;
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto table = random_table(8, seed);
    for (double limit = 1.0; limit < 30.0; limit += 1.0) {
      const gtap::PruneOptions options{.keep = Budget::cost("weights", weights, limit),
                                       .schedule = Schedule::units(3)};
      const auto pruned = gtap::iterated_pruning(8, TableScorer{table}, options);
      const Coalition& kept = pruned.back().kept;
      CHECK(pruned.report.lines.at(0).reached == weights(kept));
      CHECK(pruned.report.met() == (weights(kept) <= limit));
      if (kept.size() < 8) CHECK(weights(pruned.at_units(kept.size() + 1)) > limit);
      CHECK((pruned.report.met() || kept.size() == 1));
      const auto built = gtap::iterated_building(8, TableScorer{table, true}, options);
      CHECK(weights(built.back().kept) <= limit);
      CHECK(built.report.met());
    }
  }
}

TEST_CASE("A measure is called once a step, whatever the procedure") {
  constexpr std::size_t n = 300;
  const auto table = random_table(n, 3);
  std::size_t costs = 0;
  std::size_t values = 0;
  const auto units = [](const Coalition& kept) { return static_cast<double>(kept.size()); };
  const auto cost = [&](const Coalition& kept) { return ++costs, units(kept); };
  const auto value = [&](const Coalition& kept) { return ++values, units(kept); };
  const gtap::PruneOptions options{
      .keep = Budget::cost("cost", cost, 20.0) && Budget::drop("value", value, 290.0),
      .schedule = Schedule::units(7)};
  const auto calls = [&](const gtap::PruningPath& path, std::size_t more) {
    // And once in the report; the drop once for all players.
    CHECK(path.moves().size() > 5);
    CHECK(costs <= path.moves().size() + 2 + more);
    CHECK(values <= path.moves().size() + 2 + more);
    costs = values = 0;
  };
  calls(gtap::top_n(table, options), 0);
  calls(gtap::iterated_pruning(n, TableScorer{table}, options), 0);
  // What would have come too much, besides.
  calls(gtap::iterated_building(n, TableScorer{table, true}, options), 1);
}

TEST_CASE("A step looks neither at all players nor at all quotas") {
  // Steps that did would look at 10^11 words and quotas, and this test would take minutes.
  constexpr std::size_t quotas = 250'000;
  constexpr std::size_t n = 4 * quotas;
  const auto score = [](Player p) { return static_cast<double>(p * 7919ull % n); };
  std::vector<double> scores(n);
  gtap::PruneOptions options{.keep = Budget::units(quotas + 5)};
  for (Player p = 0; p < n; ++p)
    scores[p] = score(p);
  for (Player g = 0; g < quotas; ++g) {
    options.constraints.quotas.push_back(
        {.name = "g", .players = {4 * g, 4 * g + 1, 4 * g + 2, 4 * g + 3}, .min = 1, .max = 3});
  }
  options.schedule = Schedule::one_round();
  const auto pruned = gtap::top_n(scores, options);
  const auto built = gtap::iterated_building(
      n,
      [&](const Coalition& in) {
        std::vector<double> list;
        in.complement().for_each([&](Player p) { list.push_back(score(p)); });
        return list;
      },
      options);
  // The best of each quota, and of the others the best five that leave each quota one behind.
  Coalition best(n);
  std::vector<Player> others;
  for (Player g = 0; g < quotas; ++g) {
    std::vector<Player> four = options.constraints.quotas[g].players;
    std::sort(four.begin(), four.end(), [&](Player a, Player b) { return score(a) > score(b); });
    best.insert(four[0]);
    others.insert(others.end(), {four[1], four[2]});
  }
  std::sort(others.begin(), others.end(), [&](Player a, Player b) { return score(a) > score(b); });
  for (std::size_t k = 0; k < 5; ++k)
    best.insert(others[k]);
  CHECK(pruned.back().kept == best);
  CHECK(pruned.moves().size() == n - quotas - 5);
  CHECK(built.back().kept == best);
}

TEST_CASE("A cost that grows when a unit leaves is an error with the unit and both costs",
          "[errors]") {
  // Without player 2 the others cost more.
  const auto cost = [](const Coalition& kept) {
    const auto units = static_cast<double>(kept.size());
    return kept.contains(2) ? units : 4.0 * units;
  };
  const gtap::PruneOptions options{.keep = Budget::cost("weights", cost, 3.0)};
  CHECK(error_text([&] {
          gtap::top_n(std::vector<double>{4, 5, 1, 0, 6}, options);
        }) ==
        "top_n: expected a cost \"weights\" that does not grow when a unit leaves, got 12 "
        "without player 2 and 4 with it");
  CHECK(error_text([&] {
          gtap::iterated_pruning(5, TableScorer{{4, 5, 0, 1, 6}}, options);
        }) ==
        "iterated_pruning: expected a cost \"weights\" that does not grow when a unit "
        "leaves, got 16 without player 2 and 5 with it");
  const gtap::PruneOptions more{.keep = Budget::cost("weights", cost, 30.0)};
  CHECK(error_text([&] {
          gtap::iterated_building(5, TableScorer{{9, 8, 7, 1, 6}, true}, more);
        }) ==
        "iterated_building: expected a cost \"weights\" that does not grow when a unit "
        "leaves, got 8 without player 2 and 3 with it");
  // What rounding adds is no growth.
  const auto rounded = [](const Coalition& kept) {
    return 1e6 + 1e-9 * static_cast<double>(kept.players() - kept.size());
  };
  CHECK(gtap::top_n(std::vector<double>{4, 5, 1}, {.keep = Budget::cost("c", rounded, 1.0)})
            .back()
            .kept.size() == 1);
}

TEST_CASE("A drop stops pruning before it is exceeded, and ends building once it is met") {
  const std::vector<double> worth{1, 2, 3, 4, 10};
  const auto value = [&](const Coalition& kept) {
    double sum = 0.0;
    kept.for_each([&](Player p) { sum += worth[p]; });
    return sum;
  };
  const auto pruned = gtap::iterated_pruning(
      5, TableScorer{worth},
      {.keep = Budget::drop("worth", value, 6.0), .schedule = Schedule::units(2)});
  CHECK(pruned.back().kept == Coalition(5, {3, 4}));
  CHECK(pruned.report.lines.at(0).reached == 6.0);
  CHECK(pruned.report.ended == "without player 3 the budget would be exceeded");
  const auto built = gtap::iterated_building(5, TableScorer{worth, true},
                                             {.keep = Budget::drop("worth", value, 6.0)});
  CHECK(built.back().kept == Coalition(5, {3, 4}));
  CHECK(built.report.ended == "the budget was met");
  // Both kinds: the drop wins, and the report says which limit was not met.
  const auto both = gtap::iterated_pruning(
      5, TableScorer{worth}, {.keep = Budget::units(1) && Budget::drop("worth", value, 3.0)});
  CHECK(both.back().kept == Coalition(5, {2, 3, 4}));
  CHECK_FALSE(both.report.lines.at(0).met);
  CHECK(both.report.lines.at(1).met);
}

TEST_CASE("Fractions count units without losing one to rounding") {
  for (std::size_t n = 1; n <= 400; ++n) {
    for (std::size_t k = 1; k <= n; ++k) {
      const double fraction = static_cast<double>(k) / static_cast<double>(n);
      REQUIRE(gtap::units_of_fraction(fraction, n) == k);
    }
  }
  CHECK(gtap::units_of_fraction(0.29, 100) == 29);
  CHECK(gtap::units_of_fraction(0.999, 100) == 99);
  const auto path = gtap::top_n(random_table(40, 1));
  CHECK(path.at_fraction(0.15) == path.at_units(6));
}

TEST_CASE("Progress is told and a stop returns the path so far") {
  const std::vector<double> table{1, 2, 3, 4, 5, 6, 7, 8};
  std::stop_source source;
  std::vector<std::size_t> done;
  gtap::PruneOptions options{.schedule = Schedule::units(2), .stop = source.get_token()};
  options.progress = [&](const gtap::Progress& progress) {
    done.push_back(progress.done);
    CHECK(progress.total == 7);
    if (done.size() == 2) source.request_stop();
  };
  const auto path = gtap::iterated_pruning(8, TableScorer{table}, options);
  CHECK(done == std::vector<std::size_t>{2, 4});
  CHECK(path.back().kept == Coalition(8, {4, 5, 6, 7}));
  CHECK(path.report.ended == "stop was requested");

  // Scores of a scorer that was stopped half-way are not used.
  std::stop_source inner;
  const auto stopping = [&](const Coalition& kept) {
    inner.request_stop();
    return std::vector<double>(kept.size(), 0.0);
  };
  const auto none = gtap::iterated_pruning(8, stopping, {.stop = inner.get_token()});
  CHECK(none.steps().size() == 1);
  CHECK(none.back().kept == Coalition::grand(8));
}

TEST_CASE("The random scorer keeps a uniformly random half") {
  std::vector<int> count(6, 0);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const auto path =
        gtap::iterated_pruning(6, gtap::random_scorer(seed), {.keep = Budget::units(3)});
    const auto again = gtap::top_n(6, gtap::random_scorer(seed), {.keep = Budget::units(3)});
    REQUIRE(path.back().kept == again.back().kept);
    path.back().kept.for_each([&](Player p) { ++count[p]; });
  }
  // Standard deviation of a count: sqrt(2000 / 4) = 22.4.
  for (const int c : count)
    CHECK(std::abs(c - 1000) < 4 * 22.4);
}

TEST_CASE("What a procedure cannot work with is named") {
  const std::vector<double> table{1, 2, 3};
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(error_text([] { Budget::units(0); }) == "Budget::units: expected at least 1 unit, got 0");
  CHECK(error_text([] { Budget::fraction(0.0); }) ==
        "Budget::fraction: expected a fraction in (0, 1], got 0");
  CHECK(error_text([] { Budget::fraction(1.5); }) ==
        "Budget::fraction: expected a fraction in (0, 1], got 1.5");
  CHECK(error_text([&] { Budget::fraction(nan); }) ==
        "Budget::fraction: expected a fraction in (0, 1], got nan");
  CHECK(error_text([&] { gtap::top_n(table, {.keep = Budget::fraction(0.1)}); }) ==
        "units_of_fraction: expected a fraction that leaves at least 1 unit, got 0.1 of 3 players");
  CHECK(error_text([] { Budget::cost("macs", {}, 1.0); }) ==
        "Budget::cost: expected a callable, got an empty one");
  CHECK(error_text([&] {
          Budget::cost(
              "macs", [](const Coalition&) { return 0.0; }, nan);
        }) == "Budget::cost: expected a finite limit, got nan");
  CHECK(error_text([] {
          Budget::drop(
              "accuracy", [](const Coalition&) { return 0.0; }, -0.1);
        }) == "Budget::drop: expected a drop of 0 or more, got -0.1");
  CHECK(error_text([&] {
          gtap::top_n(table, {.keep = Budget::drop(
                                  "accuracy", [&](const Coalition&) { return nan; }, 0.1)});
        }) == "top_n: expected a finite accuracy, got nan for coalition {0, 1, 2} of 3");
  CHECK(error_text([] { Schedule::units(0); }) ==
        "Schedule::units: expected at least 1 unit a round, got 0");
  CHECK(error_text([] { Schedule::fraction(0.0); }) ==
        "Schedule::fraction: expected a fraction in (0, 1], got 0");
  CHECK(error_text([] { gtap::top_n(std::vector<double>{}); }) ==
        "top_n: expected a game with at least 1 player, got 0");
  CHECK(error_text([] { gtap::top_n(std::vector<double>{}, {.keep = Budget::fraction(0.2)}); }) ==
        "top_n: expected a game with at least 1 player, got 0");
  CHECK(error_text([&] {
          gtap::top_n(std::vector<double>{1, nan, 2});
        }) == "top_n: expected a number as every score, got NaN for player 1");
  const auto nan_later = [&](const Coalition& kept) {
    std::vector<double> scores(kept.size(), 0.0);
    if (kept.size() == 2) scores[1] = nan;
    return scores;
  };
  CHECK(error_text([&] {
          gtap::iterated_pruning(4, nan_later, {.schedule = Schedule::units(2)});
        }) == "iterated_pruning: expected a number as every score, got NaN for player 1");
  const auto short_scorer = [](const Coalition&) { return std::vector<double>(2); };
  CHECK(error_text([&] { gtap::iterated_pruning(3, short_scorer); }) ==
        "iterated_pruning: expected 3 scores, one for each player that is kept, got 2");
  CHECK(error_text([&] { gtap::iterated_building(3, short_scorer); }) ==
        "iterated_building: expected 3 scores, one for each player that is not in, got 2");
  const auto path = gtap::top_n(table, {.keep = Budget::units(2)});
  CHECK(error_text([&] { path.at_units(1); }) ==
        "PruningPath::at_units: expected 2 to 3 units, got 1 units");
  CHECK(error_text([] { gtap::PruningPath().back(); }) ==
        "PruningPath::back: expected a path with a step, got an empty one");
  const struct {
    std::size_t players() const { return 2; }
    double operator()(const Coalition& kept) const {
      return kept.size() == 1 ? std::numeric_limits<double>::infinity() : 0.0;
    }
  } infinite;
  CHECK(error_text([&] { gtap::leave_one_out_scorer(infinite)(Coalition::grand(2)); }) ==
        "leave_one_out_scorer: expected a finite value, got inf for coalition {1} of 2");
}

TEST_CASE("Constraints that contradict the game or each other are named") {
  const std::vector<double> table{1, 2, 3};
  const auto reason = [&](gtap::Constraints constraints) {
    return error_text([&] { gtap::top_n(table, {.constraints = std::move(constraints)}); });
  };
  CHECK(reason({.quotas = {{.name = "a", .players = {0, 3}}}}) ==
        "Constraints: expected players below 3 in quota \"a\", got player 3");
  CHECK(reason({.must_keep = {7}}) ==
        "Constraints: expected players below 3 in must_keep, got player 7");
  CHECK(reason({.quotas = {{.name = "a", .players = {0, 1}}, {.name = "b", .players = {1}}}}) ==
        "Constraints: expected quotas that share no player, got player 1 in quota \"a\" and quota "
        "\"b\"");
  CHECK(reason({.quotas = {{.name = "a", .players = {0}, .min = 2}}}) ==
        "Constraints: expected a minimum of at most 1, the size of quota \"a\", got 2");
  CHECK(reason({.quotas = {{.name = "a", .players = {0, 1}, .min = 2, .max = 1}}}) ==
        "Constraints: expected a maximum of at least 2, the minimum of quota \"a\", got 1");
  CHECK(reason({.quotas = {{.name = "a", .players = {0, 1}, .max = 1}}, .must_keep = {0, 1}}) ==
        "Constraints: expected at most 1 players of quota \"a\" that must stay, got 2");
}

TEST_CASE("A path keeps what its rounds went by") {
  const std::size_t n = 9;
  const auto pruned = gtap::iterated_pruning(
      n, gtap::random_scorer(5),
      {.keep = gtap::Budget::units(3), .schedule = gtap::Schedule::units(2)});
  gtap::RandomScorer scorer(5);
  for (std::size_t k = 1; k < pruned.steps().size(); ++k) {
    const Coalition& before = pruned.steps()[k - 1].kept;
    CHECK(pruned.ranked(k) == before.members());
    CHECK(pruned.steps()[k].scores == scorer(before));
    CHECK(pruned.steps()[k].standard_errors.empty());
  }
  CHECK(error_text([&] { (void)pruned.ranked(0); }) ==
        "PruningPath::ranked: expected a round from 1 to 3, got 0");

  const auto game = gtap::make_game(4, [](const Coalition& kept) {
    double value = 0.0;
    kept.for_each([&](gtap::Player p) { value += p; });
    return value;
  });
  const auto built = gtap::iterated_building(
      game, gtap::Shapley{},
      {.keep = gtap::Budget::units(2), .schedule = gtap::Schedule::units(1)});
  CHECK(built.ranked(2) == std::vector<gtap::Player>{0, 1, 2});
  CHECK(built.back().scores[2] == Approx(2.0));
  CHECK(built.back().standard_errors.size() == 3);

  const auto bare = gtap::iterated_pruning(n, gtap::random_scorer(5),
                                           {.keep = gtap::Budget::units(3), .keep_scores = false});
  CHECK(bare.back().scores.empty());
  gtap::PruningPath path(Coalition::grand(3));
  CHECK(error_text([&] {
          path.add_round({1}, 0, 0.0, {1.0, 2.0});
        }) ==
        "PruningPath::add_round: expected a score and an error for each of 3 ranked players, or "
        "none, got 2");
}

TEST_CASE("Reports and errors call players by their labels, and lists are cut") {
  std::vector<std::string> labels;
  for (int p = 0; p < 40; ++p)
    labels.push_back("conv/" + std::to_string(p));
  gtap::Quota all{.name = "conv", .players = {}, .min = 30};
  for (gtap::Player p = 0; p < 40; ++p)
    all.players.push_back(p);
  const std::vector<double> scores(40, 1.0);
  const gtap::PruneOptions options{
      .keep = gtap::Budget::units(5), .constraints = {.quotas = {all}}, .labels = labels};
  const auto path = gtap::top_n(scores, options);
  std::ostringstream out;
  out << path.report;
  const std::string report = out.str();
  CHECK(mentions(report, "\nconv/29 held back: minimum 30 of quota \"conv\"\n"));
  CHECK(mentions(report, "\nand 20 more held back\n"));
  CHECK(std::count(report.begin(), report.end(), '\n') == 13);
  CHECK(path.labels == labels);

  // A path that goes on keeps them.
  gtap::PruneOptions on{.keep = gtap::Budget::units(29), .from = path};
  CHECK(gtap::iterated_pruning(40, gtap::random_scorer(1), on).labels == labels);
  CHECK(error_text([&] { gtap::top_n(std::vector<double>(40, std::nan("")), options); }) ==
        "top_n: expected a number as every score, got NaN for conv/0");
  on.labels = {"one"};
  CHECK(error_text([&] { gtap::top_n(scores, on); }) ==
        "top_n: expected 40 labels, one for each player, got 1");

  /// A game that has names for its players.
  struct Named {
    std::size_t players() const { return 3; }
    double operator()(const Coalition& kept) const { return static_cast<double>(kept.size()); }
    std::string label(gtap::Player p) const { return "unit " + std::to_string(p); }
  };
  CHECK(gtap::top_n(Named{}, gtap::Shapley{}, {.keep = gtap::Budget::units(2)}).labels ==
        std::vector<std::string>{"unit 0", "unit 1", "unit 2"});
}
