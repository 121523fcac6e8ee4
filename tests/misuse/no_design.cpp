// gtap: a design needs `run(const gtap::LawTable&, const gtap::RunContext&) const`; see Design in
// docs/concepts.md
#include <gtap/estimators/estimate_game.hpp>
#include <gtap/games/closed_form.hpp>
int main() {
  return static_cast<int>(
      gtap::estimate(gtap::AdditiveGame({1.0}), gtap::Shapley{}, gtap::Banzhaf{}).samples);
}
