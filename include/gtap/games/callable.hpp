#pragma once

#include <gtap/core/value_function.hpp>

#include <concepts>
#include <cstddef>
#include <utility>

namespace gtap {

/// Tag: the callable may be called by several threads at once.
struct ThreadSafe {};
inline constexpr ThreadSafe thread_safe{};

namespace detail {

template <class F>
concept ValueOfCoalition = requires(F& value, const Coalition& kept) {
  { value(kept) } -> std::convertible_to<double>;
};

/// Says of what is no value of a coalition why it is not.
template <class F>
constexpr void require_callable() {
  static_assert(!ValueOfCoalition<F> || ValueOfCoalition<const F>,
                "gtap: make_game needs a callable that is const, because coalitions are asked for "
                "in any order; make_game_from_factory takes `mutable` ones "
                "(docs/value_functions.md)");
  static_assert(ValueOfCoalition<F> || ValueOfCoalition<const F>,
                "gtap: make_game needs a callable that takes a const gtap::Coalition& and returns "
                "a number (docs/value_functions.md)");
}

/// The value; 0 for what require_callable has refused, so that its sentence is the only error.
template <class F>
double value_of(F& value, const Coalition& kept) {
  if constexpr (ValueOfCoalition<F>) {
    return static_cast<double>(value(kept));
  } else {
    return 0.0;
  }
}

}  // namespace detail

/// A callable as a game. It is called by one thread at a time.
template <class F>
class CallableGame {
 public:
  CallableGame(std::size_t players, F value) : players_(players), value_(std::move(value)) {}

  std::size_t players() const { return players_; }
  double operator()(const Coalition& kept) const { return detail::value_of(value_, kept); }

 private:
  std::size_t players_;
  F value_;
};

/// A callable that its owner says is safe to call from several threads at once.
template <class F>
class ThreadSafeGame : public CallableGame<F> {
 public:
  using CallableGame<F>::CallableGame;
  auto evaluator() const { return detail::EvaluatorReference<CallableGame<F>>(*this); }
};

/// A game whose evaluators each own a callable, for models with scratch memory. The factory is
/// called once for each evaluator, by one thread at a time: by the thread that then calls what it
/// made, and ends it. A direct call of the game makes a callable for that one value.
template <class Factory>
class FactoryGame {
 public:
  using Callable = std::invoke_result_t<const Factory&>;

  class Evaluator {
   public:
    Evaluator(std::size_t players, Callable value) : players_(players), value_(std::move(value)) {}
    std::size_t players() const { return players_; }
    double operator()(const Coalition& kept) { return static_cast<double>(value_(kept)); }

   private:
    std::size_t players_;
    Callable value_;
  };

  FactoryGame(std::size_t players, Factory factory)
      : players_(players), factory_(std::move(factory)) {}

  std::size_t players() const { return players_; }
  double operator()(const Coalition& kept) const { return evaluator()(kept); }
  Evaluator evaluator() const { return Evaluator(players_, factory_()); }

 private:
  std::size_t players_;
  Factory factory_;
};

/// The game of `players` players whose value is `value(coalition)`.
/// Estimators evaluate it on one thread; say `thread_safe` or hand over a factory for more.
template <class F>
auto make_game(std::size_t players, F value) {
  detail::require_callable<F>();
  return CallableGame<F>(players, std::move(value));
}

/// As above, for a callable that several threads may call at once.
template <class F>
auto make_game(std::size_t players, F value, ThreadSafe) {
  detail::require_callable<F>();
  return ThreadSafeGame<F>(players, std::move(value));
}

/// The game whose evaluators each call `factory()` for a callable of their own.
template <class Factory>
requires std::invocable<const Factory&> && std::invocable < std::invoke_result_t<const Factory&>
&, const Coalition& > auto make_game_from_factory(std::size_t players, Factory factory) {
  return FactoryGame<Factory>(players, std::move(factory));
}

}  // namespace gtap
