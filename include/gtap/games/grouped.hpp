#pragma once

#include <gtap/core/value_function.hpp>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace gtap {
namespace detail {

/// All members of the groups in the coalition, out of `players`.
inline Coalition expanded(const std::vector<std::vector<Player>>& groups, std::size_t players,
                          const Coalition& coalition) {
  require_players("grouped game", groups.size(), coalition.players());
  Coalition members(players);
  coalition.for_each([&](Player g) {
    for (const Player p : groups[g])
      members.insert(p);
  });
  return members;
}

/// Evaluates a grouped game by the inner game's evaluator. A chain of groups is a chain of their
/// members, of which only the values between groups are kept.
template <Evaluator Inner>
class GroupedEvaluator {
 public:
  GroupedEvaluator(const std::vector<std::vector<Player>>& groups, Inner inner)
      : groups_(&groups), inner_(std::move(inner)) {}

  std::size_t players() const { return groups_->size(); }

  double operator()(const Coalition& coalition) {
    expand(coalition, members_);
    return static_cast<double>(inner_(std::as_const(members_)));
  }

  void batch(std::span<const Coalition> coalitions,
             std::span<double> out) requires BatchEvaluator<Inner> {
    expanded_.resize(coalitions.size());
    for (std::size_t k = 0; k < coalitions.size(); ++k)
      expand(coalitions[k], expanded_[k]);
    inner_.batch(std::span<const Coalition>(expanded_), out);
  }

  void chain(const Coalition& start, std::span<const Player> toggles,
             std::span<double> out) requires ChainEvaluator<Inner> {
    expand(start, members_);
    require_players_below("grouped game", groups_->size(), toggles);
    steps_.clear();
    for (const Player g : toggles)
      steps_.insert(steps_.end(), (*groups_)[g].begin(), (*groups_)[g].end());
    values_.resize(steps_.size() + 1);
    inner_.chain(std::as_const(members_), std::span<const Player>(steps_),
                 std::span<double>(values_));
    out[0] = values_[0];
    std::size_t at = 0;
    for (std::size_t k = 0; k < toggles.size(); ++k) {
      at += (*groups_)[toggles[k]].size();
      out[k + 1] = values_[at];
    }
  }

  /// A group of one is a player of the inner star; a larger one is a coalition of its own.
  void star(const Coalition& centre, std::span<const Player> players,
            std::span<double> out) requires StarEvaluator<Inner> {
    expand(centre, members_);
    require_players_below("grouped game", groups_->size(), players);
    steps_.clear();
    expanded_.clear();
    for (const Player g : players) {
      const std::vector<Player>& group = (*groups_)[g];
      if (group.size() == 1) {
        steps_.push_back(group[0]);
        continue;
      }
      expanded_.push_back(members_);
      for (const Player p : group)
        expanded_.back().toggle(p);
    }
    values_.resize(steps_.size() + 1 + expanded_.size());
    const std::span<double> values(values_);
    const auto single = values.first(steps_.size() + 1);
    const auto several = values.subspan(single.size());
    inner_.star(std::as_const(members_), std::span<const Player>(steps_), single);
    evaluate_batch(inner_, std::span<const Coalition>(expanded_), several);
    out[0] = single[0];
    std::size_t s = 1;
    std::size_t b = 0;
    for (std::size_t k = 0; k < players.size(); ++k)
      out[k + 1] = (*groups_)[players[k]].size() == 1 ? single[s++] : several[b++];
  }

 private:
  void expand(const Coalition& coalition, Coalition& members) const {
    members = expanded(*groups_, inner_.players(), coalition);
  }

  const std::vector<std::vector<Player>>* groups_;
  Inner inner_;
  Coalition members_;
  std::vector<Coalition> expanded_;
  std::vector<Player> steps_;
  std::vector<double> values_;
};

}  // namespace detail

/// The game whose player g is all the members of groups[g] together: tied channels, blocks, whole
/// layers. Every player of the inner game is in exactly one group, and no group is empty, else
/// gtap::Error. The inner game must outlive it.
template <ValueFunction Game>
class Grouped {
 public:
  Grouped(const Game& inner, std::vector<std::vector<Player>> groups)
      : inner_(&inner), groups_(std::move(groups)) {
    Coalition seen(inner.players());
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (groups_[g].empty())
        detail::fail("grouped", "groups with members", detail::text("group ", g, " empty"));
      for (const Player p : groups_[g]) {
        if (seen.contains(p)) {
          detail::fail("grouped", "every player in one group",
                       detail::text("player ", p, " twice"));
        }
        seen.insert(p);
      }
    }
    if (seen.size() != seen.players()) {
      detail::fail("grouped", "every player in one group",
                   detail::text("no group for ", seen.complement()));
    }
  }

  std::size_t players() const { return groups_.size(); }

  /// The inner game's players that player g stands for.
  std::span<const Player> members(Player g) const {
    detail::require_player("Grouped::members", groups_.size(), g);
    return groups_[g];
  }

  /// The inner game's coalition of all members of the groups that are in.
  Coalition expand(const Coalition& coalition) const {
    return detail::expanded(groups_, static_cast<std::size_t>(inner_->players()), coalition);
  }

  double operator()(const Coalition& coalition) const {
    return detail::GroupedEvaluator<detail::EvaluatorReference<Game>>(
        groups_, detail::EvaluatorReference<Game>(*inner_))(coalition);
  }

  auto evaluator() const requires ConcurrentGame<Game> {
    return detail::GroupedEvaluator<evaluator_t<Game>>(groups_, gtap::evaluator(*inner_));
  }

  Abilities abilities() const { return gtap::abilities(*inner_); }

  /// Those of the inner game, which others may share.
  std::size_t cache_hits() const requires CachingGame<Game> { return inner_->cache_hits(); }

 private:
  const Game* inner_;
  std::vector<std::vector<Player>> groups_;
};

template <ValueFunction Game>
Grouped<Game> grouped(const Game& inner, std::vector<std::vector<Player>> groups) {
  return {inner, std::move(groups)};
}

}  // namespace gtap
