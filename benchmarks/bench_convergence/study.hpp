#pragma once

#include <gtap/core/error.hpp>
#include <gtap/estimators/estimate_options.hpp>
#include <gtap/execution/thread_pool.hpp>

#include "subjects.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

struct Settings {
  std::size_t runs = 2000;      ///< of each point; of a game that costs something, at most
  std::size_t least_runs = 30;  ///< of each point of such a game
  double seconds = 1.0;         ///< that a point of such a game may take for more runs than these
  std::uint64_t seed = 1;       ///< of the first run; the others follow
  std::size_t threads = 2;      ///< over runs; each run has one
  std::vector<std::size_t> budgets{5, 20, 50, 200, 500};  ///< evaluations a player
  std::string only_law;
  std::string only_design;
};

/// The error of one design on one game under one law, by budget.
struct Curve {
  std::string game;
  std::size_t players = 0;
  std::string law;
  std::string design;
  bool is_default = false;
  std::vector<std::size_t> evaluations{};  ///< asked for
  std::vector<double> spent{};             ///< evaluations, mean over runs
  std::vector<double> mse{};               ///< over players and runs
  std::vector<double> mse_errors{};        ///< standard error over runs
  std::vector<double> seconds{};           ///< of one run on one thread
  std::vector<std::size_t> runs{};
};

/// Errors below this share of the largest value, squared, are rounding and count as it.
inline constexpr double exact_below = 1e-9;

/// Takes points of a curve, and tells stderr.
class Study {
 public:
  explicit Study(const Settings& settings) : settings_(settings), pool_(settings.threads) {}

  std::vector<Curve>& curves() { return curves_; }

  using Run = std::function<gtap::Estimate(const gtap::AnyGame&, const gtap::EstimateOptions&)>;

  /// A budget that does not pay for one unit of the design leaves it at the error of knowing
  /// nothing, all values 0. A default that is one design at every budget goes by its name, and
  /// that design is not measured again.
  void add(const Subject& subject, const std::string& law, const std::vector<double>& truth,
           const std::string& design, bool is_default, const Run& run);

 private:
  Settings settings_;
  gtap::ThreadPool pool_;
  std::vector<Curve> curves_;
};

/// All designs that serve the law, and its default.
void study_shapley(Study& study, const Subject& subject);
/// Banzhaf is the dropout law at 1/2.
void study_dropout(Study& study, const Subject& subject, const std::string& name, double retention,
                   const std::vector<double>& truth);
