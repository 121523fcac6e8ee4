#pragma once

#include <gtap/estimators/detail/engine.hpp>
#include <gtap/estimators/law.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

namespace gtap {

/// How a game's value falls from the grand coalition to nobody when each player is kept with
/// probability p: mean and spread over random coalitions along p. The band is where the spread,
/// which peaks where random coalitions are undecided, is at least `share` of its peak.
struct UncertaintyBand {
  std::vector<double> retentions;  ///< increasing
  std::vector<double> mean;        ///< of v, one a retention probability
  std::vector<double> mean_errors;
  std::vector<double> spread;  ///< standard deviation of v over coalitions
  std::vector<double> spread_errors;

  double peak = 0.0;  ///< the retention probability of the largest spread
  double low = 0.0;   ///< where the spread, linear between points, passes `share` of its peak
  double high = 0.0;
  double share = 0.5;
  std::size_t evaluations = 0;

  /// Whether values differ at all: else there is no peak, and no law.
  bool has_peak() const {
    return std::any_of(spread.begin(), spread.end(), [](double s) { return s > 0.0; });
  }
  /// The dropout law at the peak. Throws gtap::Error without one, as `law` does.
  Dropout dropout() const { return check(), Dropout{peak}; }
  /// The law of all retention probabilities in the band.
  DropoutBand law() const { return check(), DropoutBand{low, high}; }

 private:
  void check() const {
    if (!has_peak()) detail::fail("UncertaintyBand", "values that differ", "a constant game");
  }
};

struct UncertaintyBandOptions {
  /// Where to look first, between 0 and 1, increasing.
  std::vector<double> retentions{0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
  std::size_t coalitions = 64;  ///< at each retention probability, at least 2
  std::size_t refinements = 2;  ///< times that the gaps around the peak are halved
  double share = 0.5;           ///< of the peak, that bounds the band; between 0 and 1
  std::uint64_t seed = 0;
  std::size_t threads = 0;
  ProgressCallback progress{};  ///< in evaluations, of the refinement under way
  std::stop_token stop{};       ///< gtap::Error when it is triggered: half a band says little
};

namespace detail {

/// Sample k is one random coalition at the retention probability number k mod their count.
class BandRun {
 public:
  BandRun(std::vector<double> retentions, std::size_t players, std::uint64_t seed)
      : retentions_(std::move(retentions)), players_(players), seed_(seed) {}

  struct Statistics {
    static constexpr bool merges_exactly = true;
    std::vector<double> values;  // by sample
    void merge(const Statistics& other) {
      values.insert(values.end(), other.values.begin(), other.values.end());
    }
    void archive(Archive& fields) { fields(values); }
  };
  using Scratch = std::vector<Coalition>;

  Statistics statistics() const { return {}; }
  Scratch scratch() const { return {}; }
  std::size_t chunk() const { return 64; }
  void begin(Worker&) {}
  std::uint64_t plan(const Statistics&, std::size_t evaluations) { return evaluations; }

  void samples(std::uint64_t first, std::uint64_t last, std::uint64_t, Worker& worker,
               Scratch& coalitions, Statistics& statistics) const {
    const auto count = static_cast<std::size_t>(last - first);
    coalitions.assign(count, Coalition(players_));
    for (std::size_t k = 0; k < count; ++k) {
      // By the probability, not its number: a point keeps its coalitions whatever its neighbours.
      const double p = retentions_[(first + k) % retentions_.size()];
      RandomStream random(derive_seed(seed_, std::bit_cast<std::uint64_t>(p)),
                          (first + k) / retentions_.size());
      random.bernoulli_mask(p, coalitions[k]);
    }
    std::vector<double>& values = statistics.values;
    values.resize(values.size() + count);
    worker.batch(coalitions, std::span(values).last(count));
  }

  void archive(Archive&) {}

