#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/network/prune_network.hpp>
#include <gtap/pruning/game_procedures.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "networks.hpp"

#include <algorithm>

using namespace gtap;

namespace {

struct Case {
  nn::Network<float> net;
  nn::Dataset<float> data;
};

Case lenet() {
  auto net = networks::all()[1].second;
  auto data = networks::data_for(net, 70, 5);
  return {std::move(net), std::move(data)};
}

/// The same by hand, on one value.
template <class Objective>
PruningPath by_hand(const Case& c, Objective objective, Budget keep) {
  const NetworkGame game(c.net, c.data, objective);
  return iterated_pruning(game, DropoutBand{0.5, 1.0}, SharedCoalition{},
                          {.keep = keep,
                           .schedule = Schedule::fraction(0.05),
                           .constraints = layer_constraints(game.units()),
                           .estimate = {.evaluations = 4 * (game.players() + 1), .seed = 3}});
}

}  // namespace

TEST_CASE("prune_network is iterated pruning by agreement, then by accuracy", "[prune_network]") {
  const Case c = lenet();
  const Budget keep = Budget::units(6);
  const auto path = [&](double most_divergence, std::size_t threads = 1) {
    return prune_network(
        c.net, c.data,
        {.keep = keep, .most_divergence = most_divergence, .seed = 3, .threads = threads});
  };
  const PruningPath agreement = by_hand(c, Agreement{}, keep);
  CHECK(path(1e9).moves() == agreement.moves());
  // One evaluation more a round, of what is kept.
  CHECK(path(1e9).evaluations == agreement.evaluations + agreement.steps().size() - 1);

  // As by agreement, until a round starts with more divergence than is allowed.
  const NetworkGame game(c.net, c.data, Agreement{});
  const std::size_t round = agreement.steps().size() / 3;
  double most_divergence = 0.0;
  for (std::size_t r = 0; r <= round; ++r)
    most_divergence = std::max(most_divergence, -game(agreement.steps()[r].kept));
  const PruningPath both = path(most_divergence);
  CHECK(both.steps()[round + 1].kept == agreement.steps()[round + 1].kept);
  CHECK(both.moves() != agreement.moves());
  CHECK(both.moves() == path(most_divergence, 2).moves());
  CHECK(both.report.met());
}

TEST_CASE("prune_network leaves a unit in each layer when no budget is given", "[prune_network]") {
  const Case c = lenet();
  const PruningPath path = prune_network(c.net, c.data, {.part_of_round = 0.5});
  CHECK(Units(c.net).count(path.back().kept) == std::vector<std::size_t>{1, 1, 1, 1});
}

TEST_CASE("prune_network names the setting that is out of range", "[prune_network]") {
  const Case c = lenet();
  CHECK(error_text([&] { prune_network(c.net, c.data, {.most_divergence = -1.0}); }) ==
        "prune_network: expected a most_divergence of at least 0, got -1");
  CHECK(error_text([&] { prune_network(c.net, c.data, {.coalitions = 1}); }) ==
        "prune_network: expected at least 2 coalitions in the first round, got 1");
}
