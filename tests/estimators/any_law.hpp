#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/estimators/law.hpp>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

// One type for every law and one for every small game, so that each design is compiled once.

class AnyLaw {
 public:
  template <gtap::RetentionLaw Law>
  AnyLaw(Law law)  // NOLINT: meant to convert
      : log_weights_([law](std::size_t n) { return law.log_weights(n); }),
        quantile_([law](double u) { return law.quantile(u); }),
        name_(law.name()) {
    if constexpr (gtap::PointLaw<Law>) point_ = law.point();
  }

  std::vector<double> log_weights(std::size_t players) const { return log_weights_(players); }
  double quantile(double u) const { return quantile_(u); }
  double point() const { return point_; }
  std::string name() const { return name_; }
  bool is_point() const { return point_ >= 0.0; }

 private:
  std::function<std::vector<double>(std::size_t)> log_weights_;
  std::function<double(double)> quantile_;
  std::string name_;
  double point_ = -1.0;
};

/// Any game of few players, by its table of values.
class TableGame {
 public:
  template <class Game>
  explicit TableGame(const Game& game)
      : players_(game.players()), values_(std::size_t{1} << players_) {
    gtap::Coalition coalition(players_);
    for (std::size_t bits = 0; bits < values_.size(); ++bits) {
      coalition.words()[0] = bits;
      values_[bits] = game(coalition);
    }
  }

  std::size_t players() const { return players_; }
  double operator()(const gtap::Coalition& s) const { return values_[s.words()[0]]; }

 private:
  std::size_t players_;
  std::vector<double> values_;
};

/// A value with interactions of every order, for any number of players.
inline double rough(const gtap::Coalition& coalition) {
  double x = 0.3;
  coalition.for_each([&](gtap::Player p) { x = std::sin(3.0 * x + p); });
  return x;
}
