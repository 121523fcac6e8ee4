#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/random_subset.hpp>
#include <gtap/math/discrete.hpp>
#include <gtap/math/variance_of_means.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace gtap {

/// Strata by size (Maleki et al. 2013): phi_i = sum over strata of P(stratum) times the mean
/// marginal contribution at its sizes. A sample is one draw in one stratum for every player: 2 n
/// evaluations. Sizes are put together into as many strata of like probability as the budget can
/// serve with `pilot` samples each.
///
/// Without `neyman` the samples are dealt by the strata's probability: unbiased. With it, after the
/// pilot, they go where probability times spread is largest: smaller errors where sizes differ,
/// but consistent only, because allocation and means use the same samples.
struct Stratified {
  bool neyman = true;
  std::size_t pilot = 10;  ///< samples a stratum before spreads are trusted, at least 2

  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const {
    return detail::text("stratified:", neyman ? "" : "proportional:", pilot);
  }
};

namespace detail {

class StratifiedRun {
 public:
  StratifiedRun(const LawTable& law, const Stratified& settings, const RunContext& context)
      : players_(context.players),
        neyman_(settings.neyman),
        pilot_(settings.pilot),
        chosen_(context.covariance_of),
        sizes_(law.sizes()) {
    const std::size_t samples = context.evaluations / (2 * players_);
    require_budget("stratified", 2 * players_, context.evaluations);
    const auto most = static_cast<double>(std::max<std::size_t>(1, samples / pilot_));
    // Sizes one after another, a stratum closed once it holds its share.
    double held = 0.0;
    first_.push_back(0);
    for (std::size_t s = 0; s + 1 < players_; ++s) {
      held += sizes_[s];
      if (held * most >= 1.0 - 1e-9) {
        first_.push_back(s + 1);
        held = 0.0;
      }
    }
    const std::size_t strata = first_.size();
    first_.push_back(players_);
    for (std::size_t h = 0; h < strata; ++h) {
      const auto begin = sizes_.begin() + static_cast<std::ptrdiff_t>(first_[h]);
      const auto end = sizes_.begin() + static_cast<std::ptrdiff_t>(first_[h + 1]);
      probability_.push_back(std::accumulate(begin, end, 0.0));
      within_.emplace_back(std::vector<double>(begin, end));
    }
  }

  /// Welford's mean and sum of squares for each stratum and player.
  struct Statistics {
    std::vector<double> counts;  // by stratum
    std::vector<double> means;   // strata x players
    std::vector<double> squares;

    void merge(const Statistics& other) {
      const std::size_t players = means.size() / counts.size();
      for (std::size_t h = 0; h < counts.size(); ++h) {
        if (other.counts[h] == 0.0) continue;
        const double total = counts[h] + other.counts[h];
        const double share = other.counts[h] / total;
        for (std::size_t c = h * players; c < (h + 1) * players; ++c) {
          const double difference = other.means[c] - means[c];
          means[c] += difference * share;
          squares[c] += other.squares[c] + difference * difference * counts[h] * share;
        }
        counts[h] = total;
      }
    }
    void archive(Archive& fields) {
      fields(counts);
      fields(means);
      fields(squares);
    }
  };
  struct Scratch {
    Coalition coalition;
    std::vector<Player> others;
    std::vector<Player> player;
    std::vector<double> values;
  };

  Statistics statistics() const {
    const std::size_t strata = probability_.size();
    return {std::vector<double>(strata), std::vector<double>(strata * players_),
            std::vector<double>(strata * players_)};
  }
  Scratch scratch() const {
    return {Coalition(players_), std::vector<Player>(players_ - 1), std::vector<Player>(1),
            std::vector<double>(2)};
  }
  std::size_t chunk() const { return samples_a_chunk(2 * players_); }
  bool planned_by_budget() const { return true; }  // which says how many strata there are

  void begin(Worker&) {}

  std::uint64_t plan(const Statistics& merged, std::size_t evaluations) {
    const std::size_t samples = evaluations / (2 * players_);
    const std::size_t strata = probability_.size();
    round_first_ += schedule_.size();
    schedule_.clear();
    if (samples == 0) return 0;
    std::vector<double> share(probability_);
    const bool begun = merged.counts[0] > 0.0;
    std::size_t now = samples;
    if (neyman_ && !begun) {
      now = std::min(samples, strata * pilot_);
      share.assign(strata, 1.0);
    } else if (neyman_) {
      // Spread over players of each stratum; doubled rounds, so that late spreads count. To each
      // stratum one draw of the usual spread is added: one whose few draws happen to agree would
      // never be asked again, and its mean stay wrong.
      double freedom = 0.0;
      for (const double count : merged.counts)
        freedom += std::max(0.0, count - 1.0);
      const double usual = std::accumulate(merged.squares.begin(), merged.squares.end(), 0.0) /
                           std::max(1.0, freedom);
      for (std::size_t h = 0; h < strata; ++h) {
        const auto squares = merged.squares.begin() + static_cast<std::ptrdiff_t>(h * players_);
        const double own =
            std::accumulate(squares, squares + static_cast<std::ptrdiff_t>(players_), 0.0);
        share[h] *= std::sqrt((own + usual) / std::max(1.0, merged.counts[h]));
      }
      double total = std::accumulate(share.begin(), share.end(), 0.0);
      if (total == 0.0) share = probability_;
      double done = 0.0;
      for (const double count : merged.counts)
        done += count;
      now = std::min(samples, static_cast<std::size_t>(done));
    }
    deal(share, merged, now);
    return schedule_.size();
  }

