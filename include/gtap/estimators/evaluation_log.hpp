#pragma once

#include <gtap/core/value_function.hpp>
#include <gtap/estimators/any_law.hpp>
#include <gtap/estimators/designs/adjusted_reuse.hpp>
#include <gtap/estimators/detail/engine.hpp>
#include <gtap/estimators/estimate_game.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// Evaluated coalitions from which several indices can be estimated: independent draws whose size
/// has known probabilities, all coalitions of a size as likely. Made by `record`, or by hand from
/// values that another program computed. n / 8 + 8 bytes a coalition.
class EvaluationLog {
 public:
  /// `sizes`: weights of |S| = 0 .. n in the draws, scaled to sum to 1.
  explicit EvaluationLog(std::vector<double> sizes) : sizes_(std::move(sizes)) {
    if (sizes_.size() < 2) {
      detail::fail("EvaluationLog", "weights of the sizes 0 to n",
                   detail::text(sizes_.size(), " of them"));
    }
    double total = 0.0;
    for (const double size : sizes_) {
      if (!(size >= 0.0) || std::isinf(size))
        detail::fail("EvaluationLog", "weights of 0 or more", detail::text(size));
      total += size;
    }
    if (total == 0.0) detail::fail("EvaluationLog", "weights that are not all 0", "0");
    // One that was scaled before keeps its bits.
    for (double& size : sizes_)
      size /= std::abs(total - 1.0) < 1e-12 ? 1.0 : total;
    rows_ = detail::CoalitionLog(players());
  }

  std::size_t players() const { return sizes_.size() - 1; }
  std::size_t size() const { return rows_.size(); }
  const std::vector<double>& sizes() const { return sizes_; }

  double value(std::size_t k) const {
    check(k);
    return rows_.value(k);
  }
  Coalition coalition(std::size_t k) const {
    check(k);
    return rows_.coalition(k);
  }

  /// Throws gtap::Error for a coalition of other players or a size that cannot have been drawn, and
  /// for a value that is not finite.
  void add(const Coalition& coalition, double value) {
    detail::require_players("EvaluationLog::add", players(), coalition.players());
    if (sizes_[coalition.size()] == 0.0) {
      detail::fail("EvaluationLog::add", "a coalition of a size that is drawn",
                   detail::text(coalition));
    }
    if (!std::isfinite(value)) {
      detail::fail("EvaluationLog::add", "a finite value",
                   detail::text(value, " for the coalition ", coalition));
    }
    rows_.add(coalition, value);
  }

  /// The rows as estimators read them.
  const detail::CoalitionLog& rows() const { return rows_; }

 private:
  void check(std::size_t k) const {
    if (k >= size())
      detail::fail("EvaluationLog", detail::text("a row below ", size()), detail::text(k));
  }

  std::vector<double> sizes_;
  detail::CoalitionLog rows_;
};

/// What recording a log may spend, and where it reports.
struct RecordOptions {
  std::size_t evaluations = 20'000;
  std::uint64_t seed = 0;
  std::size_t threads = 0;      ///< 0: as many as the machine offers
  double seconds = 0.0;         ///< wall-clock limit; 0: none
  ProgressCallback progress{};  ///< in evaluations
  std::stop_token stop{};       ///< end soon with a smaller log
  /// Where to keep the state of the run (EstimateOptions).
  std::string checkpoint{};
  double checkpoint_seconds = 60.0;
};

namespace detail {

/// Records coalitions by the log's sizes.
template <std::same_as<AnyGame> Game>
void record_into(EvaluationLog& log, const Game& game, const RecordOptions& options) {
  const std::size_t players = game.players();
  require_size("record", players, log.players());
  EstimateOptions engine{.evaluations = options.evaluations,
                         .seed = options.seed,
                         .threads = options.threads,
                         .seconds = options.seconds};
  engine.progress = options.progress;
  engine.stop = options.stop;
  engine.checkpoint = options.checkpoint;
  engine.checkpoint_seconds = options.checkpoint_seconds;
  check_options(players, engine);
  std::string name = "a log of sizes";
  for (const double size : log.sizes())
    name += text(' ', size);
  const auto ended =
      run_to_end(game, SizedDraws(players, log.sizes()), engine,
                 text("a run of ", players, " players, ", name, ", seed ", options.seed));
  const CoalitionLog& rows = ended.statistics();
  for (std::size_t k = 0; k < rows.size(); ++k)
    log.add(rows.coalition(k), rows.value(k));
}

template <Semivalue Law>
std::vector<double> law_sizes(const Law& law, std::size_t players) {
  return AnyLaw(law).table(players).sizes();
}

}  // namespace detail

