#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/detail/coalition_log.hpp>
#include <gtap/estimators/detail/distinct_coalitions.hpp>
#include <gtap/estimators/detail/game_guess.hpp>
#include <gtap/estimators/random_subset.hpp>
#include <gtap/math/discrete.hpp>
#include <gtap/math/least_squares.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap::detail {

/// How a fit samples and what it solves; designs fill this in.
struct FitSettings {
  std::string name;
  bool efficient = false;      // the values sum to v(N) - v({})
  bool paired = false;         // a sample is a coalition and its complement
  bool distinct = false;       // no coalition twice
  bool surrogate = false;      // subtract a smooth guess, cross-fitted
  double centre = 0.5;         // of the indicator columns
  std::vector<double> sizes;   // probabilities of |S| = 0 .. n to draw from
  std::vector<double> target;  // weight of |S| = 0 .. n in the fit
  std::vector<double> log_weights;
};

/// The run of all designs that fit a linear model to coalitions' values: rows are coalitions, or
/// pairs with half the difference of their values.
class FitRun {
 public:
  FitRun(FitSettings settings, const RunContext& context)
      : settings_(std::move(settings)),
        players_(context.players),
        seed_(context.seed),
        chosen_(context.covariance_of) {
    const auto n = static_cast<double>(players_);
    require_memory(settings_.name,
                   24.0 * n * n + static_cast<double>(context.evaluations) * (n / 8.0 + 40.0),
                   "shared-coalition or sample-reuse");
    const std::size_t shared = settings_.efficient ? 2 : 0;
    require_budget(settings_.name, shared + 2 * cost(), context.evaluations);
    most_samples_ = (context.evaluations - shared) / cost();
    if (settings_.distinct) {
      distinct_ = DistinctCoalitions(settings_.sizes, settings_.paired, derive_seed(seed_, 1));
    } else {
      draw_ = math::Discrete(settings_.sizes);
    }
  }

  using Statistics = CoalitionLog;
  struct Scratch {
    std::vector<Coalition> coalitions;
    std::vector<double> values;
    std::vector<Player> order;
  };
  bool planned_by_budget() const { return settings_.distinct; }

  Statistics statistics() const { return CoalitionLog(players_); }
  Scratch scratch() const { return {}; }
  std::size_t chunk() const { return 128; }

  void begin(Worker& worker) {
    if (!settings_.efficient) return;
    empty_ = worker.value(Coalition(players_));
    grand_ = worker.value(Coalition::grand(players_));
  }

  std::uint64_t plan(const Statistics&, std::size_t evaluations) {
    const std::size_t samples = evaluations / cost();
    return settings_.distinct ? distinct_.extend(samples) : samples;
  }

  void samples(std::uint64_t first, std::uint64_t last, std::uint64_t seed, Worker& worker,
               Scratch& scratch, Statistics& log) const {
    const auto count = static_cast<std::size_t>(last - first);
    scratch.coalitions.assign(count * cost(), Coalition(players_));
    scratch.values.resize(count * cost());
    for (std::size_t k = 0; k < count; ++k) {
      RandomStream random(seed, first + k);
      Coalition& coalition = scratch.coalitions[k * cost()];
      if (settings_.distinct) {
        distinct_.coalition(static_cast<std::size_t>(first) + k, random, scratch.order, coalition);
      } else {
        random_subset_of_all(random, draw_.draw(random), scratch.order, coalition);
      }
      if (settings_.paired) scratch.coalitions[k * 2 + 1] = coalition.complement();
    }
    worker.batch(scratch.coalitions, scratch.values);
    for (std::size_t k = 0; k < count; ++k) {
      const double value = settings_.paired
                               ? 0.5 * (scratch.values[2 * k] - scratch.values[2 * k + 1])
                               : scratch.values[k];
      log.add(scratch.coalitions[k * cost()], value);
    }
  }

  void summarise(const Statistics& log, Estimate& estimate) const {
    const double infinity = std::numeric_limits<double>::infinity();
    estimate.values.assign(players_, 0.0);
    estimate.standard_errors.assign(players_, infinity);
    estimate.covariance_players = chosen_;
    estimate.covariance.assign(chosen_.size() * chosen_.size(), infinity);
    estimate.degrees_of_freedom =
        std::max(1.0, static_cast<double>(log.size()) - static_cast<double>(players_) - 1.0);
    if (log.size() < 2) return;

    std::vector<double> rest(log.values().begin(), log.values().end());
    double share = grand_ - empty_;
    math::WeightedFit linear = fit(log, rest, share, least_ridge(log));
    if (may_choose(log) && players_ <= GameGuess::most_players && log.size() >= 20) {
      std::vector<double> adjusted(rest);
      std::vector<double> guessed =
          GameGuess(log, settings_.paired, row_importance(log))
              .subtract(log, settings_.log_weights, adjusted,
                        settings_.efficient ? std::optional(share) : std::nullopt);
      // What is left of v(N) - v({}) is then zero.
      math::WeightedFit left = fit(log, adjusted, 0.0, least_ridge(log));
      if (sum(left.variances) < sum(linear.variances)) {
        linear = std::move(left);
        rest = std::move(adjusted);
        estimate.values = std::move(guessed);
        share = 0.0;
      }
    }
    shrink(linear, log, rest, share);
    const std::size_t intercept = has_intercept() ? 1 : 0;
    const double each = settings_.efficient ? share / static_cast<double>(players_) : 0.0;
    for (std::size_t i = 0; i < players_; ++i) {
      estimate.values[i] += each + linear.coefficients[i + intercept];
      estimate.standard_errors[i] = std::sqrt(linear.variances[i + intercept]);
    }
    estimate.covariance = std::move(linear.covariance);
  }

