#pragma once

#include "../examples/support/file.hpp"
#include "../examples/support/option_check.hpp"
#include "../examples/support/run_program.hpp"
#include "case.hpp"
#include "one_thread.hpp"
#include "outcome.hpp"

#include <CLI/CLI.hpp>
#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace gtap_bench {

/// Runs cases by Google Benchmark: the repetitions of all sides of a case in random order, so that
/// what disturbs the machine meets all sides alike, by wall-clock time, and takes medians. Prints
/// the table row by row.
class Comparison : benchmark::BenchmarkReporter {
 public:
  /// Reads the command line, for which `app` may have options of its own. Ends the program after
  /// --help, and with 2 at what it does not know. A repetition takes at least `sample` seconds.
  Comparison(CLI::App& app, int argc, char** argv, std::vector<std::string> peers, double sample)
      : peers_(std::move(peers)), sample_(sample) {
    app.add_option("--json", json_,
                   "Write a list of {name, gtap, peers, unit, peak}; peak is what the machine's "
                   "multiply-adds or cores allow, null where nothing of the kind is measured")
        ->check(support::not_writable);
    app.add_option("--filter", filter_, "Only cases whose name contains this text");
    const auto rounds = app.add_option("--rounds", rounds_, "Repetitions of each side")
                            ->transform(support::whole_number(1, 1000))
                            ->capture_default_str();
    app.add_flag_callback(
           "--quick", [this] { rounds_ = 3; }, "3 rounds: to see that it runs")
        ->excludes(rounds);
    app.add_option("--benchmark_out", every_, "Write every repetition, as Google Benchmark does")
        ->check(support::not_writable);
    if (const std::optional<int> end = support::read_options(app, argc, argv)) std::exit(*end);
    restart_with_one_thread(argv);
    std::string by_turns = "--benchmark_enable_random_interleaving=true";
    std::vector<char*> flags{argv[0], by_turns.data(), nullptr};
    int count = 2;
    benchmark::Initialize(&count, flags.data());
    every_writer_.SetOutputStream(&every_text_);
    print_head(peers_);
  }

  /// Measures the case that `make` gives, if the command line asks for it.
  template <class Make>
  void run(const std::string& name, const Make& make) {
    if (name.find(filter_) == std::string::npos) return;
    const Case work = make();
    std::printf("%-31s", name.c_str());
    std::fflush(stdout);
    rates_.clear();
    for (const Side& side : work.sides) {
      std::string full = name + '/' + side.name;
      if (!side.variant.empty()) full += '/' + side.variant;
      benchmark::RegisterBenchmark(full.c_str(),
                                   [&side, &work](benchmark::State& state) {
                                     for (auto _ : state)
                                       side.run();
                                     state.SetLabel(side.name);
                                     state.counters[work.unit] = benchmark::Counter(
                                         side.work > 0 ? side.work : work.work,
                                         benchmark::Counter::kIsIterationInvariantRate);
                                   })
          ->UseRealTime()
          ->Repetitions(rounds_)
          ->MinTime(sample_);
    }
    benchmark::RunSpecifiedBenchmarks(this, "all");
    benchmark::ClearRegisteredBenchmarks();
    outcomes_.push_back({name, work.unit, work.derived ? work.derived(rates_) : rates_});
    print(outcomes_.back(), peers_);
  }

  const std::vector<Outcome>& outcomes() const { return outcomes_; }

  /// Writes the files; what main returns.
  int finish() {
    if (outcomes_.empty()) {
      std::fprintf(stderr, "no case has \"%s\" in its name\n", filter_.c_str());
      return 2;
    }
    try {
      if (!every_.empty()) {
        every_writer_.Finalize();
        support::write_file(every_, every_text_.str());
      }
      if (!json_.empty())
        support::write_file(json_, nlohmann::ordered_json(outcomes_).dump(2) + '\n');
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return 1;
    }
    return 0;
  }

 private:
  bool ReportContext(const Context& context) override {
    if (!every_.empty() && outcomes_.empty()) every_writer_.ReportContext(context);
    return true;
  }

  void ReportRuns(const std::vector<Run>& runs) override {
    if (!every_.empty()) every_writer_.ReportRuns(runs);
    for (const Run& r : runs) {
      if (r.aggregate_name != "median" && r.repetitions != 1) continue;
      double& best = rates_[r.report_label];
      best = std::max<double>(best, r.counters.begin()->second);
    }
  }

  std::vector<std::string> peers_;
  double sample_;
  std::string json_;
  std::string filter_;
  int rounds_ = 15;
  std::string every_;
  std::ostringstream every_text_;
  benchmark::JSONReporter every_writer_;
  Rates rates_;
  std::vector<Outcome> outcomes_;
};

}  // namespace gtap_bench
