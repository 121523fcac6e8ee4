#include <gtap/games/callable.hpp>
#include <gtap/games/classic.hpp>
#include <gtap/games/closed_form.hpp>
#include <gtap/games/subgame.hpp>

#include "by.hpp"
#include "catch.hpp"
#include "error_text.hpp"
#include "same_bits.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <thread>

using namespace gtap;

namespace {

AdditiveGame additive(std::size_t players) {
  std::vector<double> worth;
  for (std::size_t i = 0; i < players; ++i)
    worth.push_back(0.1 * static_cast<double>(i * i) - 1.0);
  return AdditiveGame(worth);
}

const AnyEstimator permutation = by(Shapley{}, Permutation{});

}  // namespace

TEST_CASE("the same bits for any number of threads", "[engine]") {
  const AnyGame game = any_game(20, rough);
  const auto check = [&](const AnyEstimator& estimator) {
    EstimateOptions options{.evaluations = 5000, .seed = 3, .threads = 1, .covariance_of = {1, 7}};
    const Estimate one = estimator(game, options);
    CHECK(one.evaluations <= 5000);
    for (const std::size_t threads : {2u, 7u}) {
      options.threads = threads;
      CHECK(same_bits(one, estimator(game, options)));
    }
    options.seed = 4;
    CHECK_FALSE(same_bits(one, estimator(game, options)));
  };
  check(by(Shapley{}, Permutation{}));
  check(by(Shapley{}, Permutation{.antithetic = true}));
  check(by(DropoutBand{0.2, 0.4}, Permutation{}));
  check(by(Banzhaf{}, SampleReuse{}));
  check(by(Dropout{0.7}, Regression{}));
}

TEST_CASE("the budget is met and never passed", "[engine]") {
  std::atomic<std::size_t> calls = 0;
  const AnyGame game = any_game(10, [&](const Coalition& s) {
    ++calls;
    return rough(s);
  });
  const auto check = [&](const AnyEstimator& estimator, std::size_t budget, std::size_t spent) {
    calls = 0;
    const Estimate e = estimator(game, {.evaluations = budget});
    CHECK(e.evaluations == spent);
    CHECK(calls == spent);
    CHECK(e.stopped == Stopped::budget);
  };
  check(by(Shapley{}, Permutation{}), 11, 11);
  check(by(Shapley{}, Permutation{}), 100, 2 + 10 * 9);
  check(by(Shapley{}, Permutation{.antithetic = true}), 100, 2 + 5 * 18);
  check(by(Banzhaf{}, SampleReuse{}), 100, 100);
  check(by(Banzhaf{}, Regression{}), 100, 100);
}

