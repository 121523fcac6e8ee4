#include "any_estimate.hpp"
#include "catch.hpp"
#include "error_text.hpp"

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

using namespace gtap;

namespace {

/// A file that is gone before and after.
struct Scrap {
  std::filesystem::path path;
  explicit Scrap(const std::string& name)
      : path(std::filesystem::temp_directory_path() / (name + std::to_string(getpid()))) {
    std::filesystem::remove(path);
  }
  ~Scrap() { std::filesystem::remove(path); }
};

const AnyEstimator permutation = by(Shapley{}, Permutation{});

bool same_bits(const Estimate& a, const Estimate& b) {
  return a.values == b.values && a.standard_errors == b.standard_errors &&
         a.covariance == b.covariance && a.evaluations == b.evaluations && a.units == b.units;
}

}  // namespace

TEST_CASE("a finished run goes on with a larger budget", "[checkpoint]") {
  const AnyGame game(20, rough);
  const Scrap file("gtap_longer");
  const Estimate whole = permutation(game, {.evaluations = 9'000});
  EstimateOptions options{.evaluations = 4'000, .checkpoint = file.path};
  permutation(game, options);
  options.evaluations = 9'000;
  const Estimate resumed = permutation(game, options);
  CHECK(resumed.units == whole.units);
  for (std::size_t i = 0; i < 20; ++i)  // other rounds, other chunks: equal but for rounding
    CHECK(resumed.values[i] == Approx(whole.values[i]).epsilon(1e-12));
}

TEST_CASE("what was merged survives a value function that throws", "[checkpoint]") {
  const Scrap file("gtap_thrown");
  std::atomic<bool> broken = true;
  std::atomic<int> calls = 0;
  const AnyGame game(20, [&](const Coalition& s) {
    if (++calls > 5000 && broken) throw std::runtime_error("no licence");
    return rough(s);
  });
  const EstimateOptions options{.evaluations = 20'000, .checkpoint = file.path};
  CHECK_THROWS_WITH(permutation(game, options), "no licence");
  broken = false;
  calls = 0;
  const Estimate resumed = permutation(game, options);
  CHECK(calls < 17'000);
  CHECK(same_bits(resumed, permutation(game, {.evaluations = 20'000})));
}

TEST_CASE("a checkpoint of something else is refused", "[checkpoint]") {
  const Scrap file("gtap_other");
  const AnyGame game(20, rough);
  const AnyGame smaller(19, rough);
  EstimateOptions options{.evaluations = 2'000, .checkpoint = file.path};
  permutation(game, options);
  const std::string message = error_text([&] { permutation(smaller, options); });
  CHECK(message.starts_with("checkpoint: expected a run of 19 players, Shapley"));
  CHECK(message.find("got a run of 20 players, Shapley") != std::string::npos);
  CHECK(!error_text([&] { by(Banzhaf{}, Permutation{})(game, options); }).empty());
  CHECK(!error_text([&] { by(Shapley{}, SharedCoalition{})(game, options); }).empty());
  options.seed = 1;
  CHECK(!error_text([&] { permutation(game, options); }).empty());

  std::filesystem::resize_file(file.path, std::filesystem::file_size(file.path) - 3);
  CHECK(error_text([&] { permutation(game, options); }) ==
        "checkpoint: expected a whole checkpoint in " + file.path.string() + ", got a damaged one");
  std::ofstream(file.path) << "something";
  CHECK(error_text([&] { permutation(game, options); }) ==
        "checkpoint: expected a gtap checkpoint in " + file.path.string() + ", got something else");
  options.checkpoint = "/nowhere/at/all";
  CHECK(error_text([&] { permutation(game, options); }) ==
        "checkpoint: expected a file that can be written, got /nowhere/at/all.part");
}
