// gtap: an objective needs a const member sum(tile), which takes an OutputTile<T> and returns a
// double (docs/concepts.md, Objective)
#include <gtap/network/network_game.hpp>

struct Counting {
  int calls = 0;
  double sum(const gtap::OutputTile<float>&) { return ++calls; }
};

auto other(const gtap::NetworkGame<float>& game) {
  return game.with(Counting{});
}
