#pragma once

#include <gtap/core/archive.hpp>
#include <gtap/estimators/estimate.hpp>
#include <gtap/math/student.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace gtap {

/// Mean and spread of independent observations, one number a player each: the statistics of every
/// design whose sample is one unbiased estimate of all values. Keeps the covariance of
/// chosen players too. Welford's updates; Chan's merge.
class Moments {
 public:
  explicit Moments(std::size_t players, std::span<const Player> chosen = {})
      : chosen_(chosen.begin(), chosen.end()),
        mean_(players, 0.0),
        squares_(players, 0.0),
        low_(players, std::numeric_limits<double>::infinity()),
        high_(players, -std::numeric_limits<double>::infinity()),
        products_(chosen.size() * chosen.size(), 0.0),
        before_(chosen.size()) {}

  void add(std::span<const double> observation) {
    count_ += 1.0;
    const double share = 1.0 / count_;
    for (std::size_t a = 0; a < chosen_.size(); ++a)
      before_[a] = observation[chosen_[a]] - mean_[chosen_[a]];
    double* const mean = mean_.data();
    double* const squares = squares_.data();
    const double* const x = observation.data();
    const std::size_t players = mean_.size();
    for (std::size_t i = 0; i < players; ++i) {
      const double difference = x[i] - mean[i];
      mean[i] += difference * share;
      squares[i] += difference * (x[i] - mean[i]);
      low_[i] = std::min(low_[i], x[i]);
      high_[i] = std::max(high_[i], x[i]);
    }
    const std::size_t k = chosen_.size();
    for (std::size_t a = 0; a < k; ++a) {
      for (std::size_t b = 0; b < k; ++b)
        products_[a * k + b] += before_[a] * before_[b] * (1.0 - share);
    }
  }

  void merge(const Moments& other) {
    if (other.count_ == 0.0) return;
    const double total = count_ + other.count_;
    const double share = other.count_ / total;
    const double cross = count_ * share;
    const std::size_t k = chosen_.size();
    for (std::size_t a = 0; a < k; ++a)
      before_[a] = other.mean_[chosen_[a]] - mean_[chosen_[a]];
    for (std::size_t a = 0; a < k; ++a) {
      for (std::size_t b = 0; b < k; ++b)
        products_[a * k + b] += other.products_[a * k + b] + before_[a] * before_[b] * cross;
    }
    for (std::size_t i = 0; i < mean_.size(); ++i) {
      const double difference = other.mean_[i] - mean_[i];
      mean_[i] += difference * share;
      squares_[i] += other.squares_[i] + difference * difference * cross;
      low_[i] = std::min(low_[i], other.low_[i]);
      high_[i] = std::max(high_[i], other.high_[i]);
    }
    count_ = total;
  }

  std::size_t count() const { return static_cast<std::size_t>(count_); }
  std::span<const double> mean() const { return mean_; }

  /// Fills in values, standard errors and covariance. One sample alone has no spread to show: its
  /// standard error is infinite, unless the design knows better. Where all m observations of a
  /// player agree, what happens once in 1 / (1 - .05^(1/m)) times may not have been seen: the
  /// interval of 95% is wide enough for that much of the widest range of a player's observations.
  void summarise(Estimate& estimate) const {
    const double infinity = std::numeric_limits<double>::infinity();
    estimate.values = mean_;
    estimate.standard_errors.assign(mean_.size(), infinity);
    estimate.degrees_of_freedom = count_ - 1.0;
    estimate.covariance_players = chosen_;
    estimate.covariance.assign(products_.size(), infinity);
    if (count_ < 2.0) return;
    const double scale = 1.0 / (count_ * (count_ - 1.0));
    double range = 0.0;
    for (std::size_t i = 0; i < mean_.size(); ++i)
      range = std::max(range, high_[i] - low_[i]);
    const double unseen =
        range * (1.0 - std::pow(0.05, 1.0 / count_)) / math::student_quantile(0.975, count_ - 1.0);
    for (std::size_t i = 0; i < mean_.size(); ++i)
      estimate.standard_errors[i] = high_[i] > low_[i] ? std::sqrt(squares_[i] * scale) : unseen;
    for (std::size_t c = 0; c < products_.size(); ++c)
      estimate.covariance[c] = products_[c] * scale;
    for (std::size_t a = 0; a < chosen_.size(); ++a) {
      if (!(high_[chosen_[a]] > low_[chosen_[a]]))
        estimate.covariance[a * (chosen_.size() + 1)] = unseen * unseen;
    }
  }

  void archive(Archive& fields) {
    fields(count_);
    fields(mean_);
    fields(squares_);
    fields(low_);
    fields(high_);
    fields(products_);
  }

 private:
  std::vector<Player> chosen_;
  double count_ = 0.0;
  std::vector<double> mean_;
  std::vector<double> squares_;
  std::vector<double> low_;  // of observations
  std::vector<double> high_;
  std::vector<double> products_;
  std::vector<double> before_;
};

}  // namespace gtap
