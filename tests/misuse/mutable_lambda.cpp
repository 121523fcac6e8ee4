// gtap: make_game needs a callable that is const, because coalitions are asked for in any order;
// make_game_from_factory takes `mutable` ones (docs/value_functions.md)
#include <gtap/games/callable.hpp>
int main() {
  int calls = 0;
  const auto game = gtap::make_game(
      3, [calls](const gtap::Coalition& kept) mutable { return double(kept.size()) + ++calls; });
  return static_cast<int>(game(gtap::Coalition(3)));
}
