#pragma once

#include <gtap/games/any_game.hpp>
#include <gtap/games/callable.hpp>

#include <cmath>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

/// A callable without rungs that several threads may evaluate.
inline gtap::AnyGame any_game(std::size_t players,
                              std::function<double(const gtap::Coalition&)> value) {
  return gtap::AnyGame(gtap::make_game(players, std::move(value), gtap::thread_safe));
}

/// A game of few players as the table of its values.
template <gtap::ValueFunction Game>
gtap::AnyGame tabled(const Game& game) {
  const auto players = static_cast<std::size_t>(game.players());
  std::vector<double> values(std::size_t{1} << players);
  gtap::Coalition coalition(players);
  for (std::size_t bits = 0; bits < values.size(); ++bits) {
    coalition.words()[0] = bits;
    values[bits] = game(coalition);
  }
  return any_game(players, [values](const gtap::Coalition& s) { return values[s.words()[0]]; });
}

/// A value with interactions of every order, for any number of players: rough enough that the order
/// of additions shows in the last bits.
inline double rough(const gtap::Coalition& coalition) {
  double x = 0.3;
  coalition.for_each([&](gtap::Player p) { x = std::sin(3.0 * x + p); });
  return x;
}
