#pragma once

#include <gtap/core/archive.hpp>
#include <gtap/estimators/detail/chosen_rows.hpp>
#include <gtap/estimators/estimate.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace gtap::detail {

/// Count, sum and sum of squares, for each player, of the values of coalitions with it; and of
/// all. Of pairs also the products of both values, by whether the player is in both or in one.
/// Values are taken relative to one of them, so that a common level costs no digits.
class ReuseSums {
 public:
  ReuseSums(std::size_t players, bool paired, std::span<const Player> chosen)
      : count_(players + 1),
        sum_(players + 1),
        squares_(players + 1),
        both_(paired ? players : 0),
        one_(both_),
        rows_(chosen) {}

  void add(const Coalition& coalition, double value) {
    if (count_.back() == 0.0) level_ = value;
    const double v = value - level_;
    const auto credit = [&](std::size_t i) {
      count_[i] += 1.0;
      sum_[i] += v;
      squares_[i] += v * v;
    };
    coalition.for_each(credit);
    credit(count_.size() - 1);
    rows_.add(coalition, value);
  }

  void add_pair(const Coalition& first, double value, const Coalition& second, double other) {
    add(first, value);
    add(second, other);
    const double v = value - level_;
    const double w = other - level_;
    products_ += v * w;
    first.for_each([&](Player i) {
      second.contains(i) ? both_.add(i, 0.5 * (v + w), 0.5 * (v + w), v * w)
                         : one_.add(i, v, w, v * w);
    });
    second.for_each([&](Player i) {
      if (!first.contains(i)) one_.add(i, w, v, v * w);
    });
  }

  void merge(const ReuseSums& other) {
    if (other.count_.back() == 0.0) return;
    if (count_.back() == 0.0) level_ = other.level_;
    const double shift = other.level_ - level_;
    products_ += other.products_ + shift * (other.sum_.back() + 0.5 * shift * other.count_.back());
    both_.merge(other.both_, shift);
    one_.merge(other.one_, shift);
    for (std::size_t i = 0; i < count_.size(); ++i) {
      squares_[i] += other.squares_[i] + shift * (2.0 * other.sum_[i] + shift * other.count_[i]);
      sum_[i] += other.sum_[i] + shift * other.count_[i];
      count_[i] += other.count_[i];
    }
    rows_.merge(other.rows_);
  }

  void summarise(Estimate& estimate) const {
    const std::size_t players = count_.size() - 1;
    const bool paired = !both_.counts.empty();
    estimate.values.assign(players, 0.0);
    estimate.standard_errors.assign(players, std::numeric_limits<double>::infinity());
    estimate.degrees_of_freedom =
        std::max(1.0, paired ? 0.5 * count_.back() - 1.0 : count_.back() - 2.0);
    for (std::size_t i = 0; i < players; ++i) {
      const Side with = inside(i);
      const Side without = outside(i);
      if (with.count < 1.0 || without.count < 1.0) continue;
      estimate.values[i] = with.mean() - without.mean();
      if (with.count < 2.0 || without.count < 2.0) continue;
      double variance = with.mean_variance() + without.mean_variance();
      if (paired) variance += 2.0 * pair_covariance(i, with, without);
      estimate.standard_errors[i] = std::sqrt(std::max(0.0, variance));
    }
    summarise_covariance(estimate, paired ? 2 : 1);
  }

  void archive(Archive& fields) {
    fields(level_);
    fields(count_);
    fields(sum_);
    fields(squares_);
    fields(products_);
    both_.archive(fields);
    one_.archive(fields);
    rows_.archive(fields);
  }

 private:
  /// Values of coalitions on one side of a player.
  struct Side {
    double count;
    double sum;
    double squares;
    double mean() const { return sum / count; }
    double mean_variance() const {
      return std::max(0.0, squares - sum * mean()) / (count * (count - 1.0));
    }
    /// By how much a value counts that is off this side's mean by one, in the spread of that mean.
    double influence() const { return 1.0 / std::sqrt(count * (count - 1.0)); }
  };

  /// Sums over pairs, by player: of both values and their product.
  struct PairSums {
    std::vector<double> counts;
    std::vector<double> first;
    std::vector<double> second;
    std::vector<double> products;

    explicit PairSums(std::size_t players)
        : counts(players), first(players), second(players), products(players) {}
    void add(std::size_t i, double v, double w, double product) {
      counts[i] += 1.0;
      first[i] += v;
      second[i] += w;
      products[i] += product;
    }
    void merge(const PairSums& other, double shift) {
      for (std::size_t i = 0; i < counts.size(); ++i) {
        const double n = other.counts[i];
        counts[i] += n;
        first[i] += other.first[i] + shift * n;
        second[i] += other.second[i] + shift * n;
        products[i] += other.products[i] + shift * (other.first[i] + other.second[i] + shift * n);
      }
    }
    void archive(Archive& fields) {
      fields(counts);
      fields(first);
      fields(second);
      fields(products);
    }
  };

  Side inside(std::size_t i) const { return {count_[i], sum_[i], squares_[i]}; }
  Side outside(std::size_t i) const {
    return {count_.back() - count_[i], sum_.back() - sum_[i], squares_.back() - squares_[i]};
  }

  /// What the two values of a pair have in common, in the variance of the player's estimate.
  double pair_covariance(std::size_t i, const Side& with, const Side& without) const {
    const auto about = [](double count, double first, double second, double products, double a,
                          double b) { return products - b * first - a * second + count * a * b; };
    const double up = with.mean();
    const double down = without.mean();
    const double twice =
        about(both_.counts[i], both_.first[i], both_.second[i], both_.products[i], up, up);
    const double once =
        about(one_.counts[i], one_.first[i], one_.second[i], one_.products[i], up, down);
    const double none_count = 0.5 * count_.back() - both_.counts[i] - one_.counts[i];
    const double none_sum = 0.5 * (sum_.back() - one_.first[i] - one_.second[i]) - both_.first[i];
    const double none = about(none_count, none_sum, none_sum,
                              products_ - both_.products[i] - one_.products[i], down, down);
    return twice * with.influence() * with.influence() +
           none * without.influence() * without.influence() -
           once * with.influence() * without.influence();
  }

  void summarise_covariance(Estimate& estimate, std::size_t rows) const {
    estimate.covariance_players = rows_.chosen();
    estimate.covariance = rows_.covariance(rows, [&](std::size_t row, std::size_t c) {
      const Player i = rows_.chosen()[c];
      const bool in = rows_.contains(row, c);
      const Side side = in ? inside(i) : outside(i);
      if (side.count < 2.0) return 0.0;
      return (rows_.value(row) - level_ - side.mean()) * (in ? 1.0 : -1.0) * side.influence();
    });
    mark_unknown_covariance(estimate);
  }

  double level_ = 0.0;
  std::vector<double> count_;
  std::vector<double> sum_;
  std::vector<double> squares_;
  double products_ = 0.0;  // of both values of all pairs
  PairSums both_;          // pairs with the player twice; each value is half the pair's
  PairSums one_;           // once: the value with the player, the one without
  ChosenRows rows_;
};

}  // namespace gtap::detail
