#pragma once

#include <gtap/core/value_function.hpp>
#include <gtap/estimators/estimate_game.hpp>
#include <gtap/pruning/detail/top_k_run.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// How sure top_k has to be, and what it may spend.
struct TopKOptions {
  /// The probability of a wrong cut that is accepted, over all looks together; in (0, 1).
  double wrong_cut = 0.05;
  /// Players whose values differ by no more are as good as each other. At 0, ties are never
  /// decided.
  double tolerance = 0.0;
  std::size_t pilot = 16;  ///< samples of all players before the first look, at least 2
  /// With each coalition its complement, for laws that are symmetric about 1/2: exact for
  /// interactions of two. Other laws ignore it. Votes and other steps are better without.
  bool paired = true;
  Constraints constraints{};
  EstimateOptions estimate{};  ///< budget, seed, threads, progress, stop token, checkpoint
};

/// The best k players, and how sure that is.
struct TopK {
  Coalition kept;
  /// How likely, by the means and spreads that were sampled, another coalition of k players within
  /// the constraints is better by more than the tolerance. Counts in the looks before, so it may be
  /// 1 where a single look would not be. No bound for what was not seen: see `unseen`.
  double wrong_cut = 1.0;
  /// What happens in this part of the samples, or less, may with 5% probability not have been seen
  /// for the player who was sampled least: 1 - .05^(1/m); 0 when exact.
  double unseen = 1.0;
  std::vector<Player> border;  ///< players on whom the cut hangs; none when it is decided
  /// What is known of all values; those far from the cut are known from fewer samples. Its
  /// `evaluations` is what was spent, `saved` what was not asked of decided players, `stopped`
  /// is `decided`, or why the run ended before: by `budget`, it did not suffice.
  Estimate estimate;

  bool decided() const {
    return estimate.stopped == Stopped::decided || estimate.stopped == Stopped::finished;
  }
};

namespace detail {

inline void check_top_k(std::size_t players, std::size_t k, const TopKOptions& options) {
  if (k < 1 || k > players) fail("top_k", text("1 to ", players, " players to keep"), text(k));
  if (!(options.wrong_cut > 0.0 && options.wrong_cut < 1.0))
    fail("top_k", "a probability of a wrong cut between 0 and 1", text(options.wrong_cut));
  if (!(options.tolerance >= 0.0) || std::isinf(options.tolerance))
    fail("top_k", "a tolerance of 0 or more", text(options.tolerance));
  if (options.pilot < 2) fail("top_k", "a pilot of at least 2 samples", text(options.pilot));
  const std::size_t kept =
      best_players(std::vector<double>(players), k, options.constraints).size();
  if (kept != k)
    fail("top_k", text("constraints that allow ", k, " players"),
         text("constraints that make it ", kept));
}

/// What tells two runs apart beside law, seed and number of players.
inline std::string top_k_name(std::size_t k, bool paired, const TopKOptions& options) {
  std::string limits;
  for (const Quota& quota : options.constraints.quotas) {
    limits += text(quota.min, '-', quota.max, ':');
    for (const Player p : quota.players)
      limits += text(p, ' ');
  }
  for (const Player p : options.constraints.must_keep)
    limits += text('!', p);
  return text("top_k(", k, paired ? ", paired" : "", "), wrong cut ", options.wrong_cut,
              ", tolerance ", options.tolerance, ", pilot ", options.pilot, ", constraints ",
              std::hex, checksum(limits));
}

template <std::same_as<AnyGame> Game>
TopK top_k_of(const Game& game, const AnyLaw& any_law, std::size_t k, const TopKOptions& options) {
  const std::size_t players = game.players();
  check_options(players, options.estimate);
  check_top_k(players, k, options);
  const LawTable law = any_law.table(players);
  if (law.certain() || enumerates(players, options.estimate)) {
    TopK exact{{}, 0.0, 0.0, {}, estimate(game, any_law, SharedCoalition{}, options.estimate)};
    exact.kept = best_players(exact.estimate.values, k, options.constraints);
    if (!exact.decided()) exact.wrong_cut = exact.unseen = 1.0;
    return exact;
  }
  const bool paired = options.paired && law.symmetric();
  const RunContext context{players, options.estimate.evaluations, options.estimate.seed,
                           options.estimate.covariance_of};
  const std::string name = top_k_name(k, paired, options);
  const auto ended = run_to_end(
      game,
      TopKRun(law,
              {k, options.wrong_cut, options.tolerance, options.pilot, paired, options.constraints},
              context),
      options.estimate, identity(law, name, options.estimate, 0));
  TopKOutcome outcome = ended.run.outcome(ended.statistics());
  TopK result{std::move(outcome.cut.kept), outcome.wrong_cut, outcome.unseen, {}, ended.estimate()};
  result.estimate.law = law.name;
  result.estimate.design = text("top-k:", k, paired ? ":paired" : "");
  if (result.wrong_cut <= options.wrong_cut) {
    result.estimate.stopped = Stopped::decided;
  } else {
    result.border = std::move(outcome.cut.border);
  }
  return result;
}

}  // namespace detail

/// The k players with the largest values under `law`, within the constraints, spending evaluations
/// only on what decides the cut (Neuron Shapley, Ghorbani & Zou 2020; CMCS, Kolpaczki et al. 2025).
///
/// A sample draws a coalition, or a pair, and asks for the marginal contributions of the players
/// that may still cross the cut: one evaluation a player and one more, by the star rung. After each
/// round, half as long as all before, the probability of a wrong cut is computed from the
/// covariance of the players' differences; the run ends when it is at most what was asked, with the
/// error shared over the looks. Else the budget ends it, and the result says so.
///
/// When the budget allows all 2^n coalitions (EstimateOptions::enumerate_small), or the law one
/// only, values are exact and so is the cut.
/// Memory: a number an evaluation. Time at a look: a difference a swap and sample.
/// Throws gtap::Error for k outside 1 to n, options out of range, constraints that do not allow k
/// players, a budget that does not pay for two samples, and as `estimate` does.
template <ValueFunction Game, Semivalue Law>
TopK top_k(const Game& game, const Law& law, std::size_t k, const TopKOptions& options = {}) {
  static_assert(RetentionLaw<Law>,
                "gtap: top_k draws the retention probability: the law needs quantile(u)");
  return detail::top_k_of(AnyGame::view(game), AnyLaw(law), k, options);
}

}  // namespace gtap
