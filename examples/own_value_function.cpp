// Somebody's own model, without any layer of gtap: a lambda that answers "how good is the model
// with only these units?" is a game, and games can be ranked and pruned.
#include <gtap/games/callable.hpp>
#include <gtap/pruning/game_procedures.hpp>

#include <cmath>
#include <iostream>

int main() {
  // The model: 12 units, and a curve of their sum.
  const std::size_t units = 12;
  const auto model = [](double x, const gtap::Coalition& kept) {
    double y = 0.0;
    kept.for_each([&](gtap::Player i) { y += std::cos(3.0 * i) * std::tanh((i + 1) * x - i); });
    return std::tanh(y);
  };
  // Its value: minus the mean squared difference to the whole model.
  const auto all = gtap::Coalition::grand(units);
  const auto value = [&](const gtap::Coalition& kept) {
    double sum = 0.0;
    for (int k = -50; k <= 50; ++k)
      sum += std::pow(model(k / 25.0, kept) - model(k / 25.0, all), 2.0);
    return -sum / 101.0;
  };
  const auto game = gtap::make_game(units, value, gtap::thread_safe);

  const gtap::Estimate phi = gtap::estimate(game, gtap::Shapley{}, {.evaluations = 2000});
  for (const gtap::Player unit : gtap::ranking(phi))
    std::cout << "unit " << unit << "  " << phi.values[unit] << " +- " << phi.standard_errors[unit]
              << '\n';

  const gtap::PruningPath path =
      gtap::iterated_pruning(game, gtap::Shapley{}, {.keep = gtap::Budget::units(5)});
  const gtap::Coalition& mask = path.back().kept;
  std::cout << "kept " << mask << ", mean squared difference " << -value(mask) << '\n';
  // Scored again as units leave, against scored once: better units stay.
  const gtap::Coalition once = gtap::top_n(phi, {.keep = gtap::Budget::units(5)}).back().kept;
  std::cout << "the five best of the whole model " << once << ": " << -value(once) << '\n';
  return mask.size() == 5 && value(mask) > value(once) ? 0 : 1;
}