  void sample(std::uint64_t k, RandomStream& random, Worker& worker, Scratch& scratch,
              Statistics& statistics) const {
    const auto h = static_cast<std::size_t>(schedule_[static_cast<std::size_t>(k - round_first_)]);
    statistics.counts[h] += 1.0;
    for (Player i = 0; i < players_; ++i) {
      for (Player j = 0; j + 1 < players_; ++j)
        scratch.others[j] = j < i ? j : j + 1;
      const std::size_t size = first_[h] + within_[h].draw(random);
      random_subset(random, scratch.others, size, scratch.coalition);
      scratch.player[0] = i;
      worker.chain(scratch.coalition, scratch.player, scratch.values);
      const double marginal = scratch.values[1] - scratch.values[0];
      const std::size_t c = h * players_ + i;
      const double difference = marginal - statistics.means[c];
      statistics.means[c] += difference / statistics.counts[h];
      statistics.squares[c] += difference * (marginal - statistics.means[c]);
    }
  }

  void summarise(const Statistics& merged, Estimate& estimate) const {
    estimate.values.assign(players_, 0.0);
    estimate.standard_errors.assign(players_, 0.0);
    for (std::size_t i = 0; i < players_; ++i) {
      math::VarianceOfMeans variance;
      for (std::size_t h = 0; h < probability_.size(); ++h) {
        const std::size_t c = h * players_ + i;
        const double n = merged.counts[h];
        estimate.values[i] += probability_[h] * merged.means[c];
        if (probability_[h] == 0.0) continue;
        variance.add(
            n, n < 2.0 ? std::numeric_limits<double>::infinity()
                       : probability_[h] * probability_[h] * merged.squares[c] / (n * (n - 1.0)));
      }
      estimate.standard_errors[i] = std::sqrt(variance.sum());
      estimate.degrees_of_freedom =
          std::min(estimate.degrees_of_freedom, variance.degrees_of_freedom());
    }
    // A sample draws for each player apart from the others.
    estimate.covariance_players = chosen_;
    for (const Player a : chosen_) {
      for (const Player b : chosen_)
        estimate.covariance.push_back(a == b ? std::pow(estimate.standard_errors[a], 2) : 0.0);
    }
  }

  void archive(Archive& fields) {
    fields(round_first_);
    fields(schedule_);
  }

 private:
  /// Deals samples to strata, each time to the one that is furthest behind its share.
  void deal(const std::vector<double>& share, const Statistics& merged, std::size_t samples) {
    const double total = std::accumulate(share.begin(), share.end(), 0.0);
    std::vector<double> counts(merged.counts);
    double all = std::accumulate(counts.begin(), counts.end(), 0.0) + static_cast<double>(samples);
    for (std::size_t k = 0; k < samples; ++k) {
      std::size_t next = 0;
      double furthest = -std::numeric_limits<double>::infinity();
      for (std::size_t h = 0; h < counts.size(); ++h) {
        // Two in every stratum, or its mean and spread are not there.
        const double behind = counts[h] < 2.0
                                  ? std::numeric_limits<double>::max() / (1.0 + counts[h])
                                  : share[h] / total * all - counts[h];
        if (behind > furthest) furthest = behind, next = h;
      }
      counts[next] += 1.0;
      schedule_.push_back(next);
    }
  }

  std::size_t players_;
  bool neyman_;
  std::size_t pilot_;
  std::vector<Player> chosen_;
  std::vector<double> sizes_;
  std::vector<std::size_t> first_;   // size of each stratum, and n
  std::vector<double> probability_;  // of each stratum
  std::vector<math::Discrete> within_;
  std::uint64_t round_first_ = 0;
  std::vector<std::uint64_t> schedule_;  // the stratum of each sample of the round
};

}  // namespace detail

inline auto Stratified::run(const LawTable& law, const RunContext& context) const {
  if (pilot < 2) detail::fail("stratified", "a pilot of at least 2 samples", detail::text(pilot));
  return detail::StratifiedRun(law, *this, context);
}

}  // namespace gtap
