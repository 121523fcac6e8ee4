#pragma once

#include <gtap/core/value_function.hpp>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace gtap {
namespace detail {

/// How the players of a sub-game lie in the whole game.
struct Embedding {
  Coalition always_in;            // of the whole game
  std::vector<Player> originals;  // the whole game's player for each of the sub-game's

  void translate(const Coalition& part, Coalition& whole) const {
    require_players("sub-game", originals.size(), part.players());
    whole = always_in;
    part.for_each([&](Player p) { whole.insert(originals[p]); });
  }

  void translate(std::span<const Player> part, std::vector<Player>& whole) const {
    require_players_below("sub-game", originals.size(), part);
    whole.clear();
    for (const Player p : part)
      whole.push_back(originals[p]);
  }
};

/// Evaluates a sub-game by the whole game's evaluator, on whatever rungs that one has.
template <Evaluator Inner>
class SubgameEvaluator {
 public:
  SubgameEvaluator(const Embedding& embedding, Inner inner)
      : embedding_(&embedding), inner_(std::move(inner)), whole_(embedding.always_in) {}

  std::size_t players() const { return embedding_->originals.size(); }

  double operator()(const Coalition& part) {
    embedding_->translate(part, whole_);
    return static_cast<double>(inner_(std::as_const(whole_)));
  }

  void batch(std::span<const Coalition> parts,
             std::span<double> out) requires BatchEvaluator<Inner> {
    wholes_.resize(parts.size());
    for (std::size_t k = 0; k < parts.size(); ++k)
      embedding_->translate(parts[k], wholes_[k]);
    inner_.batch(std::span<const Coalition>(wholes_), out);
  }

  void chain(const Coalition& start, std::span<const Player> toggles,
             std::span<double> out) requires ChainEvaluator<Inner> {
    embedding_->translate(start, whole_);
    embedding_->translate(toggles, players_);
    inner_.chain(std::as_const(whole_), std::span<const Player>(players_), out);
  }

  void star(const Coalition& centre, std::span<const Player> players,
            std::span<double> out) requires StarEvaluator<Inner> {
    embedding_->translate(centre, whole_);
    embedding_->translate(players, players_);
    inner_.star(std::as_const(whole_), std::span<const Player>(players_), out);
  }

 private:
  const Embedding* embedding_;
  Inner inner_;
  Coalition whole_;
  std::vector<Coalition> wholes_;
  std::vector<Player> players_;
};

/// What restricted and conditioned games have in common.
template <ValueFunction Game>
class Subgame {
 public:
  Subgame(const Game& whole, Embedding embedding)
      : whole_(&whole), embedding_(std::move(embedding)) {}

  std::size_t players() const { return embedding_.originals.size(); }

  /// The whole game's index of a player of this one.
  Player original(Player p) const {
    require_player("original", players(), p);
    return embedding_.originals[p];
  }

  /// The whole game's coalition for one of this game.
  Coalition original(const Coalition& part) const {
    Coalition whole;
    embedding_.translate(part, whole);
    return whole;
  }

  double operator()(const Coalition& part) const {
    return static_cast<double>((*whole_)(original(part)));
  }

  auto evaluator() const requires ConcurrentGame<Game> {
    return SubgameEvaluator<evaluator_t<Game>>(embedding_, gtap::evaluator(*whole_));
  }

  Abilities abilities() const { return gtap::abilities(*whole_); }

  /// Those of the whole game, which others may share.
  std::size_t cache_hits() const requires CachingGame<Game> { return whole_->cache_hits(); }

 private:
  const Game* whole_;
  Embedding embedding_;
};

}  // namespace detail

/// The game among the members of `kept` alone, renumbered 0, 1, ... in increasing order; all
/// others are out. The whole game must outlive it.
template <ValueFunction Game>
class Restricted : public detail::Subgame<Game> {
 public:
  Restricted(const Game& whole, const Coalition& kept)
      : detail::Subgame<Game>(whole, embedding(whole, kept)) {}

 private:
  static detail::Embedding embedding(const Game& whole, const Coalition& kept) {
    detail::require_players("restricted", whole.players(), kept.players());
    return {Coalition(kept.players()), kept.members()};
  }
};

/// The game among those that are not members of `in`, renumbered 0, 1, ... in increasing order;
/// the members of `in` are always in. The whole game must outlive it.
template <ValueFunction Game>
class Conditioned : public detail::Subgame<Game> {
 public:
  Conditioned(const Game& whole, const Coalition& in)
      : detail::Subgame<Game>(whole, embedding(whole, in)) {}

 private:
  static detail::Embedding embedding(const Game& whole, const Coalition& in) {
    detail::require_players("conditioned", whole.players(), in.players());
    return {in, in.complement().members()};
  }
};

template <ValueFunction Game>
Restricted<Game> restricted(const Game& whole, const Coalition& kept) {
  return {whole, kept};
}

template <ValueFunction Game>
Conditioned<Game> conditioned(const Game& whole, const Coalition& in) {
  return {whole, in};
}

}  // namespace gtap
