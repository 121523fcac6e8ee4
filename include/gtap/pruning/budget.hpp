#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>

#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// What a coalition costs, or what it is worth; called by one thread.
using CoalitionMeasure = std::function<double(const Coalition&)>;

/// What may remain, or what may be lost. Several are joined by `&&`:
///
///     Budget::fraction(0.2) && Budget::drop("accuracy", accuracy, 0.01)
///
/// Units, fraction and cost limit what remains: pruning goes on until all of them are met. A drop
/// limits what is lost: pruning stops before the first unit that would break it. Building is the
/// mirror image: it stops before it breaks a limit on what remains, and when all drops are met.
/// An empty budget prunes as far as the constraints allow (one unit at least stays), or builds up
/// to all players that they allow.
class Budget {
 public:
  enum class Kind { units, fraction, cost, drop };

  struct Limit {
    Kind kind;
    std::string name;
    double most;
    CoalitionMeasure measure;  ///< of a cost or a drop
  };

  Budget() = default;

  /// At most this many units remain.
  static Budget units(std::size_t most) {
    if (most == 0) detail::fail("Budget::units", "at least 1 unit", "0");
    return Budget({Kind::units, "units", static_cast<double>(most), {}});
  }

  /// At most this part of the units remains, in (0, 1].
  static Budget fraction(double most) {
    if (!(most > 0.0 && most <= 1.0)) {
      detail::fail("Budget::fraction", "a fraction in (0, 1]", detail::text(most));
    }
    return Budget({Kind::fraction, "fraction", most, {}});
  }

  /// measure(kept) is at most `most`. The measure must not grow when a unit leaves, or a procedure
  /// throws; it is called once for each unit that leaves or comes.
  static Budget cost(std::string name, CoalitionMeasure measure, double most) {
    check("Budget::cost", name, measure, most);
    return Budget({Kind::cost, std::move(name), most, std::move(measure)});
  }

  /// value(all players) - value(kept) is at most `most`. The value is called once for each unit
  /// that leaves or comes.
  static Budget drop(std::string name, CoalitionMeasure value, double most) {
    check("Budget::drop", name, value, most);
    if (most < 0.0) detail::fail("Budget::drop", "a drop of 0 or more", detail::text(most));
    return Budget({Kind::drop, std::move(name), most, std::move(value)});
  }

  const std::vector<Limit>& limits() const { return limits_; }

  friend Budget operator&&(Budget a, const Budget& b) {
    a.limits_.insert(a.limits_.end(), b.limits_.begin(), b.limits_.end());
    return a;
  }

 private:
  explicit Budget(Limit limit) { limits_.push_back(std::move(limit)); }

  static void check(const char* where, const std::string& name, const CoalitionMeasure& measure,
                    double most) {
    if (!measure) detail::fail(where, "a callable", "an empty one");
    if (name.empty()) detail::fail(where, "a name", "an empty one");
    if (!std::isfinite(most)) detail::fail(where, "a finite limit", detail::text(most));
  }

  std::vector<Limit> limits_;
};

/// The largest number of units that is not above this part of the players.
/// Throws gtap::Error for a fraction outside (0, 1], and for one that leaves no unit.
inline std::size_t units_of_fraction(double fraction, std::size_t players) {
  if (!(fraction > 0.0 && fraction <= 1.0)) {
    detail::fail("units_of_fraction", "a fraction in (0, 1]", detail::text(fraction));
  }
  const auto all = static_cast<double>(players);
  // 0.29 x 100 is just below 29 in doubles: what rounding took away is given back.
  const auto units = static_cast<std::size_t>(fraction * all + 1e-9 * all);
  if (units == 0) {
    detail::fail("units_of_fraction", "a fraction that leaves at least 1 unit",
                 detail::text(fraction, " of ", players, " players"));
  }
  return units < players ? units : players;
}

}  // namespace gtap
