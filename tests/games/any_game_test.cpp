#include <gtap/games/any_game.hpp>
#include <gtap/games/cached.hpp>
#include <gtap/games/callable.hpp>
#include <gtap/games/closed_form.hpp>
#include <gtap/games/grouped.hpp>
#include <gtap/games/subgame.hpp>

#include "catch.hpp"

#include <vector>

using namespace gtap;

namespace {

bool same(const Abilities& a, const Abilities& b) {
  return a.concurrent == b.concurrent && a.batch == b.batch && a.chain == b.chain &&
         a.star == b.star;
}

}  // namespace

TEST_CASE("an erased game has the values and the abilities of the one inside", "[games]") {
  const LinearReadoutGame inner({0.5, -1.0, 2.0}, std::vector<double>{1.0, 0.2, 0.7},
                                std::vector<double>{2, .1, .2, .1, 1, .3, .2, .3, 3});
  const AnyGame any(inner);
  CHECK(any.players() == 3);
  CHECK(same(any.abilities(), {true, false, true, true}));
  AnyEvaluator e = any.evaluator();
  Evaluator auto own = evaluator(inner);
  const Coalition start(3, {1});
  const std::vector<Player> players{0, 2, 1};
  std::vector<double> out(4);
  std::vector<double> expected(4);
  CHECK(any(start) == inner(start));
  CHECK(e(start) == own(start));
  e.chain(start, players, out);
  own.chain(start, players, expected);
  CHECK(out == expected);
  e.star(start, players, out);
  own.star(start, players, expected);
  CHECK(out == expected);
  // Not a rung of the one inside: by single values.
  const std::vector<Coalition> both{start, Coalition(3, {0, 2})};
  out.resize(2);
  e.batch(both, out);
  CHECK(out == std::vector<double>{inner(both[0]), inner(both[1])});
}

TEST_CASE("wrapped games hand on what a game at run time can do", "[games]") {
  const auto plain = make_game(4, [](const Coalition& s) { return double(s.size()); });
  const AnyGame slow(plain);  // by one thread only
  const AnyGame fast(AdditiveGame({1, 2, 3, 4}));
  for (const AnyGame& any : {slow, fast}) {
    CHECK(same(abilities(restricted(any, Coalition(4, {0, 2}))), any.abilities()));
    CHECK(same(abilities(conditioned(any, Coalition(4, {0, 2}))), any.abilities()));
    CHECK(same(abilities(grouped(any, {{0, 1}, {2, 3}})), any.abilities()));
    CHECK(same(abilities(cached(any)), any.abilities()));
    CHECK(same(AnyGame(restricted(any, Coalition(4, {0, 2}))).abilities(), any.abilities()));
  }
  CHECK(same(slow.abilities(), {false, false, false, false}));
  CHECK(same(fast.abilities(), {true, false, true, false}));
  const auto remembered = cached(fast);
  CHECK(remembered(Coalition(4, {1})) == 2.0);
  CHECK(remembered(Coalition(4, {1})) == 2.0);
  CHECK(AnyGame::view(remembered).cache_hits() == 1);
}

TEST_CASE("a game of groups tells which players a coalition of groups has", "[games]") {
  const AdditiveGame inner({1, 2, 3, 4, 5});
  const auto blocks = grouped(inner, {{4, 0}, {1}, {2, 3}});
  CHECK(blocks.expand(Coalition(3, {0, 1})) == Coalition(5, {0, 1, 4}));
  CHECK(blocks.expand(Coalition(3)) == Coalition(5));
}
