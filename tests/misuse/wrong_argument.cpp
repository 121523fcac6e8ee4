// gtap: make_game needs a callable that takes a const gtap::Coalition& and returns a number
// (docs/value_functions.md)
#include <gtap/games/callable.hpp>
int main() {
  const auto game = gtap::make_game(
      3, [](int kept) { return 1.0 * kept; }, gtap::thread_safe);
  return static_cast<int>(game.players());
}
