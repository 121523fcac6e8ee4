// What the library itself costs beside the value function: walks over an additive game, whose value
// is one addition, and the enumeration of all coalitions.

#include <gtap/estimate.hpp>
#include <gtap/games/closed_form.hpp>

#include "comparison.hpp"

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <thread>
#include <vector>

using namespace gtap;
using namespace gtap_bench;

namespace {

AdditiveGame additive(std::size_t players) {
  std::vector<double> worth(players);
  for (std::size_t i = 0; i < players; ++i)
    worth[i] = std::sin(static_cast<double>(i));
  return AdditiveGame(worth);
}

/// Shuffles, walks by a chain, and credits every player with a mean and a variance.
void walk(const AdditiveGame& game, std::size_t walks, std::size_t threads) {
  const std::size_t cost = game.players() - 1;
  estimate(game, Shapley{}, Permutation{}, {.evaluations = 2 + walks * cost, .threads = threads});
}

/// Two runs at once that know nothing of each other: the most that this machine's cores can do.
void two_runs(const AdditiveGame& game, std::size_t walks) {
  std::jthread other([&] { walk(game, walks, 1); });
  walk(game, walks, 1);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("What the library itself costs beside the value function.");
  Comparison comparison(app, argc, argv, {}, 0.3);
  constexpr std::size_t walks = 200'000;
  const AdditiveGame wide = additive(256);
  const AdditiveGame small = additive(24);
  comparison.run("walk_256_players", [&] {
    return Case{"walks/s", walks, {{"gtap", "", [&] { walk(wide, walks, 1); }}}};
  });
  for (const Outcome& outcome : comparison.outcomes())
    std::printf("  a walk of 257 coalitions: %.2f us\n", 1e6 / outcome.rate("gtap"));
  comparison.run("threads2/walk_256_players", [&] {
    return Case{"x one thread",
                walks,
                {{"one", "", [&] { walk(wide, walks, 1); }},
                 {"two", "", [&] { walk(wide, walks, 2); }},
                 {"two_runs", "", [&] { two_runs(wide, walks / 2); }}},
                [](Rates r) {
                  return Rates{{"gtap", r["two"] / r["one"]}, {"peak", r["two_runs"] / r["one"]}};
                }};
  });
  comparison.run("exact_24_players", [&] {
    return Case{"enumerations/s", 1, {{"gtap", "", [&] { estimate(small, Shapley{}, Exact{}); }}}};
  });
  return comparison.finish();
}
