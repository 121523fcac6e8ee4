#pragma once

#include <gtap/core/value_function.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

/// One type for all games of the study, so that each design is compiled once. Chains and stars are
/// those of the game where it has them. Keeps a reference to the game.
class AnyGame {
 public:
  template <class Game>
  explicit AnyGame(const Game& game)
      : players_(game.players()), make_([&game]() -> std::unique_ptr<Rungs> {
          return std::make_unique<Held<gtap::evaluator_t<Game>>>(gtap::evaluator(game));
        }) {}

  std::size_t players() const { return players_; }
  double operator()(const gtap::Coalition& coalition) const { return evaluator()(coalition); }

 private:
  struct Rungs {
    virtual ~Rungs() = default;
    virtual double value(const gtap::Coalition&) = 0;
    virtual void chain(const gtap::Coalition&, std::span<const gtap::Player>,
                       std::span<double>) = 0;
    virtual void star(const gtap::Coalition&, std::span<const gtap::Player>, std::span<double>) = 0;
  };
  template <class E>
  struct Held : Rungs {
    explicit Held(E e) : inner(std::move(e)) {}
    double value(const gtap::Coalition& coalition) override { return inner(coalition); }
    void chain(const gtap::Coalition& start, std::span<const gtap::Player> toggles,
               std::span<double> out) override {
      state = start;
      gtap::evaluate_chain(inner, state, toggles, out);
    }
    void star(const gtap::Coalition& centre, std::span<const gtap::Player> players,
              std::span<double> out) override {
      state = centre;
      gtap::evaluate_star(inner, state, players, out);
    }
    E inner;
    gtap::Coalition state;
  };

 public:
  class Evaluator {
   public:
    Evaluator(std::size_t players, std::unique_ptr<Rungs> rungs)
        : players_(players), rungs_(std::move(rungs)) {}
    std::size_t players() const { return players_; }
    double operator()(const gtap::Coalition& coalition) { return rungs_->value(coalition); }
    void chain(const gtap::Coalition& start, std::span<const gtap::Player> toggles,
               std::span<double> out) {
      rungs_->chain(start, toggles, out);
    }
    void star(const gtap::Coalition& centre, std::span<const gtap::Player> players,
              std::span<double> out) {
      rungs_->star(centre, players, out);
    }

   private:
    std::size_t players_;
    std::unique_ptr<Rungs> rungs_;
  };
  Evaluator evaluator() const { return Evaluator(players_, make_()); }

 private:
  std::size_t players_;
  std::function<std::unique_ptr<Rungs>()> make_;
};

/// A game of few players as the table of its values: the same errors, without the model's time.
class TableGame {
 public:
  template <class Game>
  explicit TableGame(const Game& game)
      : players_(game.players()), values_(std::size_t{1} << players_) {
    auto evaluator = gtap::evaluator(game);
    gtap::Coalition coalition(players_);
    for (std::size_t bits = 0; bits < values_.size(); ++bits) {
      coalition.words()[0] = bits;
      values_[bits] = evaluator(coalition);
    }
  }

  std::size_t players() const { return players_; }
  double operator()(const gtap::Coalition& coalition) const {
    return values_[coalition.words()[0]];
  }
  auto evaluator() const { return gtap::detail::EvaluatorReference<TableGame>(*this); }

 private:
  std::size_t players_;
  std::vector<double> values_;
};
