#pragma once

#include <gtap/core/value_function.hpp>

#include <cmath>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

/// One type for every game without rungs of its own, so that tests compile an estimator once.
/// Several threads may evaluate it.
class AnyGame {
 public:
  AnyGame(std::size_t players, std::function<double(const gtap::Coalition&)> value)
      : players_(players), value_(std::move(value)) {}
  template <gtap::ValueFunction Game>
  explicit AnyGame(const Game& game)
      : AnyGame(static_cast<std::size_t>(game.players()),
                [game](const gtap::Coalition& s) { return game(s); }) {}

  std::size_t players() const { return players_; }
  double operator()(const gtap::Coalition& s) const { return value_(s); }
  auto evaluator() const { return gtap::detail::EvaluatorReference<AnyGame>(*this); }

 private:
  std::size_t players_;
  std::function<double(const gtap::Coalition&)> value_;
};

/// A game of few players as the table of its values.
template <gtap::ValueFunction Game>
AnyGame tabled(const Game& game) {
  const auto players = static_cast<std::size_t>(game.players());
  std::vector<double> values(std::size_t{1} << players);
  gtap::Coalition coalition(players);
  for (std::size_t bits = 0; bits < values.size(); ++bits) {
    coalition.words()[0] = bits;
    values[bits] = game(coalition);
  }
  return {players, [values](const gtap::Coalition& s) { return values[s.words()[0]]; }};
}

/// A value with interactions of every order, for any number of players: rough enough that the order
/// of additions shows in the last bits.
inline double rough(const gtap::Coalition& coalition) {
  double x = 0.3;
  coalition.for_each([&](gtap::Player p) { x = std::sin(3.0 * x + p); });
  return x;
}
