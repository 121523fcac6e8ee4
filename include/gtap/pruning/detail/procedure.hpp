#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/detail/labels.hpp>
#include <gtap/core/error.hpp>
#include <gtap/execution/progress.hpp>
#include <gtap/pruning/detail/budget_meter.hpp>
#include <gtap/pruning/detail/quota_counts.hpp>
#include <gtap/pruning/path.hpp>
#include <gtap/pruning/prune_options.hpp>
#include <gtap/pruning/ranking.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap::detail {

enum class Direction { pruning, building };

/// One run of a procedure. Pruning and building are mirror images: players cross over one at a
/// time, and a limit that is a goal for one is a barrier for the other. A template, though of one
/// kind of options: so it is compiled where something is pruned.
template <std::same_as<PruneOptions> Options>
class Procedure {
 public:
  Procedure(std::string where, std::size_t players, const Options& options, Direction direction)
      : where_(std::move(where)),
        options_(&options),
        pruning_(direction == Direction::pruning),
        kept_(everyone(players)),
        size_(players),
        counts_(options.constraints, kept_),
        labels_(options.labels.empty() ? &options.from.labels : &options.labels),
        budget_(where_, options.keep, players, *labels_),
        path_(start()),
        before_(path_.moves().size()),
        meter_(options.progress, before_ + most_moves(), before_) {}

  template <class Scorer>
  PruningPath run(Scorer& scorer) && {
    bool more = !finished();
    while (more && !stopped()) {
      std::vector<double> scores = scorer(std::as_const(kept_));
      if constexpr (requires { scorer.evaluations(); }) {
        path_.evaluations = options_->from.evaluations + scorer.evaluations();
      }
      // A scorer that was stopped half-way returns scores that nobody should prune by.
      if (stopped()) break;
      moved_.clear();
      more = round(moving_order(scores));
      if (!moved_.empty()) add_round(scorer, std::move(scores));
      meter_.report(path_.moves().size());
    }
    path_.report.lines = budget_.lines(kept_);
    path_.seconds = seconds();
    return std::move(path_);
  }

 private:
  Coalition everyone(std::size_t players) const {
    if (players == 0) fail(where_, "a game with at least 1 player", "0");
    return Coalition::grand(players);
  }

  /// The path so far, and where it stands.
  PruningPath start() {
    PruningPath path = options_->from;
    if (path.steps().empty()) {
      path = PruningPath(pruning_ ? kept_ : counts_.must_keep());
    } else {
      check_resumed(path);
      path.report = {};
    }
    require_labels(where_, kept_.players(), *labels_);
    path.labels = *labels_;
    kept_ = path.back().kept;
    size_ = kept_.size();
    counts_.recount(kept_);
    return path;
  }

  void check_resumed(const PruningPath& path) const {
    const Coalition& first = path.front().kept;
    const Coalition& last = path.back().kept;
    if (first.players() != kept_.players()) {
      fail(where_, text("a path of ", kept_.players(), " players to go on from"),
           text("one of ", first.players()));
    }
    if (pruning_ ? first != kept_ : first.size() > last.size()) {
      fail(where_,
           text("a path that ", pruning_ ? "starts from all players" : "grows", " to go on from"),
           text("one from ", first.size(), " to ", last.size(), " players"));
    }
    const auto missing = (counts_.must_keep() - last).members();
    if (!missing.empty()) {
      fail(where_, "a path to go on from that has all players that must stay",
           text("one without player ", missing.front()));
    }
  }

  template <class Scorer>
  void add_round(Scorer& scorer, std::vector<double> scores) {
    std::vector<double> errors;
    if constexpr (requires { scorer.standard_errors(); }) {
      const auto& known = scorer.standard_errors();
      if (options_->keep_scores) errors.assign(known.begin(), known.end());
    }
    if (!options_->keep_scores) scores.clear();
    path_.add_round(moved_, path_.evaluations, seconds(), std::move(scores), std::move(errors));
  }

  std::string name(Player p) const { return player_name(*labels_, p); }

