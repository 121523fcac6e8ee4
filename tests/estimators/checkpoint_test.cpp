#include "by.hpp"
#include "catch.hpp"
#include "error_text.hpp"
#include "same_bits.hpp"
#include "temporary_folder.hpp"

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <utility>

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

}  // namespace

TEST_CASE("a finished run goes on with a larger budget", "[checkpoint]") {
  const AnyGame game = any_game(20, rough);
  const Scrap file("gtap_longer");
  const Estimate whole = permutation(game, {.evaluations = 9'000});
  EstimateOptions options{.evaluations = 4'000, .checkpoint = file.path};
  permutation(game, options);
  options.evaluations = 9'000;
  const Estimate resumed = permutation(game, options);
  CHECK(resumed.samples == whole.samples);
  for (std::size_t i = 0; i < 20; ++i)  // other rounds, other chunks: equal but for rounding
    CHECK(resumed.values[i] == Approx(whole.values[i]).epsilon(1e-12));
}

TEST_CASE("what was merged survives a value function that throws", "[checkpoint]") {
  const Scrap file("gtap_thrown");
  std::atomic<bool> broken = true;
  std::atomic<int> calls = 0;
  const AnyGame game = any_game(20, [&](const Coalition& s) {
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

TEST_CASE("a checkpoint knows whose covariance it keeps", "[checkpoint]") {
  const AnyGame game = any_game(20, rough);
  const Scrap file("gtap_covariance");
  EstimateOptions options{.evaluations = 2'000, .covariance_of = {1, 7}, .checkpoint = file.path};
  const Estimate first = permutation(game, options);
  CHECK(permutation(game, options).covariance == first.covariance);
  options.covariance_of = {7, 1};
  const std::string message = error_text([&] { permutation(game, options); });
  CHECK(mentions(message, ", covariance of players 7 1, stopping rules"));
  CHECK(mentions(message, "got a run of 20 players, shapley"));
  CHECK(mentions(message, ", covariance of players 1 7, stopping rules"));
  // Many are told apart by a checksum.
  std::filesystem::remove(file.path);
  for (Player p = 2; p < 20; ++p)
    options.covariance_of.push_back(p);
  permutation(game, options);
  std::swap(options.covariance_of[3], options.covariance_of[4]);
  CHECK(mentions(error_text([&] { permutation(game, options); }), "covariance of 20 players "));
}

TEST_CASE("an error of the game is told although its state cannot be saved", "[checkpoint]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "states");
  std::atomic<int> calls = 0;
  const AnyGame game = any_game(20, [&](const Coalition& s) {
    if (++calls > 3'000) {
      std::filesystem::remove_all(folder / "states");
      throw std::runtime_error("model on fire");
    }
    return rough(s);
  });
  CHECK_THROWS_WITH(
      permutation(game,
                  {.evaluations = 9'000, .threads = 1, .checkpoint = folder / "states" / "state"}),
      "model on fire");
  // Where saving is all that failed, it is told.
  calls = -100'000;
  CHECK(mentions(error_text([&] {
                   permutation(game, {.evaluations = 9'000,
                                      .threads = 2,
                                      .checkpoint = folder / "states" / "state",
                                      .checkpoint_seconds = 0.0});
                 }),
                 "expected a folder that can be written to"));
}

namespace {

/// A design of four samples in chunks of their own, of which merging the second fails. It is merged
/// by whoever does the first, which waits for it.
struct MergeFails {
  struct Statistics {
    std::uint64_t sample = 0;
    void merge(const Statistics& other) {
      if (other.sample == 2) throw std::bad_alloc();
    }
    template <class Archive>
    void archive(Archive& fields) {
      fields(sample);
    }
  };
  struct Scratch {};
  struct Run {
    using Statistics = MergeFails::Statistics;
    using Scratch = MergeFails::Scratch;
    std::shared_ptr<std::atomic<bool>> second_done = std::make_shared<std::atomic<bool>>(false);

    Statistics statistics() const { return {}; }
    Scratch scratch() const { return {}; }
    std::size_t chunk() const { return 1; }
    template <class Worker>
    void begin(Worker&) {}
    std::uint64_t planned = 0;
    std::uint64_t plan(const Statistics&, std::size_t) { return 4 - std::exchange(planned, 4); }
    template <class Worker>
    void sample(std::uint64_t k, RandomStream&, Worker&, Scratch&, Statistics& statistics) const {
      statistics.sample = k + 1;
      if (k == 1) *second_done = true;
      while (k == 0 && !*second_done)
        std::this_thread::yield();
      if (k == 0) std::this_thread::sleep_for(std::chrono::milliseconds(30));
    }
    void summarise(const Statistics&, Estimate& estimate) const { estimate.values = {0.0}; }
    template <class Archive>
    void archive(Archive& fields) {
      fields(planned);
    }
  };
  Run run(const LawTable&, const RunContext&) const { return {}; }
};

}  // namespace

TEST_CASE("half-merged statistics are neither used nor saved", "[checkpoint]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(estimate(any_game(20, rough), Shapley{}, MergeFails{},
                           {.threads = 2, .checkpoint = folder / "state"}),
                  std::bad_alloc);
  CHECK(folder.entries() == 0);
}

TEST_CASE("a checkpoint of something else is refused", "[checkpoint]") {
  const Scrap file("gtap_other");
  const AnyGame game = any_game(20, rough);
  const AnyGame smaller = any_game(19, rough);
  EstimateOptions options{.evaluations = 2'000, .checkpoint = file.path};
  permutation(game, options);
  const std::string message = error_text([&] { permutation(smaller, options); });
  CHECK(message.starts_with("checkpoint: expected a run of 19 players, shapley"));
  CHECK(message.find("got a run of 20 players, shapley") != std::string::npos);
  CHECK(!error_text([&] { by(Banzhaf{}, Permutation{})(game, options); }).empty());
  CHECK(!error_text([&] { by(Shapley{}, SharedCoalition{})(game, options); }).empty());
  options.seed = 1;
  CHECK(!error_text([&] { permutation(game, options); }).empty());
  options.seed = 0;
  options.covariance_of = {1, 7};
  CHECK(mentions(error_text([&] { permutation(game, options); }),
                 "covariance of players 1 7, stopping"));
  options.covariance_of.clear();

  std::filesystem::resize_file(file.path, std::filesystem::file_size(file.path) - 3);
  CHECK(error_text([&] { permutation(game, options); }) ==
        "checkpoint: expected a whole checkpoint in " + file.path.string() + ", got a damaged one");
  std::ofstream(file.path) << "something";
  CHECK(error_text([&] { permutation(game, options); }) ==
        "checkpoint: expected a gtap checkpoint in " + file.path.string() + ", got something else");
  options.checkpoint = "/nowhere/at/all";
  CHECK(
      error_text([&] { permutation(game, options); }) ==
      "checkpoint(/nowhere/at/all): expected a folder that can be written to, got No such file or "
      "directory");
}
