#include <gtap/core/random.hpp>
#include <gtap/games/cached.hpp>
#include <gtap/games/callable.hpp>
#include <gtap/games/classic.hpp>
#include <gtap/games/closed_form.hpp>
#include <gtap/games/grouped.hpp>
#include <gtap/games/subgame.hpp>

#include "catch.hpp"
#include "error_text.hpp"

using gtap::Coalition;
using gtap::Player;

namespace {

/// The semivalue by its definition, over all coalitions: weight(s) is p_s.
template <class Game, class Weight>
std::vector<double> by_definition(const Game& game, Weight weight) {
  const std::size_t n = game.players();
  std::vector<double> index(n, 0.0);
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << n; ++bits) {
    Coalition with(n);
    with.words()[0] = bits;
    for (Player i = 0; i < n; ++i) {
      if (!with.contains(i)) continue;
      Coalition without = with;
      without.erase(i);
      index[i] += weight(static_cast<double>(without.size())) * (game(with) - game(without));
    }
  }
  return index;
}

template <class Game>
void check_indices(const Game& game) {
  const auto n = static_cast<double>(game.players());
  const auto shapley = by_definition(game, [n](double s) {
    return std::exp(std::lgamma(s + 1) + std::lgamma(n - s) - std::lgamma(n + 1));
  });
  for (std::size_t i = 0; i < shapley.size(); ++i)
    CHECK(game.shapley()[i] == Approx(shapley[i]).epsilon(1e-12));
  for (const double p : {0.5, 0.3, 2.0 / 3.0}) {
    const auto dropout =
        by_definition(game, [&](double s) { return std::pow(p, s) * std::pow(1 - p, n - 1 - s); });
    for (std::size_t i = 0; i < dropout.size(); ++i)
      CHECK(game.dropout(p)[i] == Approx(dropout[i]).epsilon(1e-12));
  }
}

gtap::LinearReadoutGame small_readout() {
  return {{0.5, -1.0, 2.0, 0.25},
          std::vector<double>{1.0, 0.2, 0.7, -0.3},
          std::vector<double>{2, .1, .2, 0, .1, 1, .3, .4, .2, .3, 3, -.5, 0, .4, -.5, 1}};
}

gtap::UnanimityGame small_unanimity() {
  return {5,
          {{Coalition(5, {0, 2}), 1.5}, {Coalition(5, {1, 2, 4}), -2.0}, {Coalition(5, {3}), 1}}};
}

/// Every rung that the evaluator has agrees with the game's own values.
template <class Game>
void check_rungs(const Game& game) {
  auto e = gtap::evaluator(game);
  const std::size_t n = game.players();
  REQUIRE(e.players() == n);
  gtap::RandomStream random(1, 1);
  Coalition state(n);
  std::vector<Player> order(n);
  for (Player p = 0; p < n; ++p)
    order[p] = p;
  for (int trial = 0; trial < 5; ++trial) {
    random.bernoulli_mask(0.5, state);
    random.shuffle(std::span(order));
    const Coalition start = state;
    CHECK(e(start) == Approx(game(start)));
    std::vector<double> out(n + 1);
    gtap::evaluate_chain(e, state, std::span<const Player>(order), std::span(out));
    CHECK(state == start.complement());
    Coalition walk = start;
    for (std::size_t k = 0; k <= n; ++k) {
      CHECK(out[k] == Approx(game(walk)).margin(1e-12));
      if (k < n) walk.toggle(order[k]);
    }
    gtap::evaluate_star(e, state, std::span<const Player>(order), std::span(out));
    CHECK(out[0] == Approx(game(state)).margin(1e-12));
    for (std::size_t k = 0; k < n; ++k) {
      Coalition neighbour = state;
      neighbour.toggle(order[k]);
      CHECK(out[k + 1] == Approx(game(neighbour)).margin(1e-12));
    }
    const std::vector<Coalition> both{start, state};
    std::vector<double> two(2);
    gtap::evaluate_batch(e, std::span<const Coalition>(both), std::span(two));
    CHECK(two[0] == Approx(game(start)));
    CHECK(two[1] == Approx(game(state)));
  }
}

}  // namespace

TEST_CASE("closed forms agree with the definition", "[games]") {
  check_indices(gtap::AdditiveGame({1.0, -2.0, 0.5}));
  check_indices(gtap::QuadraticGame({1, 2, 3}, {0, 1, -2, 1, 0, 0.5, -2, 0.5, 0}));
  check_indices(small_unanimity());
  check_indices(gtap::MajorityGame(7, 4));
  check_indices(gtap::AirportGame({1, 3, 6, 10}));
  check_indices(small_readout());
}

