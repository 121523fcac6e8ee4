#pragma once

#include <gtap/core/value_function.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

// Games whose indices are known in closed form for any number of players. Each has
// `shapley()` and `dropout(p)`, one value a player; Banzhaf is dropout(1/2).

namespace gtap {

/// v(S) = sum of a_i over S: a_i is the value of i under every semivalue. Has the chain rung, at
/// one addition a step.
class AdditiveGame {
 public:
  explicit AdditiveGame(std::vector<double> worth) : worth_(std::move(worth)) {}

  std::size_t players() const { return worth_.size(); }

  double operator()(const Coalition& coalition) const {
    detail::require_players("AdditiveGame", players(), coalition.players());
    double value = 0.0;
    coalition.for_each([&](Player p) { value += worth_[p]; });
    return value;
  }

  /// Adds and subtracts along chains; begins each chain anew, so rounding does not pile up.
  class Evaluator {
   public:
    explicit Evaluator(const AdditiveGame& game) : game_(&game) {}
    std::size_t players() const { return game_->players(); }
    double operator()(const Coalition& coalition) { return (*game_)(coalition); }

    void chain(const Coalition& start, std::span<const Player> toggles, std::span<double> out) {
      detail::require_players_below("AdditiveGame", players(), toggles);
      state_ = start;
      double value = (*game_)(start);
      out[0] = value;
      std::uint64_t* const words = state_.words().data();
      const double* const worth = game_->worth_.data();
      for (std::size_t k = 0; k < toggles.size(); ++k) {
        const Player p = toggles[k];
        const std::uint64_t bit = std::uint64_t{1} << (p % 64);
        value += (words[p / 64] & bit) == 0 ? worth[p] : -worth[p];
        words[p / 64] ^= bit;
        out[k + 1] = value;
      }
    }

   private:
    const AdditiveGame* game_;
    Coalition state_;
  };
  Evaluator evaluator() const { return Evaluator(*this); }

  std::vector<double> shapley() const { return worth_; }
  std::vector<double> dropout(double) const { return worth_; }

 private:
  std::vector<double> worth_;
};

/// v(S) = sum of a_i over S + sum of b_ij over the pairs inside S (i < j; `pairs` is n x n, row by
/// row, symmetric, its diagonal ignored).
class QuadraticGame {
 public:
  QuadraticGame(std::vector<double> single, std::vector<double> pairs)
      : single_(std::move(single)), pairs_(std::move(pairs)) {
    detail::require_size("QuadraticGame", single_.size() * single_.size(), pairs_.size());
  }

  std::size_t players() const { return single_.size(); }

  double operator()(const Coalition& coalition) const {
    detail::require_players("QuadraticGame", players(), coalition.players());
    double value = 0.0;
    coalition.for_each([&](Player i) {
      value += single_[i];
      coalition.for_each([&](Player j) {
        if (j > i) value += pairs_[i * single_.size() + j];
      });
    });
    return value;
  }

  QuadraticGame evaluator() const { return *this; }

  std::vector<double> shapley() const { return dropout(0.5); }
  std::vector<double> dropout(double p) const {
    std::vector<double> index(single_);
    for (std::size_t i = 0; i < index.size(); ++i) {
      for (std::size_t j = 0; j < index.size(); ++j) {
        if (j != i) index[i] += p * pairs_[i * index.size() + j];
      }
    }
    return index;
  }

 private:
  std::vector<double> single_;
  std::vector<double> pairs_;
};

/// v(S) = sum of the coefficients whose coalition lies inside S.
class UnanimityGame {
 public:
  struct Term {
    Coalition coalition;
    double coefficient = 1.0;
  };

  UnanimityGame(std::size_t players, std::vector<Term> terms)
      : players_(players), terms_(std::move(terms)) {
    for (const Term& term : terms_) {
      if (term.coalition.players() != players || term.coalition.empty()) {
        detail::fail("UnanimityGame", detail::text("non-empty coalitions of ", players, " players"),
                     detail::text(term.coalition));
      }
    }
  }

  std::size_t players() const { return players_; }

  double operator()(const Coalition& coalition) const {
    detail::require_players("UnanimityGame", players(), coalition.players());
    double value = 0.0;
    for (const Term& term : terms_) {
      const auto inside = term.coalition.words();
      const auto words = coalition.words();
      bool all = true;
      for (std::size_t w = 0; w < inside.size(); ++w)
        all = all && (inside[w] & ~words[w]) == 0;
      if (all) value += term.coefficient;
    }
    return value;
  }

