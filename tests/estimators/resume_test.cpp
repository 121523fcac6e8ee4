// What must hold of every design: the same bits for any number of threads, and for a run that was
// killed again and again; and of every fault of a value function: a clear error, nothing lost.

#include "by.hpp"
#include "catch.hpp"
#include "error_text.hpp"
#include "same_bits.hpp"
#include "temporary_folder.hpp"

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <stop_token>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace gtap;

namespace {

/// A design with a budget that is many of its chunks.
struct Sampled {
  AnyEstimator by;
  std::size_t budget = 4'000;
};

/// Every design that samples.
std::vector<Sampled> every_design() {
  const AnyLaw shapley = Shapley{};
  const AnyLaw banzhaf = Banzhaf{};
  const AnyLaw dropout = Dropout{0.3};
  return {{by(shapley, Permutation{})},
          {by(shapley, Permutation{.antithetic = true})},
          {by(dropout, ShortChains{3})},
          {by(dropout, SharedCoalition{})},
          {by(shapley, SharedCoalition{.paired = true})},
          {by(shapley, Owen{.points = 3})},
          {by(shapley, Owen{.points = 3, .gauss_legendre = true})},
          {by(shapley, Stratified{})},
          {by(dropout, Stratified{.neyman = false})},
          {by(dropout, Svarm{}), 40'000},
          {by(dropout, SampleReuse{})},
          {by(dropout, SampleReuse{.paired = true})},
          {by(shapley, AdjustedReuse{}), 800},
          {by(dropout, Regression{}), 800},
          {by(shapley, KernelShap{}), 800},
          {by(shapley, LeverageShap{}), 800},
          {by(shapley, UnbiasedKernelShap{})},
          {by(Shapley{}, Surrogate{}), 800},
          {by(dropout, Surrogate{}), 800},
          {by(banzhaf, Surrogate{}), 800}};
}

EstimateOptions options(std::size_t evaluations) {
  return {.evaluations = evaluations, .seed = 5, .enumerate_small = false, .covariance_of = {1, 7}};
}

/// Whether a child that runs this is killed before it is done.
template <class Run>
bool is_killed(Run&& run) {
  const pid_t child = fork();
  if (child == 0) {
    run();
    _exit(0);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/// Runs in 20 children, on one thread and on two by turns, each of which dies at a random call of
/// the value function, then to the end.
void check_killed(const AnyEstimator& estimator, EstimateOptions how, RandomStream& moments,
                  std::size_t players = 10) {
  std::atomic<std::size_t> calls = 0;
  std::size_t last_call = 0;  // 0: none
  const AnyGame game = any_game(players, [&](const Coalition& s) {
    if (++calls == last_call) kill(getpid(), SIGKILL);
    return rough(s);
  });
  const TemporaryFolder folder;
  how.threads = 2;
  const Estimate whole = estimator(game, how);
  CAPTURE(whole.law, whole.design);
  const std::size_t all_calls = calls;
  how.checkpoint = folder / "state";
  how.checkpoint_seconds = 0.0;
  std::size_t left = all_calls;  // at least, whatever was saved
  for (std::size_t child_number = 0; child_number < 20; ++child_number) {
    calls = 0;
    last_call = 1 + moments.below(static_cast<std::uint32_t>(left / 4));
    left -= last_call;
    how.threads = 1 + child_number % 2;
    REQUIRE(is_killed([&] { estimator(game, how); }));
  }
  REQUIRE(std::filesystem::exists(how.checkpoint));
  calls = 0;
  last_call = 0;
  how.threads = 2;
  CHECK(same_bits(whole, estimator(game, how)));
  CHECK(calls > 0);
  CHECK(calls < all_calls);
}

}  // namespace

TEST_CASE("every design gives the same bits for any number of threads", "[engine]") {
  const AnyGame game = any_game(10, rough);
  for (const auto& [estimator, budget] : every_design()) {
    EstimateOptions how = options(budget);
    how.threads = 1;
    const Estimate one = estimator(game, how);
    CAPTURE(one.law, one.design);
    CHECK(one.evaluations <= budget);
    CHECK(one.covariance.size() == 4);
    for (const std::size_t threads : {2u, 7u}) {
      how.threads = threads;
      CHECK(same_bits(one, estimator(game, how)));
    }
    how.seed = 6;
    CHECK_FALSE(same_bits(one, estimator(game, how)));
  }
}

TEST_CASE("every design survives being killed at 20 random moments", "[checkpoint]") {
  RandomStream moments(1, 0);
  for (const auto& [estimator, budget] : every_design())
    check_killed(estimator, options(budget), moments);
}

TEST_CASE("enumeration gives the same bits, too", "[checkpoint]") {
  const AnyGame game = any_game(16, rough);
  const AnyEstimator exact = by(BetaShapley{4, 1}, Exact{});
  EstimateOptions how = options(1 << 16);
  how.threads = 1;
  const Estimate one = exact(game, how);
  for (const std::size_t threads : {2u, 7u}) {
    how.threads = threads;
    CHECK(same_bits(one, exact(game, how)));
  }
  RandomStream moments(3, 0);
  check_killed(exact, how, moments, 16);
}

TEST_CASE("a run is saved and ended within a long chunk", "[checkpoint]") {
  const auto check = [](const AnyEstimator& estimator, std::size_t budget) {
    std::atomic<std::size_t> calls = 0;
    std::size_t killing = 0;
    std::stop_source source;
    std::size_t stopping = 0;
    bool slow = false;
    const AnyGame game = any_game(20, [&](const Coalition& s) {
      ++calls;
      if (slow) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (calls == killing) kill(getpid(), SIGKILL);
      if (calls == stopping) source.request_stop();
      return rough(s);
    });
    const TemporaryFolder folder;
    EstimateOptions how = options(budget);
    how.threads = 1;
    const Estimate whole = estimator(game, how);
    CAPTURE(whole.design);
    const std::size_t all_calls = calls;
    how.checkpoint = folder / "state";
    how.checkpoint_seconds = 0.0;
    slow = true;
    calls = 0;
    killing = 150;  // the first chunk takes longer
    REQUIRE(is_killed([&] { estimator(game, how); }));
    REQUIRE(std::filesystem::exists(how.checkpoint));

    calls = 0;
    killing = 0;
    stopping = 50;
    how.stop = source.get_token();
    const Estimate part = estimator(game, how);
    CHECK(part.stopped == Stopped::request);
    CHECK(calls == 50);
    CHECK(part.evaluations > 100);
    CHECK(part.evaluations <= 200);
    how.stop = {};
    slow = false;
    calls = 0;
    stopping = 0;
    CHECK(same_bits(whole, estimator(game, how)));
    CHECK(calls == all_calls - part.evaluations);
    // What was known at the stop is what a budget of as much tells.
    EstimateOptions short_of = options(part.evaluations);
    CHECK(estimator(game, short_of).values == part.values);
  };
  check(by(Shapley{}, Permutation{}), 600);
  check(by(Dropout{0.3}, SampleReuse{}), 600);
}

TEST_CASE("rules end a killed run where they end the whole one", "[checkpoint]") {
  RandomStream moments(2, 0);
  EstimateOptions how = options(40'000);
  how.half_width = 0.05;
  check_killed(by(Shapley{}, Permutation{}), how, moments);
  how.half_width = 0.0;
  how.standard_error = 0.012;
  check_killed(by(Dropout{0.3}, SampleReuse{}), how, moments);
  how.standard_error = 0.0;
  how.stable_top = 2;
  how.stable_rounds = 12;
  check_killed(by(Shapley{}, ShortChains{3}), how, moments);
}

namespace {

/// All rungs, with one coalition whose value is at fault.
class FaultyGame {
 public:
  explicit FaultyGame(double fault) : fault_(fault) {}
  std::size_t players() const { return 6; }
  double operator()(const Coalition& s) const {
    return s == Coalition(6, {1, 4}) ? fault_ : static_cast<double>(s.size());
  }

  class Evaluator : public detail::EvaluatorReference<FaultyGame> {
   public:
    using EvaluatorReference::EvaluatorReference;
    void batch(std::span<const Coalition> coalitions, std::span<double> out) {
      for (std::size_t k = 0; k < out.size(); ++k)
        out[k] = (*this)(coalitions[k]);
    }
    void chain(const Coalition& start, std::span<const Player> toggles, std::span<double> out) {
      Coalition s = start;
      out[0] = (*this)(s);
      for (std::size_t k = 0; k < toggles.size(); ++k) {
        s.toggle(toggles[k]);
        out[k + 1] = (*this)(s);
      }
    }
    void star(const Coalition& centre, std::span<const Player> players, std::span<double> out) {
      out[0] = (*this)(centre);
      for (std::size_t k = 0; k < players.size(); ++k) {
        Coalition s = centre;
        s.toggle(players[k]);
        out[k + 1] = (*this)(s);
      }
    }
  };
  Evaluator evaluator() const { return Evaluator(*this); }

 private:
  double fault_;
};

}  // namespace

TEST_CASE("a value that is not finite names its coalition on every rung", "[engine]") {
  for (const double fault : {std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity(), -HUGE_VAL}) {
    const FaultyGame game(fault);
    const std::string expected = detail::text("value function: expected a finite value, got ",
                                              fault, " for the coalition {1, 4} of 6");
    const auto check = [&](const AnyLaw& law, const auto& design) {
      for (const std::size_t threads : {1u, 3u}) {
        CHECK(error_text([&] {
                estimate(game, law, design,
                         {.evaluations = 3'000, .threads = threads, .enumerate_small = false});
              }) == expected);
      }
    };
    check(Banzhaf{}, SampleReuse{});      // batches
    check(Shapley{}, Permutation{});      // chains
    check(Shapley{}, SharedCoalition{});  // stars
    check(Shapley{}, Svarm{});            // one by one
  }
}

TEST_CASE("after a fault no worker goes on, and nothing merged is lost", "[engine]") {
  const TemporaryFolder folder;
  std::atomic<int> calls = 0;
  std::atomic<bool> broken = true;
  const AnyGame game = any_game(16, [&](const Coalition& s) {
    if (++calls > 3'000 && broken) throw std::runtime_error("gone");
    return rough(s.contains(3) ? Coalition(16, {1, 3}) : Coalition(16, {2}));
  });
  const AnyEstimator permutation = by(Shapley{}, Permutation{});
  EstimateOptions how{.evaluations = 12'000, .threads = 3, .checkpoint = folder / "state"};
  CHECK_THROWS_WITH(permutation(game, how), "gone");
  const int after = calls;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(calls == after);
  broken = false;
  calls = 0;
  const Estimate resumed = permutation(game, how);
  CHECK(calls < 11'000);
  how.checkpoint.clear();
  CHECK(same_bits(resumed, permutation(game, how)));
}
