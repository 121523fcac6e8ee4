#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/detail/labels.hpp>
#include <gtap/core/error.hpp>
#include <gtap/pruning/budget.hpp>
#include <gtap/pruning/path.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::detail {

/// A budget measured on the coalitions of one procedure.
class BudgetMeter {
 public:
  BudgetMeter(std::string_view where, const Budget& budget, std::size_t players,
              std::span<const std::string> labels)
      : where_(where),
        labels_(labels),
        limits_(&budget.limits()),
        full_value_(limits_->size(), 0.0),
        last_(limits_->size()) {
    for (std::size_t k = 0; k < limits_->size(); ++k) {
      const Budget::Limit& limit = (*limits_)[k];
      if (limit.kind == Budget::Kind::units) {
        most_units_ = std::min(most_units_, static_cast<std::size_t>(limit.most));
      } else if (limit.kind == Budget::Kind::fraction) {
        most_units_ = std::min(most_units_, units_of_fraction(limit.most, players));
      } else if (limit.kind == Budget::Kind::drop) {
        full_value_[k] = measure(limit, Coalition::grand(players));
      }
    }
  }

  /// Whether there is any limit on what remains, and any on what is lost.
  bool limits_remaining() const { return any(false); }
  bool limits_loss() const { return any(true); }

  /// Whether all limits on what remains hold; no such limits: true. `kept` has `size` players, and
  /// `moved` has just left or come. Throws when a cost has gone the other way since it was last
  /// measured.
  bool remaining_met(const Coalition& kept, std::size_t size, Player moved) {
    if (size > most_units_) return false;
    for (std::size_t k = 0; k < limits_->size(); ++k) {
      const Budget::Limit& limit = (*limits_)[k];
      if (limit.kind != Budget::Kind::cost) continue;
      const Measured now{measure(limit, kept), size};
      if (last_[k]) require_monotone(limit, *last_[k], now, moved);
      last_[k] = now;
      if (!met(k, now.cost, kept)) return false;
    }
    return true;
  }
  /// Whether all limits on what is lost hold; no such limits: true.
  bool loss_met(const Coalition& kept) const {
    for (std::size_t k = 0; k < limits_->size(); ++k) {
      if (is_loss((*limits_)[k]) && !met(k, reached(k, kept), kept)) return false;
    }
    return true;
  }

  /// The limits on units and fraction as one number of units; the largest number without them.
  std::size_t most_units() const { return most_units_; }

  std::vector<BudgetReport::Line> lines(const Coalition& kept) const {
    std::vector<BudgetReport::Line> lines;
    for (std::size_t k = 0; k < limits_->size(); ++k) {
      const Budget::Limit& limit = (*limits_)[k];
      const double came = reached(k, kept);
      lines.push_back({limit.name, limit.most, came, met(k, came, kept)});
    }
    return lines;
  }

 private:
  static bool is_loss(const Budget::Limit& limit) { return limit.kind == Budget::Kind::drop; }

  bool any(bool loss) const {
    return std::any_of(limits_->begin(), limits_->end(),
                       [loss](const Budget::Limit& limit) { return is_loss(limit) == loss; });
  }

  struct Measured {
    double cost;
    std::size_t units;
  };

  void require_monotone(const Budget::Limit& limit, const Measured& before, const Measured& now,
                        Player moved) const {
    const bool left = now.units < before.units;
    const double growth = left ? now.cost - before.cost : before.cost - now.cost;
    // A measure may round.
    if (growth <= 1e-12 * std::max(std::abs(before.cost), std::abs(now.cost))) return;
    fail(where_, text("a cost \"", limit.name, "\" that does not grow when a unit leaves"),
         text(left ? now.cost : before.cost, " without ", player_name(labels_, moved), " and ",
              left ? before.cost : now.cost, " with it"));
  }

  double reached(std::size_t k, const Coalition& kept) const {
    const Budget::Limit& limit = (*limits_)[k];
    switch (limit.kind) {
      case Budget::Kind::units:
        return static_cast<double>(kept.size());
      case Budget::Kind::fraction:
        return static_cast<double>(kept.size()) / static_cast<double>(kept.players());
      case Budget::Kind::cost:
        return measure(limit, kept);
      default:
        return full_value_[k] - measure(limit, kept);
    }
  }

  bool met(std::size_t k, double came, const Coalition& kept) const {
    const Budget::Limit& limit = (*limits_)[k];
    if (limit.kind == Budget::Kind::fraction) {
      return kept.size() <= units_of_fraction(limit.most, kept.players());
    }
    // A drop is a difference of two values: what that rounds off shall not decide.
    const double slack = is_loss(limit) ? 1e-12 * std::max(1.0, std::abs(full_value_[k])) : 0.0;
    return came <= limit.most + slack;
  }

  double measure(const Budget::Limit& limit, const Coalition& kept) const {
    const double value = limit.measure(kept);
    if (!std::isfinite(value)) {
      fail(where_, text("a finite ", limit.name), text(value, " for coalition ", kept));
    }
    return value;
  }

  std::string where_;
  std::span<const std::string> labels_;
  const std::vector<Budget::Limit>* limits_;
  std::vector<double> full_value_;
  std::vector<std::optional<Measured>> last_;  // of costs
  std::size_t most_units_ = static_cast<std::size_t>(-1);
};

}  // namespace gtap::detail
