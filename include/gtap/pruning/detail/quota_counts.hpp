#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>
#include <gtap/pruning/constraints.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace gtap::detail {

/// Constraints of a game next to the number of players that each quota has in a coalition.
class QuotaCounts {
 public:
  /// Throws gtap::Error for constraints that contradict the game or each other.
  QuotaCounts(const Constraints& constraints, const Coalition& coalition)
      : quotas_(&constraints.quotas),
        quota_of_(coalition.players(), none),
        must_keep_(coalition.players()),
        count_(constraints.quotas.size(), 0) {
    for (std::size_t g = 0; g < quotas_->size(); ++g)
      add_quota(g);
    std::vector<std::size_t> must(quotas_->size(), 0);
    for (const Player p : constraints.must_keep) {
      require_player(p, "must_keep");
      if (must_keep_.contains(p)) continue;
      must_keep_.insert(p);
      if (quota_of_[p] == none) continue;
      const Quota& quota = (*quotas_)[quota_of_[p]];
      if (++must[quota_of_[p]] > quota.max) {
        fail("Constraints",
             text("at most ", quota.max, " players of quota \"", quota.name, "\" that must stay"),
             text(must[quota_of_[p]]));
      }
    }
    recount(coalition);
  }

  const Coalition& must_keep() const { return must_keep_; }

  void recount(const Coalition& coalition) {
    count_.assign(count_.size(), 0);
    coalition.for_each([&](Player p) {
      if (quota_of_[p] != none) ++count_[quota_of_[p]];
    });
    above_ = below_ = 0;
    for (std::size_t g = 0; g < count_.size(); ++g) {
      above_ += outside(g, true) ? 1 : 0;
      below_ += outside(g, false) ? 1 : 0;
    }
  }
  void came(Player p) { change(p, true); }
  void left(Player p) { change(p, false); }

  /// Whether the quota of a player is outside its limits, so that it must lose (pruning: it is
  /// above its maximum) or win (building: it is below its minimum) some player.
  bool forced(Player p, bool pruning) const {
    return quota_of_[p] != none && outside(quota_of_[p], pruning);
  }
  bool any_forced(bool pruning) const { return (pruning ? above_ : below_) != 0; }

  /// The constraint that keeps the player in, in words; empty when it may leave.
  std::string holds_in(Player p) const {
    if (must_keep_.contains(p)) return "it must stay";
    if (quota_of_[p] == none || count(p) > quota(p).min) return {};
    return text("minimum ", quota(p).min, " of quota \"", quota(p).name, '"');
  }
  /// The constraint that keeps the player out, in words; empty when it may come.
  std::string holds_out(Player p) const {
    if (quota_of_[p] == none || count(p) < quota(p).max) return {};
    return text("maximum ", quota(p).max, " of quota \"", quota(p).name, '"');
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  void add_quota(std::size_t g) {
    const Quota& quota = (*quotas_)[g];
    const std::string name = text("quota \"", quota.name, '"');
    for (const Player p : quota.players) {
      require_player(p, name);
      if (quota_of_[p] != none) {
        fail("Constraints", "quotas that share no player",
             text("player ", p, " in quota \"", (*quotas_)[quota_of_[p]].name, "\" and ", name));
      }
      quota_of_[p] = g;
    }
    if (quota.min > quota.players.size()) {
      fail("Constraints",
           text("a minimum of at most ", quota.players.size(), ", the size of ", name),
           text(quota.min));
    }
    if (quota.min > quota.max) {
      fail("Constraints", text("a maximum of at least ", quota.min, ", the minimum of ", name),
           text(quota.max));
    }
  }

  void require_player(Player p, const std::string& place) const {
    if (p >= quota_of_.size()) {
      fail("Constraints", text("players below ", quota_of_.size(), " in ", place),
           text("player ", p));
    }
  }

  void change(Player p, bool comes) {
    const std::size_t g = quota_of_[p];
    if (g == none) return;
    above_ -= outside(g, true) ? 1 : 0;
    below_ -= outside(g, false) ? 1 : 0;
    comes ? ++count_[g] : --count_[g];
    above_ += outside(g, true) ? 1 : 0;
    below_ += outside(g, false) ? 1 : 0;
  }

  bool outside(std::size_t g, bool pruning) const {
    return pruning ? count_[g] > (*quotas_)[g].max : count_[g] < (*quotas_)[g].min;
  }
  const Quota& quota(Player p) const { return (*quotas_)[quota_of_[p]]; }
  std::size_t count(Player p) const { return count_[quota_of_[p]]; }

  const std::vector<Quota>* quotas_;
  std::vector<std::size_t> quota_of_;
  Coalition must_keep_;
  std::vector<std::size_t> count_;
  std::size_t above_ = 0;  // quotas over their maximum
  std::size_t below_ = 0;  // quotas under their minimum
};

}  // namespace gtap::detail
