// Forward passes of dense and convolution layers: gtap's kernels, Eigen, OpenBLAS and oneDNN by
// turns, one thread, float, with bias and ReLU. Weights are packed ahead and activations are in the
// layout that each side likes best. The peak is a loop of multiply-adds on registers, measured by
// turns too.

#include "../options.hpp"
#include "sides.hpp"

#include <cmath>
#include <string>
#include <vector>

namespace {

using namespace gtap_bench;

constexpr DenseShape dense_shapes[] = {{"dense/1000x784x300", 1000, 784, 300},
                                       {"dense/1000x300x100", 1000, 300, 100},
                                       {"dense/1000x100x10", 1000, 100, 10},
                                       {"dense/256x800x500", 256, 800, 500},
                                       {"dense/64x512x512", 64, 512, 512}};

constexpr ConvShape conv_shapes[] = {{"conv/lenet1", 256, 1, 28, 20, 5, 0},
                                     {"conv/lenet2", 256, 20, 12, 50, 5, 0},
                                     {"conv/vgg64_3x3", 32, 64, 32, 64, 3, 1},
                                     {"conv/vgg128_3x3", 32, 128, 16, 128, 3, 1},
                                     {"conv/vgg128_1x1", 32, 64, 32, 128, 1, 0}};

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv, "Dense and convolution layers, by gtap and by others.");
  restart_with_one_thread(argv);
  const double sample = 5e-3;
  std::vector<Outcome> outcomes;
  auto run = [&](Case& work) {
    add_peak(work);
    outcomes.push_back(measure(work, options.rounds, sample));
    print(outcomes.back());
  };
  double log_ratio = 0;
  for (const DenseShape& shape : dense_shapes) {
    if (!options.selects(shape.name)) continue;
    Case work{shape.name, "GFLOPS", shape.gflop(), {}};
    add_gtap(shape, work);
    add_eigen(shape, work);
    add_openblas(shape, work);
    add_onednn(shape, work);
    run(work);
    log_ratio += std::log(outcomes.back().rate("gtap") / outcomes.back().best_peer());
  }
  if (!outcomes.empty()) {
    std::printf("%-32s %.2f x best peer, geometric mean\n", "dense",
                std::exp(log_ratio / static_cast<double>(outcomes.size())));
  }
  for (const ConvShape& shape : conv_shapes) {
    if (!options.selects(shape.name)) continue;
    Case work{shape.name, "GFLOPS", shape.gflop(), {}};
    add_gtap(shape, work);
    add_onednn(shape, work);
    run(work);
  }
  print_ratios(outcomes);
  if (!options.json.empty()) write_json(options.json, outcomes);
}