  double seconds() const { return options_->from.seconds + meter_.seconds(); }

  /// How many players may still cross.
  std::size_t most_moves() const {
    const std::size_t all = kept_.players();
    const std::size_t most = std::min(budget_.most_units(), all);
    if (!pruning_) return most - std::min(most, size_);
    return size_ - std::min(size_, most < all ? most : 1);
  }

  bool ends(std::string why) {
    path_.report.ended = std::move(why);
    return true;
  }

  bool stopped() { return options_->stop.stop_requested() && ends("stop was requested"); }

  bool finished() {
    // What the constraints force comes before any budget.
    const bool forced = counts_.any_forced(pruning_);
    if (pruning_) {
      if (size_ <= 1) return ends("one unit is left");
      return !forced && budget_.limits_remaining() && budget_.remaining_met(kept_, size_, last_) &&
             ends("the budget was met");
    }
    if (size_ == kept_.players()) return ends("all units are in");
    if (forced) return false;
    if (size_ >= budget_.most_units()) return ends("the budget was used up");
    return budget_.limits_loss() && budget_.loss_met(kept_) && ends("the budget was met");
  }

  /// The players that may cross, in the order of their scores.
  std::vector<Player> moving_order(std::span<const double> scores) const {
    const auto candidates = (pruning_ ? kept_ : kept_.complement()).members();
    if (scores.size() != candidates.size()) {
      fail(where_,
           text(candidates.size(), " scores, one for each player ",
                pruning_ ? "that is kept" : "that is not in"),
           text(scores.size()));
    }
    for (std::size_t k = 0; k < scores.size(); ++k) {
      if (std::isnan(scores[k])) {
        fail(where_, "a number as every score", text("NaN for ", name(candidates[k])));
      }
    }
    std::vector<Player> order = ranking(scores);
    for (Player& p : order)
      p = candidates[p];
    if (pruning_) std::reverse(order.begin(), order.end());
    return order;
  }

  /// Moves players until the round is over. False: the procedure is, too.
  bool round(const std::vector<Player>& order) {
    path_.report.held_back.clear();
    const std::size_t target = options_->schedule.next(size_, pruning_);
    // The first pass brings every quota inside its minimum and maximum, so that all coalitions
    // after it obey them. No player that a pass leaves behind can move later in the same pass.
    for (const bool forced : {true, false}) {
      for (const Player p : order) {
        if (kept_.contains(p) != pruning_) continue;
        if (forced && !counts_.forced(p, pruning_)) continue;
        std::string held = pruning_ ? counts_.holds_in(p) : counts_.holds_out(p);
        if (!held.empty()) {
          if (!forced) hold_back(p, std::move(held));
          continue;
        }
        cross(p);
        if (!forced &&
            !(pruning_ ? budget_.loss_met(kept_) : budget_.remaining_met(kept_, size_, last_))) {
          cross(p);
          return !ends(
              text(pruning_ ? "without " : "with ", name(p), " the budget would be exceeded"));
        }
        moved_.push_back(p);
        if (finished()) return false;
        if (pruning_ ? size_ <= target : size_ >= target) return true;
      }
    }
    return !ends("the constraints hold all other units");
  }

  void hold_back(Player p, std::string reason) {
    path_.report.held_back.push_back(
        {p, std::move(reason), labels_->empty() ? std::string() : (*labels_)[p]});
  }

  void cross(Player p) {
    kept_.toggle(p);
    last_ = p;
    if (kept_.contains(p)) {
      ++size_;
      counts_.came(p);
    } else {
      --size_;
      counts_.left(p);
    }
  }

  std::string where_;
  const Options* options_;
  bool pruning_;
  Coalition kept_;
  std::size_t size_;  // of kept_, which a step must not count anew
  Player last_ = 0;   // that crossed
  QuotaCounts counts_;
  const std::vector<std::string>* labels_;
  BudgetMeter budget_;
  PruningPath path_;
  std::size_t before_;  // moves of the path that this one goes on from
  ProgressMeter meter_;
  std::vector<Player> moved_;
};

}  // namespace gtap::detail