  auto evaluator() const { return detail::EvaluatorReference<UnanimityGame>(*this); }

  std::vector<double> shapley() const {
    return spread([](double size) { return 1.0 / size; });
  }
  std::vector<double> dropout(double p) const {
    return spread([p](double size) { return std::pow(p, size - 1.0); });
  }

 private:
  template <class Share>
  std::vector<double> spread(Share share) const {
    std::vector<double> index(players_, 0.0);
    for (const Term& term : terms_) {
      const double part = term.coefficient * share(static_cast<double>(term.coalition.size()));
      term.coalition.for_each([&](Player p) { index[p] += part; });
    }
    return index;
  }

  std::size_t players_;
  std::vector<Term> terms_;
};

/// What a linear read-out y' = sum over S of w_i h_i explains of a target y under squared loss:
/// v(S) = E[y^2] - E[(y - y')^2] = sum_i w_i (2 c_i - sum_j w_j G_ij) over S, with c_i = E[y h_i]
/// and G_ij = E[h_i h_j]: a real layer of neurons of any width with indices in closed form.
/// Its chain rung costs one addition a player and step, and a coalition as much a member.
class LinearReadoutGame {
 public:
  /// `correlations` c, `gram` G row by row, `weights` w.
  LinearReadoutGame(std::vector<double> weights, std::span<const double> correlations,
                    std::span<const double> gram)
      : players_(weights.size()), single_(players_), pairs_(players_ * players_) {
    detail::require_size("LinearReadoutGame", players_, correlations.size());
    detail::require_size("LinearReadoutGame", players_ * players_, gram.size());
    for (std::size_t i = 0; i < players_; ++i) {
      single_[i] =
          2.0 * weights[i] * correlations[i] - weights[i] * weights[i] * gram[i * players_ + i];
      for (std::size_t j = 0; j < players_; ++j) {
        pairs_[i * players_ + j] =
            j == i ? 0.0 : -2.0 * weights[i] * weights[j] * gram[i * players_ + j];
      }
    }
  }

  std::size_t players() const { return players_; }
  double operator()(const Coalition& coalition) const { return Evaluator(*this)(coalition); }

  /// Keeps the marginal contribution of every player to the current coalition.
  class Evaluator {
   public:
    explicit Evaluator(const LinearReadoutGame& game)
        : game_(&game), state_(game.players()), marginal_(game.single_) {}
    std::size_t players() const { return game_->players(); }

    double operator()(const Coalition& coalition) {
      detail::require_players("LinearReadoutGame", players(), coalition.players());
      state_.clear();
      marginal_ = game_->single_;
      value_ = 0.0;
      coalition.for_each([&](Player p) { toggle(p); });
      return value_;
    }

    void chain(const Coalition& start, std::span<const Player> toggles, std::span<double> out) {
      detail::require_players_below("LinearReadoutGame", players(), toggles);
      out[0] = state_ == start ? value_ : (*this)(start);
      for (std::size_t k = 0; k < toggles.size(); ++k) {
        toggle(toggles[k]);
        out[k + 1] = value_;
      }
    }

    void star(const Coalition& centre, std::span<const Player> players, std::span<double> out) {
      detail::require_players_below("LinearReadoutGame", game_->players(), players);
      out[0] = (*this)(centre);
      for (std::size_t k = 0; k < players.size(); ++k) {
        out[k + 1] = value_ + (state_.contains(players[k]) ? -1.0 : 1.0) * marginal_[players[k]];
      }
    }

   private:
    void toggle(Player p) {
      const double sign = state_.contains(p) ? -1.0 : 1.0;
      value_ += sign * marginal_[p];
      const double* row = game_->pairs_.data() + p * players();
      for (std::size_t j = 0; j < marginal_.size(); ++j)
        marginal_[j] += sign * row[j];
      state_.toggle(p);
    }

    const LinearReadoutGame* game_;
    Coalition state_;
    std::vector<double> marginal_;
    double value_ = 0.0;
  };
  Evaluator evaluator() const { return Evaluator(*this); }

  std::vector<double> shapley() const { return dropout(0.5); }
  std::vector<double> dropout(double p) const {
    std::vector<double> index(single_);
    for (std::size_t i = 0; i < players_; ++i) {
      for (std::size_t j = 0; j < players_; ++j)
        index[i] += p * pairs_[i * players_ + j];
    }
    return index;
  }

 private:
  std::size_t players_;
  std::vector<double> single_;
  std::vector<double> pairs_;
};

}  // namespace gtap
