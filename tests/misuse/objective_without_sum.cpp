// gtap: an objective needs a const member sum(tile), which takes an OutputTile<T> and returns a
// double (docs/concepts.md, Objective)
#include <gtap/network/network_game.hpp>

struct TopFive {
  double total(const gtap::OutputTile<float>& tile) const;
};

double value(const gtap::nn::Network<float>& net, const gtap::nn::Dataset<float>& data) {
  const gtap::NetworkGame game(net, data, TopFive{});
  return game(gtap::Coalition::grand(game.players()));
}
