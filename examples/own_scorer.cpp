// Ranking units in one's own way: a scorer that the library does not have, in the same procedures,
// budgets and paths as its indices and baselines.
#include <gtap/network/compaction.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/pruning/procedures.hpp>

#include <algorithm>
#include <iostream>
#include <utility>
#include <vector>

/// Scores a unit by how unlike its inputs' weights are to those of any other unit of its layer: of
/// two units that do the same, one may go.
class Redundancy {
 public:
  Redundancy(gtap::nn::Network<float> net, gtap::Units units)
      : net_(std::move(net)), units_(std::move(units)) {}

  /// One score for each unit that is kept, in increasing order of players.
  std::vector<double> operator()(const gtap::Coalition& kept) {
    std::vector<double> scores;
    const gtap::nn::Network<float> net = gtap::compact(net_, units_, kept).network;
    for (const gtap::UnitLayer& layer : units_.layers()) {
      const auto& weight = net.nodes()[layer.node].weight;  // a row is a unit
      for (Eigen::Index u = 0; u < weight.rows(); ++u) {
        double nearest = 1.0;
        for (Eigen::Index other = 0; other < weight.rows(); ++other) {
          if (other == u) continue;
          const double cosine = std::abs(weight.row(u).dot(weight.row(other))) /
                                (weight.row(u).norm() * weight.row(other).norm());
          nearest = std::min(nearest, 1.0 - cosine);
        }
        scores.push_back(nearest);
      }
    }
    return scores;
  }

 private:
  gtap::nn::Network<float> net_;
  gtap::Units units_;
};

int main() {
  namespace nn = gtap::nn;
  nn::Network<float> net({16}, {nn::Dense{.out = 12}, nn::Relu{}, nn::Dense{.out = 8}, nn::Relu{},
                                nn::Dense{.out = 4}});
  nn::initialize(net, 1);
  const gtap::Units units(net);
  const gtap::PruningPath path = gtap::iterated_pruning(
      units.size(), Redundancy(net, units),
      {.keep = gtap::Budget::fraction(0.5), .constraints = gtap::layer_constraints(units, 2)});
  std::cout << "first to go: " << units.label(path.moves().front()) << '\n' << path.report;
}
