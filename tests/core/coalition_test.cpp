#include <gtap/core/coalition.hpp>

#include "catch.hpp"
#include "error_text.hpp"

#include <sstream>
#include <unordered_set>

using gtap::Coalition;
using gtap::Player;

TEST_CASE("a coalition holds what was put in", "[coalition]") {
  Coalition s(130, {0, 63, 64, 129});
  CHECK(s.size() == 4);
  CHECK(s.players() == 130);
  CHECK(s.contains(63));
  CHECK_FALSE(s.contains(62));
  s.toggle(63);
  s.toggle(62);
  s.erase(0);
  CHECK(s.members() == std::vector<Player>{62, 64, 129});
  s.clear();
  CHECK(s.empty());
  CHECK(s == Coalition(130));
}

TEST_CASE("the grand coalition and the complement keep to their players", "[coalition]") {
  for (const std::size_t n : {0u, 1u, 63u, 64u, 65u, 128u, 200u}) {
    CAPTURE(n);
    CHECK(Coalition::grand(n).size() == n);
    CHECK(Coalition(n).complement() == Coalition::grand(n));
    CHECK(Coalition::grand(n).complement().empty());
  }
}

TEST_CASE("set operations are those of sets", "[coalition]") {
  const Coalition a(70, {1, 2, 65});
  const Coalition b(70, {2, 3, 65, 69});
  CHECK((a | b).members() == std::vector<Player>{1, 2, 3, 65, 69});
  CHECK((a & b).members() == std::vector<Player>{2, 65});
  CHECK((a - b).members() == std::vector<Player>{1});
  CHECK((a ^ b).members() == std::vector<Player>{1, 3, 69});
}

TEST_CASE("equal coalitions hash alike, and it is written as a set", "[coalition]") {
  std::unordered_set<Coalition> seen{Coalition(9, {1, 8})};
  CHECK(seen.contains(Coalition(9, {8, 1})));
  CHECK_FALSE(seen.contains(Coalition(10, {8, 1})));
  std::ostringstream out;
  out << Coalition(8, {0, 3, 5});
  CHECK(out.str() == "{0, 3, 5} of 8");
  out.str("");
  out << Coalition::grand(40);
  CHECK(out.str().ends_with("31, ... 40 players} of 40"));
}

TEST_CASE("a player past the last is refused by name", "[coalition]") {
  Coalition s(5);
  CHECK(error_text([&] { s.insert(5); }) ==
        "Coalition::insert: expected a player below 5, got player 5");
  CHECK(error_text([&] { (void)s.contains(7); }) ==
        "Coalition::contains: expected a player below 5, got player 7");
  CHECK(error_text([&] { s |= Coalition(6); }) ==
        "Coalition::operator|=: expected a coalition of 5 players, got one of 6");
}