TEST_CASE("what the value function throws reaches the caller", "[engine]") {
  std::atomic<int> calls = 0;
  const AnyGame game = any_game(20, [&](const Coalition& s) {
    if (++calls > 2000) throw std::runtime_error("model on fire");
    return rough(s);
  });
  for (const std::size_t threads : {1u, 3u}) {
    calls = 0;
    CHECK_THROWS_WITH(permutation(game, {.evaluations = 10'000, .threads = threads}),
                      "model on fire");
  }
}

TEST_CASE("a request to stop returns what is known", "[engine]") {
  std::stop_source source;
  std::size_t calls = 0;
  const AnyGame game = any_game(20, [&](const Coalition& s) {
    if (++calls == 3000) source.request_stop();
    return rough(s);
  });
  const Estimate part =
      permutation(game, {.evaluations = 100'000, .threads = 1, .stop = source.get_token()});
  CHECK(part.stopped == Stopped::request);
  CHECK(part.evaluations > 1000);
  CHECK(part.evaluations <= 3001);
  // It is the estimate of the units that were finished.
  CHECK(part.values == permutation(game, {.evaluations = part.evaluations, .threads = 1}).values);

  const Estimate none = permutation(game, {.threads = 1, .stop = source.get_token()});
  CHECK(none.samples == 0);
  CHECK(none.values == std::vector<double>(20, 0.0));
  CHECK(std::isinf(none.standard_errors[0]));
}

TEST_CASE("rules end a run before its budget", "[engine]") {
  const AnyGame game = any_game(20, rough);
  const auto run = [&](EstimateOptions options) {
    options.evaluations = 200'000;
    return permutation(game, options);
  };
  const Estimate by_error = run({.standard_error = 0.02});
  CHECK(by_error.stopped == Stopped::standard_error);
  CHECK(*std::max_element(by_error.standard_errors.begin(), by_error.standard_errors.end()) <=
        0.02);
  CHECK(by_error.evaluations < 100'000);
  CHECK(run({.stop_when = [](const Estimate& e) { return e.samples > 900; }}).stopped ==
        Stopped::rule);
  CHECK(permutation(AnyGame(additive(20)), {.evaluations = 200'000, .stable_top = 5}).stopped ==
        Stopped::stable_ranking);
  CHECK(run({.seconds = 1e-9}).stopped == Stopped::time);
}

TEST_CASE("what a rule ends costs the same, whatever the budget", "[engine]") {
  std::vector<double> costs;
  for (int i = 1; i <= 20; ++i)
    costs.push_back(i);
  const AirportGame game(costs);
  const auto spent = [&](const AnyDesign& design, std::size_t budget) {
    const Estimate e = estimate(game, Shapley{}, design,
                                {.evaluations = budget, .seed = 2, .standard_error = 0.5});
    CAPTURE(e.design, budget);
    CHECK(e.stopped == Stopped::standard_error);
    return e.evaluations;
  };
  for (const AnyDesign& design :
       {AnyDesign(Surrogate{}), AnyDesign(LeverageShap{}), AnyDesign(KernelShap{}),
        AnyDesign(Permutation{}), AnyDesign(Owen{}), AnyDesign(SharedCoalition{}),
        AnyDesign(AdjustedReuse{}), AnyDesign(ShortChains{})}) {
    const std::size_t least = spent(design, 20'000);
    CHECK(spent(design, 200'000) == least);
    CHECK(spent(design, 2'000'000) == least);
  }
  // A cap that the rule just meets is spent as that of the default.
  const std::size_t least = spent(Surrogate{}, 2'000'000);
  CHECK(least <= 2'000);
  CHECK(spent(Surrogate{}, least) == least);
}

TEST_CASE("what no rule ends is enumerated where the budget pays for it", "[engine]") {
  const AnyGame game = any_game(11, rough);
  const std::vector<double> truth = by(Shapley{}, Exact{})(game).values;
  for (const AnyDesign& design : {AnyDesign(Permutation{}), AnyDesign(Owen{})}) {
    const EstimateOptions options{.evaluations = 20'000, .half_width = 1e-9};
    const Estimate e = estimate(game, Shapley{}, design, options);
    CHECK(e.design == "exact");
    CHECK(e.stopped == Stopped::half_width);
    CHECK(e.evaluations >= 2 * 2048 - 200);
    CHECK(e.evaluations <= 2 * 2048);
    for (Player p = 0; p < 11; ++p) {
      CHECK(e.values[p] == Approx(truth[p]).margin(1e-12));
      CHECK(e.standard_errors[p] == 0.0);
    }
  }
}

TEST_CASE("options that mean nothing are refused", "[engine]") {
  const AnyGame game = any_game(20, rough);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto check = [&](const EstimateOptions& options, const std::string& expected) {
    CHECK(error_text([&] { permutation(game, options); }) == "estimate: expected " + expected);
  };
  check({.seconds = nan}, "seconds of 0 or more, got nan");
  check({.seconds = -1.0}, "seconds of 0 or more, got -1");
  check({.standard_error = nan}, "standard_error of 0 or more, got nan");
  check({.standard_error = -0.5}, "standard_error of 0 or more, got -0.5");
  check({.half_width = nan}, "half_width of 0 or more, got nan");
  check({.half_width = -2.0}, "half_width of 0 or more, got -2");
  check({.stable_top = 21}, "stable_top of at most 20, got 21");
  check({.stable_top = 2, .stable_rounds = 0}, "stable_rounds of at least 1, got 0");
  check({.checkpoint_seconds = nan}, "checkpoint_seconds of 0 or more, got nan");
  check({.checkpoint_seconds = -60.0}, "checkpoint_seconds of 0 or more, got -60");
}

TEST_CASE("a time limit is heard between evaluations, whatever the design asks for", "[engine]") {
  std::atomic<std::size_t> calls = 0;
  const AnyGame game = any_game(20, [&](const Coalition& s) {
    ++calls;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return rough(s);
  });
  const auto check = [&](const AnyEstimator& estimator) {
    for (const std::size_t threads : {1u, 3u}) {
      calls = 0;
      const Estimate e =
          estimator(game, {.evaluations = 5'000, .threads = threads, .seconds = 0.02});
      CAPTURE(e.design, threads);
      CHECK(e.stopped == Stopped::time);
      CHECK(calls <= 10 * threads);  // each takes 2 ms, and none begins after 20
    }
  };
  check(by(Shapley{}, Permutation{}));         // chains
  check(by(Dropout{0.3}, SharedCoalition{}));  // stars
  check(by(Dropout{0.3}, SampleReuse{}));      // batches
  check(by(Shapley{}, Surrogate{}));           // of samples
  check(by(Dropout{0.3}, Svarm{}));            // one by one, before the first sample too
}

TEST_CASE("the first chunks are for all threads", "[engine]") {
  constexpr std::size_t threads = 7;
  std::mutex mutex;
  std::condition_variable all_there;
  std::set<std::thread::id> seen;
  const AnyGame game = any_game(20, [&](const Coalition& s) {
    std::unique_lock lock(mutex);
    if (s.size() > 0 && s.size() < 20 && seen.size() < threads) {
      seen.insert(std::this_thread::get_id());
      all_there.notify_all();
      all_there.wait_for(lock, std::chrono::seconds(10), [&] { return seen.size() == threads; });
    }
    return rough(s);
  });
  permutation(game, {.evaluations = 2 + threads * 13 * 19, .threads = threads});
  CHECK(seen.size() == threads);
}

TEST_CASE("a cache changes neither values nor what is counted as asked", "[engine]") {
  const AnyGame game = any_game(12, rough);
  const auto remembered = cached(game);
  const EstimateOptions options{.evaluations = 3000};
  const Estimate plain = by(Banzhaf{}, SampleReuse{})(game, options);
  const Estimate again = estimate(remembered, AnyLaw(Banzhaf{}), SampleReuse{}, options);
  CHECK(same_bits(plain, again));
  CHECK(again.cached > 0);
  CHECK(again.evaluated() < 3000);
  const Estimate third = estimate(remembered, AnyLaw(Banzhaf{}), SampleReuse{}, options);
  CHECK(same_bits(plain, third));
  CHECK(third.evaluated() == 0);
  // Games around the cache hand its count on.
  const Estimate within =
      estimate(restricted(remembered, Coalition::grand(12)), Banzhaf{}, SampleReuse{}, options);
  CHECK(within.values == plain.values);
  CHECK(within.evaluated() == 0);
}

TEST_CASE("progress is told from the calling thread and may end the run", "[engine]") {
  const AnyGame game = any_game(20, rough);
  const auto caller = std::this_thread::get_id();
  std::size_t last = 0;
  EstimateOptions options{.evaluations = 20'000, .threads = 2};
  options.progress = [&](const Progress& p) {
    CHECK(std::this_thread::get_id() == caller);
    CHECK(p.done >= last);
    CHECK(p.total == 20'000);
    last = p.done;
  };
  const Estimate e = permutation(game, options);
  CHECK(last == e.evaluations);
  options.progress = [](const Progress&) { throw std::runtime_error("enough"); };
  CHECK_THROWS_WITH(permutation(game, options), "enough");
}

TEST_CASE("exactness that theory promises", "[designs]") {
  const AdditiveGame game = additive(17);
  const auto truth = game.shapley();
  const auto check = [&](const Estimate& e) {
    for (std::size_t i = 0; i < truth.size(); ++i) {
      CHECK(e.values[i] == Approx(truth[i]).margin(1e-9));
      CHECK(e.standard_errors[i] == Approx(0.0).margin(1e-9));
    }
  };
  check(estimate(game, Shapley{}, Permutation{}, {.evaluations = 200}));
  const AnyGame any(game);
  check(by(Banzhaf{}, Regression{})(any, {.evaluations = 200}));
  check(by(Dropout{0.2}, Regression{})(any, {.evaluations = 200}));

  std::vector<double> pairs(17 * 17);
  for (std::size_t i = 0; i < 17; ++i) {
    for (std::size_t j = 0; j < 17; ++j)
      pairs[i * 17 + j] = std::sin(static_cast<double>(i + j));
  }
  const QuadraticGame quadratic(truth, pairs);
  const Estimate pair = by(Shapley{}, Permutation{.antithetic = true})(AnyGame(quadratic),
                                                                       {.evaluations = 2 + 4 * 16});
  CHECK(pair.samples == 2);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    CHECK(pair.values[i] == Approx(quadratic.shapley()[i]).margin(1e-12));
    CHECK(pair.standard_errors[i] == Approx(0.0).margin(1e-12));
  }
}

TEST_CASE("Shapley walks sum to what there is to share", "[designs]") {
  const auto game = make_game(13, rough);  // for one thread
  const Estimate e = estimate(game, Shapley{}, Permutation{}, {.evaluations = 500});
  double sum = 0.0;
  for (const double value : e.values)
    sum += value;
  CHECK(sum == Approx(game(Coalition::grand(13)) - game(Coalition(13))).margin(1e-12));
}

TEST_CASE("a callable of a factory is made, called and destroyed by one thread", "[engine]") {
  struct Seen {
    std::mutex mutex;
    std::set<std::thread::id> threads;
    int strangers = 0;
  } seen;
  class Model {
   public:
    explicit Model(Seen& all) : all_(&all) {
      const std::lock_guard lock(all.mutex);
      all.threads.insert(home_);
    }
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;
    ~Model() { check(); }
    double value(const Coalition& kept) const {
      check();
      std::this_thread::sleep_for(std::chrono::microseconds(50));  // so that others have work
      return static_cast<double>(kept.size());
    }

   private:
    void check() const {
      const std::lock_guard lock(all_->mutex);
      if (std::this_thread::get_id() != home_) ++all_->strangers;
    }
    Seen* all_;
    std::thread::id home_ = std::this_thread::get_id();
  };
  const auto game = make_game_from_factory(6, [&] {
    return [model = std::make_unique<Model>(seen)](const Coalition& kept) {
      return model->value(kept);
    };
  });
  const Estimate indices =
      estimate(game, Shapley{}, SharedCoalition{}, {.evaluations = 4000, .seed = 1, .threads = 4});
  CHECK(seen.strangers == 0);
  CHECK(seen.threads.size() >= 1);
  CHECK(seen.threads.size() <= 4);
  CHECK(indices.players() == 6);
}

TEST_CASE("values whose squares overflow are refused", "[engine]") {
  for (const double scale : {1e155, 1e300, -1e148}) {
    const AnyGame game = any_game(20, [&](const Coalition& s) { return scale * rough(s); });
    CHECK(error_text([&] {
            permutation(game, {.evaluations = 100});
          }).find("value function: expected a value between -1e147 and 1e147, got ") == 0);
  }
  const AnyGame game = any_game(20, [](const Coalition& s) { return 1e140 * rough(s); });
  const AnyGame plain = any_game(20, rough);
  const Estimate large = permutation(game, {.evaluations = 1000});
  const Estimate small = permutation(plain, {.evaluations = 1000});
  for (Player p = 0; p < 20; ++p) {
    CHECK(large.values[p] == Approx(1e140 * small.values[p]));
    CHECK(large.standard_errors[p] == Approx(1e140 * small.standard_errors[p]));
  }
}

TEST_CASE("thousands of players are served by default", "[engine]") {
  const auto size_of = [](const Coalition& s) { return static_cast<double>(s.size()); };
  const auto check = [&](std::size_t players, const AnyLaw& law) {
    const Estimate e =
        estimate(make_game(players, size_of), law, {.evaluations = 20'000, .threads = 1});
    CHECK(e.design == "shared-coalition");
    for (const double value : e.values)
      REQUIRE(value == 1.0);
  };
  check(11'000, Shapley{});
  check(5'000, Shapley{});
  check(5'000, DropoutBand{0.2, 0.4});
  SizeLaw sizes{std::vector<double>(4'100)};
  for (std::size_t s = 1'000; s < 1'400; ++s)
    sizes.sizes[s] = 1.0;
  const Estimate own = estimate(make_game(4'100, size_of), sizes, {.evaluations = 20'000});
  CHECK(own.design == "short-chains:16");
  for (const double value : own.values)
    REQUIRE(value == Approx(1.0).margin(6.0 * own.standard_errors[0] + 1e-9));
}

TEST_CASE("a size that hardly counts leaves no error infinite", "[engine]") {
  const std::size_t n = 24;
  const AnyGame game = any_game(n, rough);
  const Estimate e = by(Banzhaf{}, Svarm{})(game, {.evaluations = 1'000 * n});
  for (Player p = 0; p < n; ++p) {
    CHECK(std::isfinite(e.standard_errors[p]));
    CHECK(e.standard_errors[p] > 0.0);
  }
  // One that counts leaves it large.
  const Estimate few = by(Shapley{}, Svarm{})(game, {.evaluations = 2 * n + 5});
  for (Player p = 0; p < n; ++p)
    CHECK(!(few.standard_errors[p] < 0.1 * std::abs(few.values[p])));
}

TEST_CASE("a majority of a thousand has an index", "[engine]") {
  CHECK(MajorityGame(1101, 551).dropout(0.5)[0] == Approx(0.0240517).epsilon(1e-5));
  CHECK(MajorityGame(5, 5).dropout(1.0)[0] == 1.0);
  CHECK(MajorityGame(5, 1).dropout(0.0)[0] == 1.0);
  CHECK(MajorityGame(5, 3).dropout(0.0)[0] == 0.0);
}

TEST_CASE("a constant game has no band", "[engine]") {
  const auto band = uncertainty_band(make_game(12, [](const Coalition&) { return 0.25; }));
  CHECK_FALSE(band.has_peak());
  CHECK(error_text([&] { band.dropout(); }) ==
        "UncertaintyBand: expected values that differ, got a constant game");
  CHECK_THROWS_AS(band.law(), Error);
  CHECK(uncertainty_band(make_game(12, rough)).has_peak());
}