TEST_CASE("textbook values", "[games]") {
  CHECK(gtap::MajorityGame(7, 4).dropout(0.5)[0] == Approx(5.0 / 16).epsilon(1e-14));
  CHECK(gtap::MajorityGame(7, 4).dropout(2.0 / 3)[6] == Approx(160.0 / 729).epsilon(1e-14));
  const auto airport = gtap::AirportGame({1, 3, 6, 10}).shapley();
  CHECK(airport[3] == Approx(77.0 / 12).epsilon(1e-14));
  const gtap::WeightedVotingGame council(12, {4, 4, 4, 2, 2, 1});
  CHECK(council(Coalition(6, {0, 1, 2})) == 1.0);
  CHECK(council(Coalition(6, {0, 1, 3, 5})) == 0.0);
  const gtap::GloveGame gloves(1, 2);
  CHECK(gloves(Coalition(3, {0, 2})) == 1.0);
  CHECK(gloves(Coalition(3, {1, 2})) == 0.0);
  const gtap::BankruptcyGame estate(200, {100, 200, 300});
  CHECK(estate(Coalition(3, {1, 2})) == 100.0);
  CHECK(estate(Coalition(3, {0, 1})) == 0.0);
}

TEST_CASE("sub-games and groups keep values and rungs", "[games]") {
  const auto whole = small_readout();
  const auto part = gtap::restricted(whole, Coalition(4, {0, 2, 3}));
  CHECK(part.players() == 3);
  CHECK(part.original(1) == 2);
  CHECK(part(Coalition(3, {1})) == Approx(whole(Coalition(4, {2}))));
  const auto rest = gtap::conditioned(whole, Coalition(4, {2}));
  CHECK(rest.original(2) == 3);
  CHECK(rest(Coalition(3, {0})) == Approx(whole(Coalition(4, {0, 2}))));
  const auto pairs = gtap::grouped(whole, {{1, 3}, {0, 2}});
  CHECK(pairs(Coalition(2, {0})) == Approx(whole(Coalition(4, {1, 3}))));
  const auto remembered = gtap::cached(whole);

  check_rungs(whole);
  check_rungs(part);
  check_rungs(rest);
  check_rungs(pairs);
  check_rungs(gtap::grouped(whole, {{3}, {1, 0}, {2}}));
  check_rungs(gtap::grouped(whole, {{3}, {1}, {0}, {2}}));
  check_rungs(remembered);
  check_rungs(gtap::AdditiveGame({1.0, -2.0, 0.5, 4.0}));
  static_assert(gtap::ChainEvaluator<gtap::evaluator_t<decltype(part)>>);
  static_assert(gtap::StarEvaluator<gtap::evaluator_t<decltype(rest)>>);
  static_assert(gtap::ChainEvaluator<gtap::evaluator_t<decltype(pairs)>>);
  static_assert(gtap::StarEvaluator<gtap::evaluator_t<decltype(pairs)>>);
  static_assert(!gtap::BatchEvaluator<gtap::evaluator_t<decltype(part)>>);

  // One inside the other, both directions of translation at once.
  const auto inner = gtap::conditioned(part, Coalition(3, {0}));
  CHECK(inner(Coalition(2, {1})) == Approx(whole(Coalition(4, {0, 3}))));
  check_rungs(inner);
}

TEST_CASE("only games that promise it may be evaluated in parallel", "[games]") {
  const auto plain = gtap::make_game(3, [](const Coalition& s) { return s.size(); });
  const auto safe = gtap::make_game(
      3, [](const Coalition& s) { return s.size(); }, gtap::thread_safe);
  static_assert(!gtap::ConcurrentGame<decltype(plain)>);
  static_assert(gtap::ConcurrentGame<decltype(safe)>);
  static_assert(!gtap::ConcurrentGame<gtap::Restricted<std::remove_const_t<decltype(plain)>>>);
  static_assert(gtap::ConcurrentGame<gtap::Cached<std::remove_const_t<decltype(safe)>>>);
  CHECK(plain(Coalition(3, {0, 1})) == 2.0);
  CHECK(gtap::evaluator(safe)(Coalition(3, {0, 1})) == 2.0);

  int made = 0;
  const auto produced = gtap::make_game_from_factory(2, [&made] {
    ++made;
    return [scratch = 0](const Coalition& s) mutable {
      return ++scratch * 10.0 + static_cast<double>(s.size());
    };
  });
  auto own = gtap::evaluator(produced);
  CHECK(own(Coalition(2)) == 10.0);
  CHECK(own(Coalition(2, {1})) == 21.0);
  CHECK(gtap::evaluator(produced)(Coalition(2)) == 10.0);
  CHECK(made == 2);
}

TEST_CASE("a cache answers what it has seen", "[games]") {
  int calls = 0;
  const auto game = gtap::make_game(9, [&calls](const Coalition& s) {
    ++calls;
    return static_cast<double>(s.size());
  });
  const auto remembered = gtap::cached(game);
  auto e = gtap::evaluator(remembered);
  CHECK(e(Coalition(9, {1, 2})) == 2.0);
  CHECK(e(Coalition(9, {1, 2})) == 2.0);
  CHECK(remembered(Coalition(9, {1, 2})) == 2.0);
  CHECK(calls == 1);
  CHECK(remembered.cache_hits() == 2);
}