/// Evaluates coalitions for a log: sizes are drawn with these weights of 0 .. n. Throws gtap::Error
/// as `estimate` does.
template <ValueFunction Game>
EvaluationLog record_sizes(const Game& game, std::vector<double> sizes,
                           const RecordOptions& options = {}) {
  EvaluationLog log(std::move(sizes));
  detail::record_into(log, AnyGame::view(game), options);
  return log;
}

/// Evaluates coalitions for a log that serves these laws, each an equal part of the draws; without
/// laws, all sizes alike, which serves every law.
template <ValueFunction Game, Semivalue... Laws>
EvaluationLog record(const Game& game, const RecordOptions& options, const Laws&... laws) {
  const auto players = static_cast<std::size_t>(game.players());
  detail::check_options(players, {.evaluations = options.evaluations});
  std::vector<double> sizes(players + 1, sizeof...(laws) == 0 ? 1.0 : 0.0);
  [[maybe_unused]] const auto mix = [&](const auto& law) {
    const std::vector<double> own = detail::mixed_sizes(detail::law_sizes(law, players));
    for (std::size_t s = 0; s <= players; ++s)
      sizes[s] += own[s];
  };
  (mix(laws), ...);
  return record_sizes(game, std::move(sizes), options);
}

/// What the log is worth to a law: the number of coalitions drawn for the law itself that would
/// tell as much, (sum w)^2 / sum w^2 with a row's weight w the law's probability of its size over
/// that in the draws. 0 when the law needs sizes that are never drawn.
template <Semivalue Law>
double effective_size(const EvaluationLog& log, const Law& law) {
  const std::vector<double> wanted = detail::mixed_sizes(detail::law_sizes(law, log.players()));
  double missing = 0.0;
  for (std::size_t s = 0; s <= log.players(); ++s)
    missing += log.sizes()[s] > 0.0 ? 0.0 : wanted[s];
  if (missing > 1e-9) return 0.0;
  double sum = 0.0;
  double squares = 0.0;
  for (std::size_t k = 0; k < log.size(); ++k) {
    const std::size_t s = log.rows().coalition_size(k);
    const double weight = wanted[s] / log.sizes()[s];
    sum += weight;
    squares += weight * weight;
  }
  return squares > 0.0 ? sum * sum / squares : 0.0;
}

/// Any law's values from one log, without a single evaluation more: AdjustedReuse with each row
/// weighted by what the law says of its size against the draws, an additive guess fitted to the
/// same weights on the other half of the rows. Unbiased; standard errors over rows. Several indices
/// from the same log share its luck.
///
/// Throws gtap::Error when the log cannot support the law: when that needs sizes that are never
/// drawn, or the effective size is below 10. Memory: 24 n^2 bytes.
template <Semivalue Law>
Estimate estimate_from(const EvaluationLog& log, const Law& law,
                       const std::vector<Player>& covariance_of = {}) {
  const double effective = effective_size(log, law);
  if (!(effective >= 10.0)) {
    detail::fail(
        "estimate_from",
        detail::text("a log of an effective size of at least 10 for ", detail::name_of(law)),
        detail::text(effective, " of ", log.size(), " coalitions"));
  }
  const std::size_t players = log.players();
  detail::check_options(players, {.evaluations = log.size(), .covariance_of = covariance_of});
  const RunContext context{players, log.size(), 0, covariance_of};
  const detail::AdjustedReuseRun run(detail::law_sizes(law, players), log.sizes(), context);
  Estimate estimate;
  run.summarise(log.rows(), estimate);
  estimate.evaluations = log.size();
  estimate.samples = log.size();
  estimate.law = detail::name_of(law);
  estimate.design = detail::text("log:", effective);
  return estimate;
}

}  // namespace gtap
