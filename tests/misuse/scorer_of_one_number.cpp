// gtap: a scorer is called with a coalition and returns its scores as a std::vector<double>
// (docs/concepts.md, Scorer)
#include <gtap/pruning/procedures.hpp>

gtap::PruningPath prune() {
  return gtap::iterated_pruning(9, [](const gtap::Coalition& kept) { return 1.0 * kept.size(); });
}