 private:
  std::vector<double> retentions_;
  std::size_t players_;
  std::uint64_t seed_;
};

/// Adds measured points, keeping the order.
template <std::same_as<AnyGame> Game>
void measure_band(const Game& game, const std::vector<double>& retentions,
                  const UncertaintyBandOptions& options, UncertaintyBand& band) {
  const std::size_t points = retentions.size();
  const EstimateOptions engine_options{.evaluations = points * options.coalitions,
                                       .threads = options.threads,
                                       .progress = options.progress,
                                       .stop = options.stop};
  const auto ended = run_to_end(game, BandRun(retentions, game.players(), options.seed),
                                engine_options, "uncertainty band");
  if (ended.end.stopped == Stopped::request)
    fail("uncertainty_band", "to finish", "a request to stop");
  band.evaluations += ended.end.evaluations;
  const std::vector<double>& values = ended.statistics().values;
  const auto count = static_cast<double>(options.coalitions);
  for (std::size_t r = 0; r < points; ++r) {
    double mean = 0.0;
    for (std::size_t k = 0; k < options.coalitions; ++k)
      mean += values[k * points + r] / count;
    double second = 0.0;
    double fourth = 0.0;
    for (std::size_t k = 0; k < options.coalitions; ++k) {
      const double square = std::pow(values[k * points + r] - mean, 2);
      second += square / count;
      fourth += square * square / count;
    }
    const double spread = std::sqrt(second * count / (count - 1.0));
    // Delta method: the variance of the variance over (2 spread)^2.
    const double spread_error =
        spread > 0.0 ? std::sqrt(std::max(0.0, fourth - second * second) / count) / (2.0 * spread)
                     : 0.0;
    const auto at =
        std::upper_bound(band.retentions.begin(), band.retentions.end(), retentions[r]) -
        band.retentions.begin();
    band.retentions.insert(band.retentions.begin() + at, retentions[r]);
    band.mean.insert(band.mean.begin() + at, mean);
    band.mean_errors.insert(band.mean_errors.begin() + at, spread / std::sqrt(count));
    band.spread.insert(band.spread.begin() + at, spread);
    band.spread_errors.insert(band.spread_errors.begin() + at, spread_error);
  }
}

/// Where the spread passes `level` on the way from the peak, in steps of `step`.
inline double band_edge(const UncertaintyBand& band, std::size_t peak, std::ptrdiff_t step,
                        double level) {
  std::size_t inside = peak;
  while (true) {
    const auto next = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(inside) + step);
    if (next >= band.retentions.size()) return band.retentions[inside];
    if (band.spread[next] < level) {
      const double part = (band.spread[inside] - level) / (band.spread[inside] - band.spread[next]);
      return band.retentions[inside] + part * (band.retentions[next] - band.retentions[inside]);
    }
    inside = next;
  }
}

}  // namespace detail

/// Measures the uncertainty band: (retentions + about 2 each refinement) x coalitions evaluations,
/// in batches; runs on several threads when the game allows it. Ties of the peak go to the lower
/// retention probability. Throws gtap::Error for options out of range and as `estimate` does.
template <ValueFunction Game>
UncertaintyBand uncertainty_band(const Game& game, const UncertaintyBandOptions& options = {}) {
  const AnyGame any = AnyGame::view(game);
  if (any.players() == 0) detail::fail("uncertainty_band", "a game with players", "0 players");
  if (options.coalitions < 2) {
    detail::fail("uncertainty_band", "at least 2 coalitions a point",
                 detail::text(options.coalitions));
  }
  if (options.retentions.empty() ||
      !std::is_sorted(options.retentions.begin(), options.retentions.end())) {
    detail::fail("uncertainty_band", "increasing retention probabilities", "none or others");
  }
  for (const double p : options.retentions)
    detail::require_probability("uncertainty_band", p);
  if (!(options.share > 0.0 && options.share < 1.0))
    detail::fail("uncertainty_band", "a share between 0 and 1", detail::text(options.share));

  UncertaintyBand band;
  band.share = options.share;
  detail::measure_band(any, options.retentions, options, band);
  const auto peak = [&band] {
    return static_cast<std::size_t>(std::max_element(band.spread.begin(), band.spread.end()) -
                                    band.spread.begin());
  };
  for (std::size_t round = 0; round < options.refinements; ++round) {
    const std::size_t top = peak();
    std::vector<double> between;
    if (top > 0) between.push_back(0.5 * (band.retentions[top - 1] + band.retentions[top]));
    if (top + 1 < band.retentions.size())
      between.push_back(0.5 * (band.retentions[top] + band.retentions[top + 1]));
    if (between.empty()) break;
    detail::measure_band(any, between, options, band);
  }
  const std::size_t top = peak();
  band.peak = band.retentions[top];
  band.low = detail::band_edge(band, top, -1, band.share * band.spread[top]);
  band.high = detail::band_edge(band, top, 1, band.share * band.spread[top]);
  return band;
}

}  // namespace gtap
