// Forward passes of dense and convolution layers: gtap's kernels, Eigen, OpenBLAS and oneDNN by
// turns, one thread, float, with bias and ReLU. Weights are packed ahead where a side can take them
// so, which is oneDNN; activations are in the layout that each side likes best. The peak is a loop
// of multiply-adds on registers, measured by turns too.

#include "../comparison.hpp"
#include "sides.hpp"

#include <cmath>
#include <cstdio>

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
  CLI::App app("Dense and convolution layers, by gtap and by others.");
  Comparison comparison(app, argc, argv, {"eigen", "openblas", "onednn"}, 5e-3);
  for (const DenseShape& shape : dense_shapes) {
    comparison.run(shape.name, [&] {
      Case work{"GFLOPS", shape.gflop()};
      add_gtap(shape, work);
      add_eigen(shape, work);
      add_openblas(shape, work);
      add_onednn(shape, work);
      add_peak(work);
      return work;
    });
  }
  double log_ratios = 0;
  for (const Outcome& outcome : comparison.outcomes())
    log_ratios += std::log(outcome.ratio());
  if (!comparison.outcomes().empty()) {
    std::printf("dense: %.2f x the best peer, geometric mean\n",
                std::exp(log_ratios / static_cast<double>(comparison.outcomes().size())));
  }
  for (const ConvShape& shape : conv_shapes) {
    comparison.run(shape.name, [&] {
      Case work{"GFLOPS", shape.gflop()};
      add_gtap(shape, work);
      add_onednn(shape, work);
      add_peak(work);
      return work;
    });
  }
  return comparison.finish();
}
