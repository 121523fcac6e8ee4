// What the library itself costs beside the value function: walks over an additive game, whose value
// is one addition, and the enumeration of all coalitions.

#include <gtap/estimators/estimators.hpp>
#include <gtap/games/closed_form.hpp>

#include "harness.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
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
  std::string json;
  for (int k = 1; k + 1 < argc; k += 2) {
    if (std::string(argv[k]) == "--json") json = argv[k + 1];
  }
  if (argc > 1 && json.empty()) {
    std::puts("usage: bench_engine [--json FILE]");
    return std::string(argv[1]) == "--help" ? 0 : 1;
  }
  try {
    constexpr std::size_t walks = 200'000;
    const AdditiveGame wide = additive(256);
    const AdditiveGame small = additive(24);
    std::vector<Outcome> outcomes;
    // By turns, so that what disturbs the machine meets both alike.
    outcomes.push_back(measure({"walk_256_players",
                                "walks/s",
                                static_cast<double>(walks),
                                {{"gtap", [&] { walk(wide, walks, 1); }},
                                 {"two_threads", [&] { walk(wide, walks, 2); }},
                                 {"two_runs", [&] { two_runs(wide, walks / 2); }}}},
                               9, 0.3));
    outcomes.push_back(measure({"exact_24_players",
                                "enumerations/s",
                                1.0,
                                {{"gtap", [&] { estimate(small, Shapley{}, Exact{}); }}}},
                               3, 0.3));
    for (const Outcome& outcome : outcomes)
      print(outcome);
    const double one = outcomes[0].rate("gtap");
    std::printf(
        "a walk of 257 coalitions: %.2f us on one thread, %.2f x with two; %.2f x by two separate "
        "runs\n",
        1e6 / one, outcomes[0].rate("two_threads") / one, outcomes[0].rate("two_runs") / one);
    std::printf("exact, 24 players: %.2f s\n", 1.0 / outcomes[1].rate("gtap"));
    if (!json.empty()) write_json(json, outcomes);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_engine: %s\n", error.what());
    return 1;
  }
  return 0;
}
