// gtap: a value function needs `std::size_t players() const`; see docs/value_functions.md, or wrap
// a callable with gtap::make_game
#include <gtap/estimators/estimate_game.hpp>
int main() {
  const auto value = [](const gtap::Coalition& kept) { return double(kept.size()); };
  return static_cast<int>(gtap::estimate(value, gtap::Shapley{}).samples);
}
