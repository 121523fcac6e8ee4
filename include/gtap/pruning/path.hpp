#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>
#include <gtap/pruning/budget.hpp>

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// A round of a procedure: what is kept after it, and what all rounds have spent so far.
struct PruningStep {
  Coalition kept;
  std::size_t evaluations = 0;
  double seconds = 0.0;
  /// What the round went by: the score of each player that it ranked (PruningPath::ranked), and the
  /// standard errors of the scores where the scorer knows them. Empty when they were not to be
  /// kept.
  std::vector<double> scores{};
  std::vector<double> standard_errors{};
};

/// What was asked of a procedure, what was reached and what was held back.
struct BudgetReport {
  struct Line {
    std::string name;
    double asked;    ///< the limit
    double reached;  ///< the same measure of the last coalition
    bool met;
  };
  /// A player that would have left by its score (come, when building), and why it did not. By the
  /// scores of the last round.
  struct HeldBack {
    Player player;
    std::string reason;
    std::string label{};  ///< of the player, if players have labels
  };
  static constexpr std::size_t most_printed = 10;  ///< of the players held back

  std::vector<Line> lines;  ///< one for each limit of the budget
  std::vector<HeldBack> held_back;
  std::string ended;  ///< why the procedure went no further, in words

  bool met() const {
    return std::all_of(lines.begin(), lines.end(), [](const Line& line) { return line.met; });
  }

  friend std::ostream& operator<<(std::ostream& out, const BudgetReport& report) {
    for (const Line& line : report.lines) {
      out << line.name << ": asked at most " << line.asked << ", reached " << line.reached
          << (line.met ? "\n" : " (not met)\n");
    }
    const std::size_t printed = std::min(report.held_back.size(), most_printed);
    for (std::size_t k = 0; k < printed; ++k) {
      const HeldBack& held = report.held_back[k];
      if (held.label.empty()) out << "player " << held.player;
      out << held.label << " held back: " << held.reason << '\n';
    }
    if (printed < report.held_back.size())
      out << "and " << report.held_back.size() - printed << " more held back\n";
    return out << "ended: " << report.ended << '\n';
  }
};

/// What a procedure did: nested coalitions, the first one first, `back().kept` the result. Pruning
/// starts from all players, building from those that must stay.
///
/// Inside a round players leave from the worst score up (come from the best down), so the path has
/// a coalition for every number of units between its ends, not only after whole rounds.
class PruningPath {
 public:
  PruningPath() = default;
  /// A path that starts here. Used by procedures and readers of files.
  explicit PruningPath(Coalition start) { steps_.push_back({.kept = std::move(start)}); }

  const std::vector<PruningStep>& steps() const { return steps_; }
  /// The players in the order in which they left or came.
  const std::vector<Player>& moves() const { return moves_; }
  const PruningStep& front() const {
    require_step("PruningPath::front");
    return steps_.front();
  }
  const PruningStep& back() const {
    require_step("PruningPath::back");
    return steps_.back();
  }
  std::size_t fewest_units() const { return std::min(front_size(), back_size()); }
  std::size_t most_units() const { return std::max(front_size(), back_size()); }

  /// The coalition with this many units. Throws gtap::Error for a number outside fewest_units() to
  /// most_units().
  Coalition at_units(std::size_t units) const {
    require_step("PruningPath::at_units");
    if (units < fewest_units() || units > most_units()) {
      detail::fail("PruningPath::at_units",
                   detail::text(fewest_units(), " to ", most_units(), " units"),
                   detail::text(units, " units"));
    }
    Coalition kept = steps_.front().kept;
    const std::size_t start = front_size();
    const std::size_t count = units > start ? units - start : start - units;
    for (std::size_t m = 0; m < count; ++m)
      kept.toggle(moves_[m]);
    return kept;
  }

  /// The coalition of this kept fraction of all players (see units_of_fraction).
  Coalition at_fraction(double fraction) const {
    return at_units(units_of_fraction(fraction, back().kept.players()));
  }

  /// The players that round `step` (1 to steps().size() - 1) ranked, in the order of its scores:
  /// those kept before it when it prunes, all others when it builds.
  std::vector<Player> ranked(std::size_t step) const {
    if (step < 1 || step >= steps_.size()) {
      detail::fail("PruningPath::ranked", detail::text("a round from 1 to ", steps_.size() - 1),
                   detail::text(step));
    }
    const Coalition& before = steps_[step - 1].kept;
    return (steps_[step].kept.size() < before.size() ? before : before.complement()).members();
  }

  /// Adds a round in which these players left or came, one after another. `spent` and `since_start`
  /// are evaluations and seconds of all rounds together; scores and their errors are those of the
  /// ranked players, or left out.
  void add_round(const std::vector<Player>& players, std::size_t spent, double since_start,
                 std::vector<double> scores = {}, std::vector<double> standard_errors = {}) {
    PruningStep step{.kept = back().kept,
                     .evaluations = spent,
                     .seconds = since_start,
                     .scores = std::move(scores),
                     .standard_errors = std::move(standard_errors)};
    for (const Player p : players)
      step.kept.toggle(p);
    const std::size_t before = back_size();
    const std::size_t moved = moves_.size() + players.size();
    const std::size_t start = front_size();
    const std::size_t after = step.kept.size();
    if (after + moved != start && after != start + moved) {
      detail::fail("PruningPath::add_round", "players that all leave or all come, each once",
                   detail::text("a change from ", before, " to ", after, " units by ",
                                players.size(), " moves"));
    }
    const std::size_t ranked_players = after < before ? before : step.kept.players() - before;
    for (const auto* numbers : {&step.scores, &step.standard_errors}) {
      if (!numbers->empty() && numbers->size() != ranked_players) {
        detail::fail("PruningPath::add_round",
                     detail::text("a score and an error for each of ", ranked_players,
                                  " ranked players, or none"),
                     detail::text(numbers->size()));
      }
    }
    moves_.insert(moves_.end(), players.begin(), players.end());
    steps_.push_back(std::move(step));
  }

  BudgetReport report;
  std::vector<std::string> labels{};  ///< of all players ("conv2/7"), or none
  std::size_t evaluations = 0;        ///< spent by the scorer, a stopped last round included
  double seconds = 0.0;

 private:
  void require_step(const char* where) const {
    if (steps_.empty()) detail::fail(where, "a path with a step", "an empty one");
  }
  std::size_t front_size() const { return steps_.empty() ? 0 : steps_.front().kept.size(); }
  std::size_t back_size() const { return steps_.empty() ? 0 : steps_.back().kept.size(); }

  std::vector<PruningStep> steps_;
  std::vector<Player> moves_;
};

}  // namespace gtap
