#pragma once

#include <gtap/core/value_function.hpp>
#include <gtap/math/log_sums.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

// The textbook games of cooperative game theory; `shapley()` and `dropout(p)` where a closed form
// exists (Banzhaf is dropout(1/2)).

namespace gtap {

/// v(S) = 1 when the weights of S reach the quota, else 0: a vote.
class WeightedVotingGame {
 public:
  WeightedVotingGame(double quota, std::vector<double> weights)
      : quota_(quota), weights_(std::move(weights)) {}

  std::size_t players() const { return weights_.size(); }
  double operator()(const Coalition& coalition) const {
    detail::require_players("WeightedVotingGame", players(), coalition.players());
    double votes = 0.0;
    coalition.for_each([&](Player p) { votes += weights_[p]; });
    return votes >= quota_ ? 1.0 : 0.0;
  }
  auto evaluator() const { return detail::EvaluatorReference<WeightedVotingGame>(*this); }

 private:
  double quota_;
  std::vector<double> weights_;
};

/// v(S) = 1 when S has at least `quota` members, else 0.
class MajorityGame {
 public:
  MajorityGame(std::size_t players, std::size_t quota) : players_(players), quota_(quota) {
    if (quota < 1 || quota > players) {
      detail::fail("MajorityGame", detail::text("a quota from 1 to ", players),
                   detail::text(quota));
    }
  }

  std::size_t players() const { return players_; }
  double operator()(const Coalition& coalition) const {
    detail::require_players("MajorityGame", players(), coalition.players());
    return coalition.size() >= quota_ ? 1.0 : 0.0;
  }
  auto evaluator() const { return detail::EvaluatorReference<MajorityGame>(*this); }

  std::vector<double> shapley() const {
    return std::vector<double>(players_, 1.0 / static_cast<double>(players_));
  }
  /// The probability that exactly quota - 1 of the others are in.
  std::vector<double> dropout(double p) const {
    // By logarithms: powers and binomials of a thousand players are beyond a double.
    double log = math::log_binomials(players_ - 1)[quota_ - 1];
    log += math::times_log(static_cast<double>(quota_ - 1), p);
    log += math::times_log(static_cast<double>(players_ - quota_), 1.0 - p);
    return std::vector<double>(players_, std::exp(log));
  }

 private:
  std::size_t players_;
  std::size_t quota_;
};

/// v(S) = the largest cost in S, 0 when empty: the runway that the largest aircraft needs.
/// `costs` must not fall from one player to the next.
class AirportGame {
 public:
  explicit AirportGame(std::vector<double> costs) : costs_(std::move(costs)) {
    if (!std::is_sorted(costs_.begin(), costs_.end()) || (!costs_.empty() && costs_[0] < 0.0)) {
      detail::fail("AirportGame", "costs of 0 or more that do not fall", "others");
    }
  }

  std::size_t players() const { return costs_.size(); }
  double operator()(const Coalition& coalition) const {
    detail::require_players("AirportGame", players(), coalition.players());
    double largest = 0.0;
    coalition.for_each([&](Player p) { largest = costs_[p]; });
    return largest;
  }
  auto evaluator() const { return detail::EvaluatorReference<AirportGame>(*this); }

  std::vector<double> shapley() const {
    return accumulate([](double rest) { return 1.0 / (rest + 1.0); });
  }
  std::vector<double> dropout(double p) const {
    return accumulate([p](double rest) { return std::pow(1.0 - p, rest); });
  }

 private:
  /// Each stretch of runway, weighted by how likely nobody else who uses it (`rest` others do) is
  /// in already.
  template <class Weight>
  std::vector<double> accumulate(Weight weight) const {
    std::vector<double> index(costs_.size());
    double sum = 0.0;
    double before = 0.0;
    for (std::size_t k = 0; k < costs_.size(); ++k) {
      sum += (costs_[k] - before) * weight(static_cast<double>(costs_.size() - 1 - k));
      before = costs_[k];
      index[k] = sum;
    }
    return index;
  }

  std::vector<double> costs_;
};

/// v(S) = pairs of one left and one right glove in S. The first `left` players hold left gloves.
class GloveGame {
 public:
  GloveGame(std::size_t left, std::size_t right) : left_(left), right_(right) {}

  std::size_t players() const { return left_ + right_; }
  double operator()(const Coalition& coalition) const {
    detail::require_players("GloveGame", players(), coalition.players());
    std::size_t lefts = 0;
    coalition.for_each([&](Player p) { lefts += p < left_ ? 1 : 0; });
    return static_cast<double>(std::min(lefts, coalition.size() - lefts));
  }
  auto evaluator() const { return detail::EvaluatorReference<GloveGame>(*this); }

 private:
  std::size_t left_;
  std::size_t right_;
};

/// v(S) = what the estate leaves to S when all others' claims are paid first, at least 0.
class BankruptcyGame {
 public:
  BankruptcyGame(double estate, std::vector<double> claims)
      : estate_(estate), claims_(std::move(claims)) {}

  std::size_t players() const { return claims_.size(); }
  double operator()(const Coalition& coalition) const {
    detail::require_players("BankruptcyGame", players(), coalition.players());
    double outside = std::accumulate(claims_.begin(), claims_.end(), 0.0);
    coalition.for_each([&](Player p) { outside -= claims_[p]; });
    return std::max(0.0, estate_ - outside);
  }
  auto evaluator() const { return detail::EvaluatorReference<BankruptcyGame>(*this); }

 private:
  double estate_;
  std::vector<double> claims_;
};

}  // namespace gtap
