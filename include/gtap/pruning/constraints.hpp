#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// Players of which at least `min` and at most `max` may be kept, such as the units of a layer.
/// One always stays by default, because an emptied layer cuts a network in two.
struct Group {
  std::string name;
  std::vector<Player> players;
  std::size_t min = 1;
  std::size_t max = std::numeric_limits<std::size_t>::max();
};

/// What every procedure respects, before any budget. Groups share no player.
struct Constraints {
  std::vector<Group> groups{};
  std::vector<Player> must_keep{};
};

namespace detail {

/// Constraints of a game next to the number of players that each group has in a coalition.
class GroupCounts {
 public:
  /// Throws gtap::Error for constraints that contradict the game or each other.
  GroupCounts(const Constraints& constraints, const Coalition& coalition)
      : groups_(&constraints.groups),
        group_of_(coalition.players(), none),
        must_keep_(coalition.players()),
        count_(constraints.groups.size(), 0) {
    for (std::size_t g = 0; g < groups_->size(); ++g)
      add_group(g);
    std::vector<std::size_t> must(groups_->size(), 0);
    for (const Player p : constraints.must_keep) {
      require_player(p, "must_keep");
      if (must_keep_.contains(p)) continue;
      must_keep_.insert(p);
      if (group_of_[p] == none) continue;
      const Group& group = (*groups_)[group_of_[p]];
      if (++must[group_of_[p]] > group.max) {
        fail("Constraints",
             text("at most ", group.max, " players of group \"", group.name, "\" that must stay"),
             text(must[group_of_[p]]));
      }
    }
    recount(coalition);
  }

  const Coalition& must_keep() const { return must_keep_; }

  void recount(const Coalition& coalition) {
    count_.assign(count_.size(), 0);
    coalition.for_each([&](Player p) {
      if (group_of_[p] != none) ++count_[group_of_[p]];
    });
    above_ = below_ = 0;
    for (std::size_t g = 0; g < count_.size(); ++g) {
      above_ += forced_group(g, true) ? 1 : 0;
      below_ += forced_group(g, false) ? 1 : 0;
    }
  }
  void came(Player p) { change(p, true); }
  void left(Player p) { change(p, false); }

  /// Whether the group of a player is outside its limits, so that it must lose (pruning: it is
  /// above its maximum) or win (building: it is below its minimum) some player.
  bool forced(Player p, bool pruning) const {
    return group_of_[p] != none && forced_group(group_of_[p], pruning);
  }
  bool any_forced(bool pruning) const { return (pruning ? above_ : below_) != 0; }

  /// The constraint that keeps the player in, in words; empty when it may leave.
  std::string holds_in(Player p) const {
    if (must_keep_.contains(p)) return "it must stay";
    if (group_of_[p] == none || count(p) > group(p).min) return {};
    return text("minimum ", group(p).min, " of group \"", group(p).name, '"');
  }
  /// The constraint that keeps the player out, in words; empty when it may come.
  std::string holds_out(Player p) const {
    if (group_of_[p] == none || count(p) < group(p).max) return {};
    return text("maximum ", group(p).max, " of group \"", group(p).name, '"');
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  void add_group(std::size_t g) {
    const Group& group = (*groups_)[g];
    const std::string name = text("group \"", group.name, '"');
    for (const Player p : group.players) {
      require_player(p, name);
      if (group_of_[p] != none) {
        fail("Constraints", "groups that share no player",
             text("player ", p, " in group \"", (*groups_)[group_of_[p]].name, "\" and ", name));
      }
      group_of_[p] = g;
    }
    if (group.min > group.players.size()) {
      fail("Constraints",
           text("a minimum of at most ", group.players.size(), ", the size of ", name),
           text(group.min));
    }
    if (group.min > group.max) {
      fail("Constraints", text("a maximum of at least ", group.min, ", the minimum of ", name),
           text(group.max));
    }
  }

  void require_player(Player p, const std::string& place) const {
    if (p >= group_of_.size()) {
      fail("Constraints", text("players below ", group_of_.size(), " in ", place),
           text("player ", p));
    }
  }

  void change(Player p, bool comes) {
    const std::size_t g = group_of_[p];
    if (g == none) return;
    above_ -= forced_group(g, true) ? 1 : 0;
    below_ -= forced_group(g, false) ? 1 : 0;
    comes ? ++count_[g] : --count_[g];
    above_ += forced_group(g, true) ? 1 : 0;
    below_ += forced_group(g, false) ? 1 : 0;
  }

  bool forced_group(std::size_t g, bool pruning) const {
    return pruning ? count_[g] > (*groups_)[g].max : count_[g] < (*groups_)[g].min;
  }
  const Group& group(Player p) const { return (*groups_)[group_of_[p]]; }
  std::size_t count(Player p) const { return count_[group_of_[p]]; }

  const std::vector<Group>* groups_;
  std::vector<std::size_t> group_of_;
  Coalition must_keep_;
  std::vector<std::size_t> count_;
  std::size_t above_ = 0;  // groups over their maximum
  std::size_t below_ = 0;  // groups under their minimum
};

}  // namespace detail
}  // namespace gtap
