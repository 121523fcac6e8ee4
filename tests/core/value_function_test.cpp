#include <gtap/core/value_function.hpp>

#include "catch.hpp"
#include "error_text.hpp"

#include <vector>

using gtap::Coalition;
using gtap::Player;

namespace {

struct Plain {
  std::size_t players() const { return 4; }
  double operator()(const Coalition& s) const { return static_cast<double>(s.size()); }
};

struct NoPlayers {
  double operator()(const Coalition&) const { return 0.0; }
};
struct NoValue {
  std::size_t players() const { return 4; }
};
struct NotConst {
  std::size_t players() const { return 4; }
  double operator()(const Coalition&) { return 0.0; }
};
struct ValueOfWords {
  std::size_t players() const { return 4; }
  double operator()(const std::vector<bool>&) const { return 0.0; }
};

/// All rungs; remembers which one was used.
struct Climber {
  std::size_t players() const { return 4; }
  double operator()(const Coalition& s) { return static_cast<double>(s.size()); }
  void batch(std::span<const Coalition>, std::span<double>) { used = "batch"; }
  void chain(const Coalition&, std::span<const Player>, std::span<double>) { used = "chain"; }
  void star(const Coalition&, std::span<const Player>, std::span<double>) { used = "star"; }
  const char* used = "";
};
struct ClimbersGame : Plain {
  Climber evaluator() const { return {}; }
};

// What is a value function, and what is not.
static_assert(gtap::ValueFunction<Plain>);
static_assert(!gtap::ValueFunction<NoPlayers>);
static_assert(!gtap::ValueFunction<NoValue>);
static_assert(!gtap::ValueFunction<NotConst>);
static_assert(!gtap::ValueFunction<ValueOfWords>);
static_assert(!gtap::ValueFunction<int>);
// The staged diagnostics see the missing member, not just that something is missing.
static_assert(!gtap::detail::HasPlayers<NoPlayers> && gtap::detail::HasValue<NoPlayers>);
static_assert(gtap::detail::HasPlayers<NoValue> && !gtap::detail::HasValue<NoValue>);
static_assert(gtap::detail::HasPlayers<NotConst> && !gtap::detail::HasValue<NotConst>);
// Rungs.
static_assert(gtap::Evaluator<gtap::evaluator_t<Plain>>);
static_assert(!gtap::BatchEvaluator<gtap::evaluator_t<Plain>>);
static_assert(!gtap::ChainEvaluator<gtap::evaluator_t<Plain>>);
static_assert(!gtap::StarEvaluator<gtap::evaluator_t<Plain>>);
static_assert(!gtap::ConcurrentGame<Plain>);
static_assert(gtap::ConcurrentGame<ClimbersGame>);
static_assert(gtap::BatchEvaluator<gtap::evaluator_t<ClimbersGame>>);
static_assert(gtap::ChainEvaluator<gtap::evaluator_t<ClimbersGame>>);
static_assert(gtap::StarEvaluator<gtap::evaluator_t<ClimbersGame>>);

}  // namespace

TEST_CASE("rungs that an evaluator lacks fall back to single evaluations", "[value function]") {
  const Plain game;
  auto e = gtap::evaluator(game);
  Coalition state(4, {1});
  const std::vector<Player> toggles{0, 1, 3};
  std::vector<double> out(4);
  gtap::evaluate_star(e, state, std::span<const Player>(toggles), std::span(out));
  CHECK(out == std::vector<double>{1, 2, 0, 2});
  CHECK(state == Coalition(4, {1}));
  gtap::evaluate_chain(e, state, std::span<const Player>(toggles), std::span(out));
  CHECK(out == std::vector<double>{1, 2, 1, 2});
  CHECK(state == Coalition(4, {0, 3}));
  const std::vector<Coalition> both{state, Coalition(4)};
  out.resize(2);
  gtap::evaluate_batch(e, std::span<const Coalition>(both), std::span(out));
  CHECK(out == std::vector<double>{2, 0});
}

TEST_CASE("rungs that an evaluator has are used", "[value function]") {
  const ClimbersGame game;
  auto e = gtap::evaluator(game);
  Coalition state(4);
  const std::vector<Player> toggles{2};
  std::vector<double> out(2);
  gtap::evaluate_chain(e, state, std::span<const Player>(toggles), std::span(out));
  CHECK(std::string(e.used) == "chain");
  CHECK(state == Coalition(4, {2}));
  gtap::evaluate_star(e, state, std::span<const Player>(toggles), std::span(out));
  CHECK(std::string(e.used) == "star");
  const std::vector<Coalition> both{state, state};
  gtap::evaluate_batch(e, std::span<const Coalition>(both), std::span(out));
  CHECK(std::string(e.used) == "batch");
}

TEST_CASE("room for the values is checked", "[value function]") {
  const Plain game;
  auto e = gtap::evaluator(game);
  Coalition state(4);
  const std::vector<Player> toggles{2, 3};
  std::vector<double> out(2);
  CHECK(error_text([&] {
          gtap::evaluate_chain(e, state, std::span<const Player>(toggles), std::span(out));
        }) == "evaluate_chain: expected 3 values, got 2");
  CHECK(error_text([&] {
          gtap::evaluate_star(e, state, std::span<const Player>(toggles), std::span(out));
        }) == "evaluate_star: expected 3 values, got 2");
}
