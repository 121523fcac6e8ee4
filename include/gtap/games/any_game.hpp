#pragma once

#include <gtap/core/value_function.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace gtap {
namespace detail {

/// An evaluator of any type, by virtual calls: one a value, a batch, a chain or a star.
class ErasedEvaluator {
 public:
  virtual ~ErasedEvaluator() = default;
  virtual double value(const Coalition& coalition) = 0;
  virtual void batch(std::span<const Coalition> coalitions, std::span<double> out) = 0;
  virtual void chain(const Coalition& start, std::span<const Player> toggles,
                     std::span<double> out) = 0;
  virtual void star(const Coalition& centre, std::span<const Player> players,
                    std::span<double> out) = 0;
};

template <Evaluator E>
class HeldEvaluator final : public ErasedEvaluator {
 public:
  explicit HeldEvaluator(E inner) : inner_(std::move(inner)) {}

  double value(const Coalition& coalition) override {
    return static_cast<double>(inner_(coalition));
  }
  void batch(std::span<const Coalition> coalitions, std::span<double> out) override {
    evaluate_batch(inner_, coalitions, out);
  }
  void chain(const Coalition& start, std::span<const Player> toggles,
             std::span<double> out) override {
    if constexpr (ChainEvaluator<E>) {
      inner_.chain(start, toggles, out);
    } else {
      state_ = start;
      evaluate_chain(inner_, state_, toggles, out);
    }
  }
  void star(const Coalition& centre, std::span<const Player> players,
            std::span<double> out) override {
    if constexpr (StarEvaluator<E>) {
      inner_.star(centre, players, out);
    } else {
      state_ = centre;
      evaluate_star(inner_, state_, players, out);
    }
  }

 private:
  E inner_;
  Coalition state_;  // of chains and stars that the evaluator has no rung for
};

/// A game of any type, by virtual calls.
class ErasedGame {
 public:
  virtual ~ErasedGame() = default;
  virtual std::size_t players() const = 0;
  virtual double value(const Coalition& coalition) const = 0;
  virtual std::unique_ptr<ErasedEvaluator> evaluator() const = 0;
  virtual Abilities abilities() const = 0;
  virtual std::size_t cache_hits() const = 0;
};

template <class Game>
class HeldGame final : public ErasedGame {
 public:
  explicit HeldGame(std::shared_ptr<const Game> game) : game_(std::move(game)) {}

  std::size_t players() const override { return static_cast<std::size_t>(game_->players()); }
  double value(const Coalition& coalition) const override {
    return static_cast<double>((*game_)(coalition));
  }
  std::unique_ptr<ErasedEvaluator> evaluator() const override {
    return std::make_unique<HeldEvaluator<evaluator_t<Game>>>(gtap::evaluator(*game_));
  }
  Abilities abilities() const override { return gtap::abilities(*game_); }
  std::size_t cache_hits() const override {
    if constexpr (CachingGame<Game>) {
      return game_->cache_hits();
    } else {
      return 0;
    }
  }

 private:
  std::shared_ptr<const Game> game_;
};

}  // namespace detail

/// An evaluator of a type known at run time only, with all rungs: those that the one inside does
/// not have are made of single values. AnyGame::abilities says which it has.
class AnyEvaluator {
 public:
  AnyEvaluator(std::size_t players, std::unique_ptr<detail::ErasedEvaluator> inner)
      : players_(players), inner_(std::move(inner)) {}

  std::size_t players() const { return players_; }
  double operator()(const Coalition& coalition) { return inner_->value(coalition); }
  void batch(std::span<const Coalition> coalitions, std::span<double> out) {
    inner_->batch(coalitions, out);
  }
  void chain(const Coalition& start, std::span<const Player> toggles, std::span<double> out) {
    inner_->chain(start, toggles, out);
  }
  void star(const Coalition& centre, std::span<const Player> players, std::span<double> out) {
    inner_->star(centre, players, out);
  }

 private:
  std::size_t players_;
  std::unique_ptr<detail::ErasedEvaluator> inner_;
};

/// A game of a type known at run time only: for containers, interfaces and code that shall be
/// compiled once. Rungs, evaluators a thread and cached values are those of the game inside, at one
/// virtual call a value, batch, chain or star. Copies share the game. A game that does not promise
/// that its evaluators may work at once (ConcurrentGame) is run by one thread here, too.
class AnyGame {
 public:
  /// Keeps the game.
  template <ValueFunction Game>
  requires(!std::same_as<Game, AnyGame>) explicit AnyGame(Game game)
      : game_(std::make_shared<detail::HeldGame<Game>>(
            std::make_shared<const Game>(std::move(game)))) {}

  /// Refers to the game, which must outlive it and its copies.
  template <ValueFunction Game>
  static AnyGame view(const Game& game) {
    if constexpr (std::same_as<Game, AnyGame>) {
      return game;
    } else {
      return AnyGame(std::make_shared<detail::HeldGame<Game>>(
          std::shared_ptr<const Game>(std::shared_ptr<const Game>(), &game)));
    }
  }

  std::size_t players() const { return game_->players(); }
  double operator()(const Coalition& coalition) const { return game_->value(coalition); }
  AnyEvaluator evaluator() const { return AnyEvaluator(players(), game_->evaluator()); }
  Abilities abilities() const { return game_->abilities(); }
  std::size_t cache_hits() const { return game_->cache_hits(); }

 private:
  explicit AnyGame(std::shared_ptr<const detail::ErasedGame> game) : game_(std::move(game)) {}

  std::shared_ptr<const detail::ErasedGame> game_;
};

}  // namespace gtap
