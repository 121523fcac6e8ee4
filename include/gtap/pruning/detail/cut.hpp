#pragma once

#include <gtap/math/student.hpp>
#include <gtap/pruning/detail/credit_table.hpp>
#include <gtap/pruning/detail/quota_counts.hpp>
#include <gtap/pruning/procedures.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <vector>

namespace gtap::detail {

/// The best players as they look now, and how likely they are not the best.
struct Cut {
  Coalition kept;
  double wrong = 1.0;          // sum over the swaps that could be right
  std::vector<Player> border;  // players that need more samples
};

/// Which swaps of a kept player for another one constraints allow.
class Swaps {
 public:
  Swaps(const Constraints& constraints, const Coalition& kept)
      : quota_(kept.players(), none), stays_(kept.players()), barred_(kept.players()) {
    const QuotaCounts counts(constraints, kept);
    for (std::size_t g = 0; g < constraints.quotas.size(); ++g) {
      for (const Player p : constraints.quotas[g].players)
        quota_[p] = g;
    }
    for (Player p = 0; p < kept.players(); ++p) {
      if (counts.must_keep().contains(p)) continue;
      (kept.contains(p) ? leave_ : come_).push_back(p);
      if (kept.contains(p) ? !counts.holds_in(p).empty() : !counts.holds_out(p).empty())
        (kept.contains(p) ? stays_ : barred_).insert(p);
    }
  }

  /// Calls visit(p, q) for each p that may leave while q comes. A quota at its limit swaps with
  /// itself only.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Player p : leave_) {
      for (const Player q : come_) {
        const bool same = quota_[p] != none && quota_[p] == quota_[q];
        if (same || (!stays_.contains(p) && !barred_.contains(q))) visit(p, q);
      }
    }
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> quota_;
  Coalition stays_;
  Coalition barred_;
  std::vector<Player> leave_;
  std::vector<Player> come_;
};

/// The best `units` players by their scores that the constraints allow.
inline Coalition best_players(const std::vector<double>& scores, std::size_t units,
                              const Constraints& constraints) {
  return top_n(scores, {.keep = Budget::units(units), .constraints = constraints}).back().kept;
}

/// Where Student's t has no more than this above it.
inline double beyond(double probability, double degrees) {
  double low = 0.0;
  double high = 1.0;
  while (math::student_tail(high, degrees) > probability && high < 1e100)
    high *= 2.0;
  for (int step = 0; step < 40; ++step) {
    const double middle = 0.5 * (low + high);
    (math::student_tail(middle, degrees) > probability ? low : high) = middle;
  }
  return high;
}

/// Judges the cut. A coalition within constraints is the best one unless a single swap improves it
/// (it is a basis of a matroid), so the cut is wrong with at most the summed probabilities that a
/// swap's difference, by Student's t on the samples that tell of it, goes the other way. A player
/// needs more samples when one of its swaps alone is likelier to be right than `share` over twice
/// the number of swaps.
inline Cut judge_cut(const CreditTable& table, std::size_t units, const Constraints& constraints,
                     double tolerance, double share) {
  const std::vector<double>& means = table.means();
  Cut cut{best_players(means, units, constraints), 0.0, {}};
  const Swaps swaps(constraints, cut.kept);
  std::size_t count = 0;
  swaps.for_each([&](Player, Player) { ++count; });
  const double decided = 0.5 * share / static_cast<double>(std::max<std::size_t>(count, 1));
  std::vector<double> errors(means.size());
  std::vector<double> beyond_doubt(means.size());
  std::map<double, double> by_degrees;
  for (std::size_t p = 0; p < means.size(); ++p) {
    errors[p] = std::sqrt(table.variance(p));
    const double degrees = std::max(1.0, table.count(p) - 1.0);
    const auto [known, fresh] = by_degrees.try_emplace(degrees, 0.0);
    if (fresh) known->second = beyond(1e-3 * decided, degrees);
    beyond_doubt[p] = known->second;
  }

  Coalition border(means.size());
  swaps.for_each([&](Player p, Player q) {
    const double lead = means[p] - means[q] + tolerance;
    // Most swaps are, whatever the covariance.
    if (lead > std::max(beyond_doubt[p], beyond_doubt[q]) * (errors[p] + errors[q])) return;
    const double degrees = std::max(1.0, std::min(table.count(p), table.count(q)) - 1.0);
    const double error = std::sqrt(table.variance_of_difference(p, q));
    const double wrong = error > 0.0  ? math::student_tail(lead / error, degrees)
                         : lead > 0.0 ? 0.0
                                      : 0.5;
    cut.wrong += wrong;
    if (wrong <= decided) return;
    border.insert(p);
    border.insert(q);
  });
  cut.wrong = std::min(1.0, cut.wrong);
  cut.border = border.members();
  return cut;
}

}  // namespace gtap::detail