  void archive(Archive& fields) {
    fields(empty_);
    fields(grand_);
    distinct_.archive(fields);
  }

 private:
  std::size_t cost() const { return settings_.paired ? 2 : 1; }
  bool has_intercept() const { return !settings_.paired; }

  /// How much of a plan without repetition is there; of its first rows, the sizes are left to
  /// chance.
  double part_of_plan(const CoalitionLog& log) const {
    if (!settings_.distinct) return 0.0;
    return static_cast<double>(log.size()) / static_cast<double>(distinct_.size());
  }

  /// The best of several models looks better than it is, by much where rows are few. What is done
  /// with all that there is to have takes it none the less; a look that may end a run does not.
  bool may_choose(const CoalitionLog& log) const {
    return settings_.surrogate && log.size() >= std::min(most_samples_, 6 * players_);
  }

  double weight(std::size_t size) const {
    const double drawn = settings_.distinct ? distinct_.expected(size) : settings_.sizes[size];
    return drawn > 0.0 ? settings_.target[size] / drawn : 0.0;
  }

  /// With few rows for its columns a fit gains from shrinking: as much as guesses left-out rows
  /// best, and not at all where the model is right.
  void shrink(math::WeightedFit& best, const CoalitionLog& log, std::span<const double> values,
              double share) const {
    if (!may_choose(log) || log.size() >= 6 * players_) return;
    for (const double ridge : {3.0, 10.0, 30.0}) {
      math::WeightedFit other = fit(log, values, share, ridge);
      if (other.left_out_squares < best.left_out_squares) best = std::move(other);
    }
  }

  static double sum(std::span<const double> numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), 0.0);
  }

  double least_ridge(const CoalitionLog& log) const {
    return log.size() * cost() < 3 * players_ ? 1.0 : 0.0;
  }

  /// What a row's error counts in the end: the square of its weight times its columns.
  std::vector<double> row_importance(const CoalitionLog& log) const {
    std::vector<double> importance(log.size(), 1.0);
    for (std::size_t k = 0; k < log.size() && settings_.efficient; ++k) {
      const std::size_t size = log.coalition_size(k);
      importance[k] = std::pow(weight(size), 2) * static_cast<double>(size * (players_ - size));
    }
    return importance;
  }

  math::WeightedFit fit(const CoalitionLog& log, std::span<const double> values, double share,
                        double ridge) const {
    const std::size_t first = has_intercept() ? 1 : 0;
    const std::size_t columns = players_ + first;
    const auto n = static_cast<double>(players_);
    std::vector<std::size_t> sizes(log.size());
    std::vector<double> weights(log.size());
    for (std::size_t k = 0; k < log.size(); ++k) {
      sizes[k] = log.coalition_size(k);
      weights[k] = weight(sizes[k]);
    }
    const double scale =
        static_cast<double>(log.size()) / std::accumulate(weights.begin(), weights.end(), 0.0);

    math::Matrix penalty(columns, columns);
    const double variance = settings_.centre * (1.0 - settings_.centre);
    const auto rows = static_cast<double>(log.size());
    for (std::size_t c = 0; c < columns; ++c) {
      // Efficient columns sum to zero: the direction that they cannot see is nailed to zero.
      for (std::size_t other = 0; settings_.efficient && other < columns; ++other)
        penalty(other, c) = rows / n;
      penalty(c, c) += (c < first ? 0.0 : ridge * variance) + 1e-13 * rows;  // never singular
    }

    std::vector<std::size_t> chosen;
    for (const Player p : chosen_)
      chosen.push_back(p + first);
    const double drawn = part_of_plan(log);
    // Sizes, or neighbouring ones together, where the plan fixed how many rows they have.
    constexpr std::size_t most_strata = 64;
    const std::size_t strata = drawn == 1.0 ? std::min(players_ + 1, most_strata) : 1;
    return math::weighted_fit(
        log.size(), columns, std::move(penalty), chosen, strata, [&](std::size_t row, double* x) {
          const auto size = static_cast<double>(sizes[row]);
          const double centre = settings_.efficient ? size / n : settings_.centre;
          if (first == 1) x[0] = 1.0;
          log.fill(row, x + first, centre);
          const double fair = settings_.efficient ? share * (size / n - 0.5) : 0.0;
          // Of a size that was drawn without repetition, the rest alone is chance.
          return math::FitTarget{
              values[row] - fair, scale * weights[row],
              settings_.distinct ? 1.0 - drawn * distinct_.taken(sizes[row]) : 1.0,
              sizes[row] * strata / (players_ + 1)};
        });
  }

  FitSettings settings_;
  std::size_t players_;
  std::uint64_t seed_;
  std::size_t most_samples_ = 0;  // that the budget pays for
  std::vector<Player> chosen_;
  DistinctCoalitions distinct_;
  math::Discrete draw_;

 protected:
  double empty_ = 0.0;
  double grand_ = 0.0;
};

}  // namespace gtap::detail
