#include "study.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

using namespace gtap;

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Runs between two looks at the clock.
constexpr std::size_t most_at_once = 64;

double mean_square(const std::vector<double>& truth, const std::vector<double>* values) {
  double sum = 0.0;
  for (std::size_t i = 0; i < truth.size(); ++i)
    sum += std::pow((values == nullptr ? 0.0 : (*values)[i]) - truth[i], 2);
  return sum / static_cast<double>(truth.size());
}

}  // namespace

void Study::add(const Subject& subject, const std::string& law, const std::vector<double>& truth,
                const std::string& design, bool is_default, const Run& run) {
  if (!settings_.only_law.empty() && settings_.only_law != law) return;
  if (!settings_.only_design.empty() && !is_default &&
      design.find(settings_.only_design) == std::string::npos)
    return;
  const bool is_there = std::any_of(curves_.begin(), curves_.end(), [&](const Curve& other) {
    return other.game == subject.name && other.law == law && other.design == design;
  });
  if (is_there) return;  // the default is this one
  Curve curve{subject.name, truth.size(), law, design, is_default};
  bool one_design = true;
  double largest = 0.0;
  for (const double value : truth)
    largest = std::max(largest, std::abs(value));
  const double exact = std::pow(exact_below * largest, 2);
  for (const std::size_t budget : settings_.budgets) {
    EstimateOptions options{.evaluations = budget * truth.size(),
                            .seed = settings_.seed,
                            .threads = 1,
                            .enumerate_small = false};
    std::vector<double> errors;
    double spent = 0.0;
    double seconds = 0.0;
    try {
      const Estimate timed = run(subject.timed, options);
      seconds = timed.seconds;
      for (int again = 0; again < 4 && seconds < 0.2; ++again)
        seconds = std::min(seconds, run(subject.timed, options).seconds);
      if (is_default && curve.runs.empty()) curve.design = timed.design;
      one_design = one_design && (!is_default || timed.design == curve.design);
      const Clock::time_point begin = Clock::now();
      // Exact runs are all alike: a few show it.
      const std::size_t few = std::min<std::size_t>(4, settings_.runs);
      const std::size_t least = subject.is_table ? settings_.runs : settings_.least_runs;
      while (errors.size() < settings_.runs &&
             (errors.size() < least || since(begin) < settings_.seconds)) {
        const std::size_t first = errors.size();
        if (first != 0 && *std::max_element(errors.begin(), errors.end()) <= exact) break;
        const std::size_t count =
            first == 0 ? few
                       : std::min(std::max(least, first + most_at_once), settings_.runs) - first;
        errors.resize(first + count);
        std::vector<std::size_t> asked(count);
        pool_.run(count, [&](std::size_t k, std::size_t) {
          EstimateOptions own = options;
          own.seed = settings_.seed + first + k;
          const Estimate estimate = run(subject.game, own);
          errors[first + k] = mean_square(truth, &estimate.values);
          asked[k] = estimate.evaluations;
        });
        for (const std::size_t evaluations : asked)
          spent += static_cast<double>(evaluations);
      }
    } catch (const Error& error) {
      if (std::string(error.what()).find("a budget of at least") == std::string::npos) throw;
      errors.assign(1, mean_square(truth, nullptr));
      spent = 0.0;
    }
    const auto count = static_cast<double>(errors.size());
    double mean = 0.0;
    double squares = 0.0;
    for (const double error : errors) {
      mean += error / count;
      squares += error * error;
    }
    const double variance = errors.size() < 2 ? 0.0 : (squares - count * mean * mean) / (count - 1);
    curve.evaluations.push_back(options.evaluations);
    curve.spent.push_back(spent / count);
    curve.mse.push_back(std::max(mean, exact));
    curve.mse_errors.push_back(std::sqrt(std::max(0.0, variance) / count));
    curve.seconds.push_back(seconds);
    curve.runs.push_back(errors.size());
  }
  if (!one_design) curve.design = design;
  std::fprintf(stderr, "%-8s %-8s %-26s", curve.game.c_str(), law.c_str(),
               (curve.design + (is_default ? " *" : "")).c_str());
  for (std::size_t k = 0; k < curve.mse.size(); ++k)
    std::fprintf(stderr, "  %.3g (%zu)", curve.mse[k], curve.runs[k]);
  std::fputc('\n', stderr);
  curves_.push_back(std::move(curve));
}
