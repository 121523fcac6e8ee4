#pragma once

#include <gtap/core/coalition.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace gtap {

/// The first rung: anything with players and a value for a coalition.
///
/// `players()` because indices, weights and coalitions have to be sized before the first value is
/// asked for. `v(coalition)` is const because estimators may ask in any order, and the same
/// coalition twice.
template <class V>
concept ValueFunction = requires(const V& v, const Coalition& coalition) {
  { v.players() } -> std::convertible_to<std::size_t>;
  { v(coalition) } -> std::convertible_to<double>;
};

/// What estimators talk to: one thread's own worker, which owns its scratch memory and may
/// therefore change when called.
template <class E>
concept Evaluator = requires(E& e, const Coalition& coalition) {
  { e.players() } -> std::convertible_to<std::size_t>;
  { e(coalition) } -> std::convertible_to<double>;
};

/// The batch rung: many coalitions at once, for models that are faster so. out[k] =
/// v(coalitions[k]).
template <class E>
concept BatchEvaluator = Evaluator<E> &&
    requires(E& e, std::span<const Coalition> coalitions, std::span<double> out) {
  e.batch(coalitions, out);
};

/// The chain rung: one player changes at a time. out[0] = v(start), and out[k] is the value after
/// the first k toggles, so `out` has one element more than `toggles`. A whole segment is handed
/// over, not a step, so that an evaluator may run all steps on one part of its data before it
/// takes the next part. When `start` is where the evaluator's last chain ended, it goes on from
/// there without evaluating anew.
template <class E>
concept ChainEvaluator = Evaluator<E> &&
    requires(E& e, const Coalition& start, std::span<const Player> toggles, std::span<double> out) {
  e.chain(start, toggles, out);
};

/// The star rung: one coalition and its neighbours. out[0] = v(centre), and out[1 + k] is the
/// value with only players[k] toggled.
template <class E>
concept StarEvaluator = Evaluator<E> &&
    requires(E& e, const Coalition& centre, std::span<const Player> players,
             std::span<double> out) {
  e.star(centre, players, out);
};

/// A game that hands out evaluators. Doing so is a promise: each evaluator may be used by a thread
/// of its own at the same time as the others. Games without the promise are run by one thread.
template <class V>
concept ConcurrentGame = ValueFunction<V> && requires(const V& v) {
  { v.evaluator() } -> Evaluator;
};

/// A game that counts how many values it gave without asking the model. Games that wrap another
/// hand its count on.
template <class V>
concept CachingGame = requires(const V& v) {
  { v.cache_hits() } -> std::convertible_to<std::size_t>;
};

namespace detail {

/// The evaluator of a game that has none of its own.
template <class V>
class EvaluatorReference {
 public:
  explicit EvaluatorReference(const V& game) : game_(&game) {}
  std::size_t players() const { return static_cast<std::size_t>(game_->players()); }
  double operator()(const Coalition& coalition) const {
    return static_cast<double>((*game_)(coalition));
  }

 private:
  const V* game_;
};

template <class V>
concept HasPlayers = requires(const V& v) {
  { v.players() } -> std::convertible_to<std::size_t>;
};
template <class V>
concept HasValue = requires(const V& v, const Coalition& coalition) {
  { v(coalition) } -> std::convertible_to<double>;
};

/// Names the member that keeps V from being a value function, one at a time.
template <class V>
constexpr void require_value_function() {
  static_assert(HasPlayers<V>,
                "gtap: a value function needs `std::size_t players() const`; "
                "see docs/value_functions.md, or wrap a callable with gtap::make_game");
  if constexpr (HasPlayers<V>) {
    static_assert(HasValue<V>,
                  "gtap: a value function needs `double operator()(const gtap::Coalition&) const`; "
                  "see docs/value_functions.md");
  }
}

inline void require_size(const char* where, std::size_t expected, std::size_t came) {
  if (expected != came) fail(where, text(expected, " values"), text(came));
}

}  // namespace detail

/// One worker for one thread: the game's own evaluator, or a reference to the game.
/// The game must outlive it.
template <class V>
auto evaluator(const V& game) {
  detail::require_value_function<V>();
  if constexpr (ConcurrentGame<V>) {
    return game.evaluator();
  } else {
    return detail::EvaluatorReference<V>(game);
  }
}

/// The evaluator type of a game.
template <class V>
using evaluator_t = decltype(gtap::evaluator(std::declval<const V&>()));

/// What a game's evaluators have beside single values, and whether several may work at once.
struct Abilities {
  bool concurrent = false;
  bool batch = false;
  bool chain = false;
  bool star = false;
};

/// What a game says of itself by a member `Abilities abilities() const`, or else what its types
/// say. Games that hold another of a type known at run time only (AnyGame) need the member, and
/// those that wrap a game hand its abilities on.
template <class V>
Abilities abilities(const V& game) {
  if constexpr (requires {
                  { game.abilities() } -> std::same_as<Abilities>;
                }) {
    return game.abilities();
  } else {
    using E = evaluator_t<V>;
    return {ConcurrentGame<V>, BatchEvaluator<E>, ChainEvaluator<E>, StarEvaluator<E>};
  }
}

/// Values of many coalitions: the batch rung, or one evaluation after another.
template <Evaluator E>
void evaluate_batch(E& e, std::span<const Coalition> coalitions, std::span<double> out) {
  detail::require_size("evaluate_batch", coalitions.size(), out.size());
  if constexpr (BatchEvaluator<E>) {
    e.batch(coalitions, out);
  } else {
    for (std::size_t k = 0; k < coalitions.size(); ++k)
      out[k] = e(coalitions[k]);
  }
}

/// Values along a chain of toggles (see ChainEvaluator), by its rung or by fresh evaluations.
/// `state` is `start` on entry and the last coalition on return.
template <Evaluator E>
void evaluate_chain(E& e, Coalition& state, std::span<const Player> toggles,
                    std::span<double> out) {
  detail::require_size("evaluate_chain", toggles.size() + 1, out.size());
  if constexpr (ChainEvaluator<E>) {
    e.chain(std::as_const(state), toggles, out);
    for (const Player p : toggles)
      state.toggle(p);
  } else {
    out[0] = e(state);
    for (std::size_t k = 0; k < toggles.size(); ++k) {
      state.toggle(toggles[k]);
      out[k + 1] = e(state);
    }
  }
}

/// Values of a coalition and its neighbours (see StarEvaluator), by its rung or by fresh
/// evaluations.
/// `centre` is the same on return; it is not const because fallbacks toggle it in place.
template <Evaluator E>
void evaluate_star(E& e, Coalition& centre, std::span<const Player> players,
                   std::span<double> out) {
  detail::require_size("evaluate_star", players.size() + 1, out.size());
  if constexpr (StarEvaluator<E>) {
    e.star(std::as_const(centre), players, out);
  } else {
    out[0] = e(centre);
    for (std::size_t k = 0; k < players.size(); ++k) {
      centre.toggle(players[k]);
      out[k + 1] = e(centre);
      centre.toggle(players[k]);
    }
  }
}

}  // namespace gtap
