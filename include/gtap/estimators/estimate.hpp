#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/math/student.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <limits>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gtap {

/// Why an estimation ended.
enum class Stopped {
  finished,        ///< the design has nothing left to ask: the values are exact
  budget,          ///< the evaluations were used up
  standard_error,  ///< every standard error is at most what was asked
  half_width,      ///< every interval is at most as wide as asked
  stable_ranking,  ///< the best players were the same ones for as many rounds as asked
  decided,         ///< the cut between the best players and the rest is decided
  rule,            ///< the user's own rule said so
  time,            ///< the seconds were used up; not reproducible
  request          ///< the stop token was triggered: a partial result
};

inline std::string_view to_string(Stopped why) {
  constexpr std::string_view names[] = {"finished",   "budget",         "standard error",
                                        "half width", "stable ranking", "decided",
                                        "rule",       "time",           "request"};
  return names[static_cast<std::size_t>(why)];
}

namespace detail {

/// Look number 1, 2, ... may err with one part in so many of what is accepted, r (r + 1): over all
/// looks, however many, the parts add up to at most 1.
inline double parts_of_look(std::uint64_t look) {
  const auto r = static_cast<double>(look);
  return r * (r + 1.0);
}

}  // namespace detail

/// What is known of the players' values, how well, and at what price.
///
/// A player of whom nothing is known (a run stopped before its first sample, a budget too
/// small for the design to see the player both in and out) has value 0 and an infinite standard
/// error.
struct Estimate {
  std::vector<double> values;           ///< one a player
  std::vector<double> standard_errors;  ///< of the values, by sampling of coalitions; 0 when exact
  /// Independent samples less one, behind the standard errors: intervals use Student's t.
  double degrees_of_freedom = std::numeric_limits<double>::infinity();

  std::vector<Player> covariance_players;  ///< as chosen in the options
  std::vector<double> covariance;          ///< of their values; k x k, row by row

  /// Standard errors of the values by the data that a value is a mean over, such as a network
  /// game's images: how far other data would move them. Empty when not asked for
  /// (estimate_averaged).
  std::vector<double> data_errors;

  std::size_t evaluations = 0;  ///< coalitions asked for: what the budget counts
  std::size_t cached = 0;       ///< of these, answered by a cache without the model
  std::size_t saved = 0;        ///< not asked for, as nothing hung on them any more (top_k)
  std::uint64_t samples = 0;    ///< independent ones: walks, pairs, coalitions
  /// Times that rules looked at the values to end the run; 0 without rules. Intervals that have to
  /// hold at whichever look ended it share their error over the looks (interval_over_looks).
  std::size_t looks = 0;
  double seconds = 0.0;  ///< wall-clock time, over all resumed parts
  Stopped stopped = Stopped::budget;
  std::string law;
  std::string design;

  std::size_t players() const { return values.size(); }

  /// The evaluations that the model made.
  std::size_t evaluated() const { return evaluations - cached; }

  struct Interval {
    double low;
    double high;
  };

  /// The interval that holds the player's value with the given confidence, from 0 to 1: by
  /// Student's t on the independent samples. For a run that rules ended by looking at the values,
  /// see interval_over_looks.
  Interval interval(Player player, double confidence = 0.95) const {
    if (player >= values.size()) {
      detail::fail("Estimate::interval", detail::text("a player below ", values.size()),
                   detail::text("player ", player));
    }
    if (!(confidence > 0.0 && confidence < 1.0)) {
      detail::fail("Estimate::interval", "a confidence between 0 and 1", detail::text(confidence));
    }
    const double error = standard_errors[player];
    if (error == 0.0) return {values[player], values[player]};
    const double half =
        error * math::student_quantile(0.5 + 0.5 * confidence, std::max(1.0, degrees_of_freedom));
    return {values[player] - half, values[player] + half};
  }

  /// The interval when the error of all looks so far, and of those to come, shall add up to
  /// 1 - confidence: look r may err with one part in r (r + 1) of it. What `stop_when` decides
  /// by.
  Interval interval_over_looks(Player player, double confidence = 0.95) const {
    if (looks == 0) return interval(player, confidence);
    return interval(player, 1.0 - (1.0 - confidence) / detail::parts_of_look(looks));
  }

  /// Writes a heading and one line a player: value, standard error, and that by the data if known.
  friend std::ostream& operator<<(std::ostream& out, const Estimate& estimate) {
    const auto precision = out.precision(6);
    out << estimate.law << " by " << estimate.design << ": " << estimate.players() << " players, "
        << estimate.evaluations << " evaluations (" << estimate.cached << " cached, "
        << estimate.saved << " saved), " << estimate.samples << " samples, " << std::setprecision(3)
        << estimate.seconds << " s, stopped by " << to_string(estimate.stopped) << '\n'
        << std::setprecision(6);
    for (std::size_t p = 0; p < estimate.players(); ++p) {
      out << std::setw(6) << p << "  " << std::setw(13) << estimate.values[p] << "  +- "
          << estimate.standard_errors[p];
      if (!estimate.data_errors.empty()) out << "  +- " << estimate.data_errors[p] << " by data";
      out << '\n';
    }
    out.precision(precision);
    return out;
  }
};

}  // namespace gtap
