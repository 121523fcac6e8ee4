// Forward passes of dense and convolution layers: gtap's kernels, Eigen, OpenBLAS and oneDNN by
// turns, one thread, float, with bias and ReLU. Weights are packed ahead and activations are in the
// layout that each side likes best. The peak is a loop of multiply-adds on registers, measured by
// turns too.
//
//   bench_kernels [--json FILE] [--filter TEXT] [--rounds N]

#include "sides.hpp"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#if defined(__linux__)
#include <unistd.h>
#endif

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

/// The libraries read their number of threads before main begins.
void restart_with_one_thread(char** argv) {
#if defined(__linux__)
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return;
  setenv("OMP_NUM_THREADS", "1", 1);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  execv("/proc/self/exe", argv);
#else
  (void)argv;
#endif
}

}  // namespace

int main(int argc, char** argv) {
  restart_with_one_thread(argv);
  std::string json;
  std::string filter;
  std::size_t rounds = 15;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--json") == 0) json = argv[i + 1];
    if (std::strcmp(argv[i], "--filter") == 0) filter = argv[i + 1];
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::strtoul(argv[i + 1], nullptr, 10);
  }
  const double sample = 5e-3;
  std::vector<Outcome> outcomes;
  auto run = [&](Case& work) {
    add_peak(work);
    outcomes.push_back(measure(work, rounds, sample));
    print(outcomes.back());
  };
  double log_ratio = 0;
  for (const DenseShape& shape : dense_shapes) {
    if (std::string(shape.name).find(filter) == std::string::npos) continue;
    Case work{shape.name, "GFLOPS", shape.gflop(), {}};
    add_gtap(shape, work);
    add_eigen(shape, work);
    add_openblas(shape, work);
    add_onednn(shape, work);
    run(work);
    log_ratio += std::log(outcomes.back().rate("gtap") / outcomes.back().best_peer());
  }
  if (!outcomes.empty()) {
    std::printf("%-22s %.2f x best peer, geometric mean\n", "dense",
                std::exp(log_ratio / static_cast<double>(outcomes.size())));
  }
  for (const ConvShape& shape : conv_shapes) {
    if (std::string(shape.name).find(filter) == std::string::npos) continue;
    Case work{shape.name, "GFLOPS", shape.gflop(), {}};
    add_gtap(shape, work);
    add_onednn(shape, work);
    run(work);
  }
  if (!json.empty()) write_json(json, outcomes);
}
