#pragma once

#include <gtap/core/coalition.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace gtap::detail {

/// What each sample credited to the players that took part, sample after sample.
struct CreditLog {
  std::vector<double> credits;

  void merge(const CreditLog& other) {
    credits.insert(credits.end(), other.credits.begin(), other.credits.end());
  }
  template <class Archive>
  void archive(Archive& fields) {
    fields(credits);
  }
};

/// Rounds of samples: who takes part, and how many samples there are.
struct CreditRounds {
  std::vector<std::vector<std::uint64_t>> players;
  std::vector<std::uint64_t> samples;

  template <class Archive>
  void archive(Archive& fields) {
    fields(players);
    fields(samples);
  }
};

/// The credits by player, with means and the covariance of means of players that did not all take
/// part in the same rounds.
class CreditTable {
 public:
  /// The log may end inside the last round.
  CreditTable(std::size_t players, const CreditLog& log, const CreditRounds& rounds)
      : columns_(players), mean_(players, 0.0), squares_(players, 0.0) {
    std::size_t at = 0;
    for (std::size_t r = 0; r < rounds.samples.size() && at < log.credits.size(); ++r) {
      const auto& present = rounds.players[r];
      const std::size_t width = present.size();
      const std::size_t samples =
          std::min<std::size_t>(rounds.samples[r], (log.credits.size() - at) / width);
      takes_part_.emplace_back(players);
      samples_.push_back(samples);
      for (std::size_t c = 0; c < width; ++c) {
        const auto p = static_cast<std::size_t>(present[c]);
        takes_part_.back().insert(static_cast<Player>(p));
        for (std::size_t u = 0; u < samples; ++u)
          columns_[p].push_back(log.credits[at + u * width + c]);
      }
      at += samples * width;
    }
    for (std::size_t p = 0; p < players; ++p) {
      std::vector<double>& column = columns_[p];
      if (column.empty()) continue;
      // About the first: a common level costs no digits.
      double sum = 0.0;
      for (const double x : column)
        sum += x - column[0];
      mean_[p] = column[0] + sum / count(p);
      for (double& x : column) {
        x -= mean_[p];
        squares_[p] += x * x;
      }
      if (column.size() > 1)
        spread_ += squares_[p] / (count(p) - 1.0) / static_cast<double>(players);
    }
  }

  /// Units that the player took part in.
  double count(std::size_t p) const { return static_cast<double>(columns_[p].size()); }
  const std::vector<double>& means() const { return mean_; }

  /// Variance of the player's mean; infinite below two samples. As though one sample more had been
  /// off by the players' mean spread: what is rare may not have been seen yet.
  double variance(std::size_t p) const {
    const double m = count(p);
    if (m < 2.0) return std::numeric_limits<double>::infinity();
    return (squares_[p] / (m - 1.0) + spread_ / m) / m;
  }

  /// Covariance of two players' means, from the samples that they share; O(samples).
  double covariance(Player p, Player q) const {
    if (p == q) return variance(p);
    double products = 0.0;
    double shared = 0.0;
    std::size_t at_p = 0;
    std::size_t at_q = 0;
    for (std::size_t r = 0; r < samples_.size(); ++r) {
      const bool has_p = takes_part_[r].contains(p);
      const bool has_q = takes_part_[r].contains(q);
      if (has_p && has_q) {
        const double* x = columns_[p].data() + at_p;
        const double* y = columns_[q].data() + at_q;
        double sum = 0.0;
        for (std::size_t u = 0; u < samples_[r]; ++u)
          sum += x[u] * y[u];
        products += sum;
        shared += static_cast<double>(samples_[r]);
      }
      if (has_p) at_p += samples_[r];
      if (has_q) at_q += samples_[r];
    }
    if (shared < 2.0) return 0.0;
    return products * shared / ((shared - 1.0) * count(p) * count(q));
  }

  /// Variance of the difference of two players' means.
  double variance_of_difference(Player p, Player q) const {
    const double own = variance(p) + variance(q);
    if (std::isinf(own)) return own;
    const double rest = own - 2.0 * covariance(p, q);
    // What the player with fewer samples does not share with the other stays, whatever they
    // say of the covariance.
    const double fewer = std::min(count(p), count(q));
    const double more = std::max(count(p), count(q));
    const double alone = count(p) < count(q) ? variance(p) : variance(q);
    return std::max(rest, alone * (1.0 - fewer / more));
  }

 private:
  std::vector<std::vector<double>> columns_;  // credits less their mean
  std::vector<double> mean_;
  std::vector<double> squares_;
  double spread_ = 0.0;                // mean over players of their variance in a sample
  std::vector<Coalition> takes_part_;  // by round
  std::vector<std::size_t> samples_;
};

}  // namespace gtap::detail