TEST_CASE("a cache holds as many values as it was told, and wrappers hand its hits on", "[games]") {
  const auto game =
      gtap::make_game(9, [](const Coalition& s) { return static_cast<double>(s.size()); });
  for (const std::size_t capacity : {0u, 1u, 5u, 100u}) {
    const auto remembered = gtap::cached(game, capacity);
    Coalition s(9);
    for (int pass = 0; pass < 2; ++pass) {
      for (std::uint64_t bits = 0; bits < 512; ++bits) {
        s.words()[0] = bits;
        CHECK(remembered(s) == game(s));
      }
      CHECK(remembered.cache_hits() == (pass == 0 ? 0 : capacity));
    }
    CHECK(gtap::restricted(remembered, Coalition(9, {1, 2})).cache_hits() == capacity);
    CHECK(gtap::conditioned(remembered, Coalition(9, {1, 2})).cache_hits() == capacity);
    CHECK(gtap::grouped(remembered, {{0, 1, 2, 3, 4, 5, 6, 7, 8}}).cache_hits() == capacity);
  }
  static_assert(!gtap::CachingGame<decltype(gtap::restricted(game, Coalition(9)))>);
}

TEST_CASE("a game refuses coalitions and players of another one", "[games]") {
  const auto refused = [](const auto& game, const std::string& name) {
    const std::size_t n = game.players();
    for (const std::size_t other : {n - 1, n + 100}) {
      CHECK(error_text([&] { game(Coalition::grand(other)); }) ==
            gtap::detail::text(name, ": expected a coalition of ", n, " players, got one of ",
                               other));
    }
  };
  const auto whole = small_readout();
  refused(gtap::AdditiveGame({1.0, -2.0, 0.5}), "AdditiveGame");
  refused(gtap::QuadraticGame({1, 2, 3}, {0, 1, -2, 1, 0, 0.5, -2, 0.5, 0}), "QuadraticGame");
  refused(small_unanimity(), "UnanimityGame");
  refused(whole, "LinearReadoutGame");
  refused(gtap::WeightedVotingGame(12, {4, 4, 4, 2, 2, 1}), "WeightedVotingGame");
  refused(gtap::MajorityGame(7, 4), "MajorityGame");
  refused(gtap::AirportGame({1, 3, 6, 10}), "AirportGame");
  refused(gtap::GloveGame(1, 2), "GloveGame");
  refused(gtap::BankruptcyGame(200, {100, 200, 300}), "BankruptcyGame");
  refused(gtap::restricted(whole, Coalition(4, {0, 2, 3})), "sub-game");
  refused(gtap::grouped(whole, {{0, 1, 2}, {3}}), "grouped game");

  const std::vector<Player> outside{0, 7};
  std::vector<double> out(3);
  const auto no_such_player = [&](const auto& game, const std::string& name) {
    auto e = gtap::evaluator(game);
    const std::size_t n = game.players();
    const std::string expected =
        gtap::detail::text(name, ": expected a player below ", n, ", got player 7");
    CHECK(error_text([&] { e.chain(Coalition(n), outside, out); }) == expected);
    if constexpr (gtap::StarEvaluator<decltype(e)>)
      CHECK(error_text([&] { e.star(Coalition(n), outside, out); }) == expected);
  };
  no_such_player(gtap::AdditiveGame({1.0, -2.0, 0.5}), "AdditiveGame");
  no_such_player(whole, "LinearReadoutGame");
  no_such_player(gtap::restricted(whole, Coalition(4, {0, 2, 3})), "sub-game");
  no_such_player(gtap::grouped(whole, {{0, 1, 2}, {3}}), "grouped game");
}

TEST_CASE("what does not fit a game is refused by name", "[games]") {
  const auto whole = small_readout();
  CHECK(error_text([&] { gtap::restricted(whole, Coalition(5)); }) ==
        "restricted: expected a coalition of 4 players, got one of 5");
  CHECK(error_text([&] { gtap::conditioned(whole, Coalition(3)); }) ==
        "conditioned: expected a coalition of 4 players, got one of 3");
  const auto part = gtap::restricted(whole, Coalition(4, {0, 2}));
  CHECK(error_text([&] { (void)part.original(2); }) ==
        "original: expected a player below 2, got player 2");
  CHECK(error_text([&] { part(Coalition(4)); }) ==
        "sub-game: expected a coalition of 2 players, got one of 4");
  CHECK(error_text([&] {
          gtap::grouped(whole, {{0, 1}, {1, 2, 3}});
        }) == "grouped: expected every player in one group, got player 1 twice");
  CHECK(error_text([&] {
          gtap::grouped(whole, {{0, 1}, {3}});
        }) == "grouped: expected every player in one group, got no group for {2} of 4");
  CHECK(error_text([&] {
          gtap::grouped(whole, {{0, 1, 2, 3}, {}});
        }) == "grouped: expected groups with members, got group 1 empty");
  CHECK(error_text([&] {
          gtap::grouped(whole, {{0, 1, 2, 4}});
        }) == "Coalition::contains: expected a player below 4, got player 4");
  CHECK(error_text([&] { gtap::MajorityGame(3, 4); }) ==
        "MajorityGame: expected a quota from 1 to 3, got 4");
}
