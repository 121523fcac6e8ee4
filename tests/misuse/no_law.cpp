// gtap: a law needs `std::vector<double> log_weights(std::size_t players) const`; see Semivalue in
// docs/concepts.md
#include <gtap/estimators/estimate_game.hpp>
#include <gtap/games/closed_form.hpp>
struct OnlyQuantile {
  double quantile(double u) const { return u; }
};
int main() {
  return static_cast<int>(gtap::estimate(gtap::AdditiveGame({1.0}), OnlyQuantile{}).samples);
}
