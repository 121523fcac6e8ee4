// gtap: what an objective's prepare(data) returns needs a const member sum(tile), which takes an
// OutputTile<T> and returns a double (docs/concepts.md, Objective)
#include <gtap/network/network_game.hpp>

struct Balanced {
  void prepare(const gtap::ObjectiveData<float>&) const {}
};

auto other(const gtap::NetworkGame<float>& game) {
  return game.with(Balanced{});
}
