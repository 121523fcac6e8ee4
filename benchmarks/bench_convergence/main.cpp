// Mean squared error of every design against the evaluations it may ask for, and against seconds:
// docs/estimators.md shows what came out. `bench_convergence --help` lists the options.

#include "../../examples/support/option_check.hpp"
#include "../../examples/support/output_folder.hpp"
#include "../../examples/support/run_program.hpp"
#include "report.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

namespace {

void run(const Settings& settings, const std::filesystem::path& data, const std::string& only,
         const std::string& out, const std::string& json) {
  const auto begin = std::chrono::steady_clock::now();
  const support::OutputFolder folder(out);
  Study study(settings);
  for (const SubjectMaker& maker : subject_makers(data)) {
    if (!only.empty() && only != maker.name) continue;
    const Subject subject = maker.make();
    study_shapley(study, subject);
    study_dropout(study, subject, "banzhaf", 0.5, subject.banzhaf);
    study_dropout(study, subject, "dropout", subject.retention, subject.dropout);
    folder.write("convergence.csv", to_csv(study.curves()));  // should the rest be cut short
  }
  const std::string figures = to_json(study.curves()).dump(1) + "\n";
  folder.write("convergence.json", figures);
  const std::string tables = to_tables(study.curves());
  folder.write("convergence.md", tables);
  std::fputs(tables.c_str(), stdout);
  if (!plot(study.curves(), folder))
    std::fputs("plots are missing: gnuplot is not there, failed, or wrote only a part\n", stderr);
  if (!json.empty()) support::write_file(json, figures);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  std::fprintf(stderr, "%.0f s; figures, tables and plots are in %s/\n", time.count(),
               folder.string().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Mean squared error of every design against evaluations and seconds, on four games whose "
      "truth is known. Games of 14 to 16 players are read from the table of their values, so that "
      "all their points have all runs.");
  Settings settings;
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  std::string only;
  std::string out = "convergence";
  std::string json;
  bool quick = false;
  app.add_option("--runs", settings.runs, "runs a point; of the read-out, at most")
      ->capture_default_str()
      ->transform(support::whole_number(1, 1'000'000'000));
  app.add_option("--seconds", settings.seconds,
                 "seconds a point of the read-out may take for more than its least runs")
      ->capture_default_str()
      ->check(support::positive_number);
  app.add_option("--least-runs", settings.least_runs, "runs a point of the read-out, at least")
      ->capture_default_str()
      ->transform(support::whole_number(1, 1'000'000'000));
  app.add_option("--seed", settings.seed, "seed of the first run")
      ->capture_default_str()
      ->transform(support::whole_number(0, support::largest_seed));
  app.add_option("--threads", settings.threads, "threads over runs")
      ->capture_default_str()
      ->transform(support::whole_number(1, gtap::most_threads));
  app.add_option("--data", data, "folder with the four IDX files of Fashion-MNIST")
      ->capture_default_str();
  app.add_option("--out", out, "folder for CSV, JSON, tables and plots")->capture_default_str();
  app.add_option("--json", json, "a second copy of the figures")->check(support::not_writable);
  app.add_option("--game", only, "only this one")
      ->check(CLI::IsMember({"sigmoid", "voting", "network", "readout"}));
  app.add_option("--law", settings.only_law, "only this one")
      ->check(CLI::IsMember({"shapley", "banzhaf", "dropout"}));
  app.add_option("--design", settings.only_design, "the default and designs with this in the name");
  app.add_flag("--quick", quick, "20 runs, 2 of the read-out, up to 50 n evaluations");
  return support::run_program(app, argc, argv, [&] {
    settings.least_runs = std::min(settings.least_runs, settings.runs);
    if (quick) {
      settings.runs = 20;
      settings.least_runs = 2;
      settings.seconds = 0.2;
      settings.budgets = {5, 20, 50};
    }
    run(settings, data, only, out, json);
  });
}
