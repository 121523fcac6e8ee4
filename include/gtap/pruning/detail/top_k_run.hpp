#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/detail/star.hpp>
#include <gtap/pruning/detail/cut.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace gtap::detail {

/// What a top-k run is asked for.
struct TopKSettings {
  std::size_t units = 0;
  double wrong_cut = 0.05;
  double tolerance = 0.0;
  std::size_t pilot = 16;
  bool paired = false;
  Constraints constraints{};
};

/// Where a top-k run stands: its last look.
struct TopKOutcome {
  Cut cut;
  double wrong_cut = 1.0;  // with the looks before counted in
  double unseen = 1.0;     // how rare a thing the player sampled least may have missed
};

/// Shared coalitions for the players on whom the cut still hangs: sample after sample draws a
/// coalition from the law, or a pair, and asks for the marginal contributions of these players to
/// it. After each round the cut is looked at; each look may err with its part of what was accepted
/// (parts_of_look), so all looks together stay within it.
class TopKRun {
 public:
  TopKRun(const LawTable& law, TopKSettings settings, const RunContext& context)
      : quantile_(law.required_quantile("top_k")),
        settings_(std::move(settings)),
        players_(context.players),
        chosen_(context.covariance_of),
        active_(players_) {
    std::iota(active_.begin(), active_.end(), Player{0});
    require_budget("top_k", 2 * cost(), context.evaluations);
  }

  using Statistics = CreditLog;
  using Scratch = Star;
  Statistics statistics() const { return {}; }
  Scratch scratch() const { return Star(players_); }
  std::size_t chunk() const { return samples_a_chunk(cost()); }

  void begin(Worker&) {}

  std::uint64_t plan(const Statistics& merged, std::size_t evaluations) {
    std::uint64_t units = settings_.pilot;
    if (!merged.credits.empty()) {
      const TopKOutcome outcome = look(merged);
      looks_ = looks(merged);
      looked_at_ = merged.credits.size();
      if (outcome.wrong_cut <= settings_.wrong_cut) return 0;
      active_ = outcome.cut.border;
      const auto done =
          std::accumulate(rounds_.samples.begin(), rounds_.samples.end(), std::uint64_t{0});
      units = std::max(units, done / 2);
    }
    const std::uint64_t most = evaluations / cost();
    if (most < 2 * units) units = most;  // no remainder that would be too small for a round
    if (units != 0) {
      rounds_.players.emplace_back(active_.begin(), active_.end());
      rounds_.samples.push_back(units);
    }
    return units;
  }

  void sample(std::uint64_t, RandomStream& random, Worker& worker, Star& star,
              Statistics& statistics) const {
    random.bernoulli_mask(quantile_(random.uniform()), star.coalition);
    star.begin(active_);
    star.add(worker, active_, settings_.paired ? 0.5 : 1.0);
    if (settings_.paired) {
      star.coalition = star.coalition.complement();
      star.add(worker, active_, 0.5);
    }
    statistics.credits.insert(statistics.credits.end(), star.credit.begin(), star.credit.end());
  }

  void summarise(const Statistics& merged, Estimate& estimate) const {
    const CreditTable table(players_, merged, rounds_);
    estimate.values = table.means();
    estimate.degrees_of_freedom = std::numeric_limits<double>::infinity();
    double units = 0.0;
    for (std::size_t p = 0; p < players_; ++p)
      units = std::max(units, table.count(p));
    double saved = 0.0;
    for (std::size_t p = 0; p < players_; ++p) {
      estimate.standard_errors.push_back(std::sqrt(table.variance(p)));
      estimate.degrees_of_freedom =
          std::min(estimate.degrees_of_freedom, std::max(1.0, table.count(p) - 1.0));
      saved += units - table.count(p);
    }
    estimate.saved = static_cast<std::size_t>(saved) * (settings_.paired ? 2 : 1);
    estimate.covariance_players = chosen_;
    for (const Player a : chosen_) {
      for (const Player b : chosen_)
        estimate.covariance.push_back(table.covariance(a, b));
    }
  }

  /// Where the run stands at these statistics.
  TopKOutcome outcome(const Statistics& merged) const { return look(merged); }

  template <class Archive>
  void archive(Archive& fields) {
    rounds_.archive(fields);
    fields(looks_);
    fields(looked_at_);
    if (!rounds_.players.empty())
      active_.assign(rounds_.players.back().begin(), rounds_.players.back().end());
  }

 private:
  /// Looks so far, with the one at these statistics.
  std::uint64_t looks(const Statistics& merged) const {
    return merged.credits.size() == looked_at_ ? looks_ : looks_ + 1;
  }

  TopKOutcome look(const Statistics& merged) const {
    const double parts = parts_of_look(std::max<std::uint64_t>(1, looks(merged)));
    const CreditTable table(players_, merged, rounds_);
    Cut cut = judge_cut(table, settings_.units, settings_.constraints, settings_.tolerance,
                        settings_.wrong_cut / parts);
    const double wrong = std::min(1.0, cut.wrong * parts);
    double least = table.count(0);
    for (std::size_t p = 1; p < players_; ++p)
      least = std::min(least, table.count(p));
    return {std::move(cut), wrong, least > 0.0 ? 1.0 - std::pow(0.05, 1.0 / least) : 1.0};
  }

  std::size_t cost() const { return (settings_.paired ? 2 : 1) * (active_.size() + 1); }

  std::function<double(double)> quantile_;
  TopKSettings settings_;
  std::size_t players_;
  std::vector<Player> chosen_;
  std::vector<Player> active_;
  CreditRounds rounds_;
  std::uint64_t looks_ = 0;
  std::uint64_t looked_at_ = 0;  // credits at the last look
};

}  // namespace gtap::detail
