// The experiment of the paper, LeNet-5 on MNIST, and what gtap adds to it: docs/paper_study.md.
// `paper_study --help` lists the options.

#include <gtap/core/error.hpp>

#include "../support/output_folder.hpp"
#include "curves.hpp"
#include "recipes.hpp"
#include "report.hpp"
#include "settings.hpp"
#include "subject.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

void run(const Settings& settings) {
  const auto begin = std::chrono::steady_clock::now();
  const support::OutputFolder folder(settings.out);
  const Data data = load_data(settings);
  const std::vector<Recipe> recipes = all_recipes();
  std::vector<std::vector<Subject>> kinds;
  nlohmann::ordered_json figures = nlohmann::ordered_json::array();
  std::string tables;
  bool drawn = true;
  for (const bool dropout : {true, false}) {
    for (const bool wide : {true, false}) {
      std::vector<Subject> subjects;
      double full = 0.0;
      for (std::size_t s = 0; s < settings.seeds; ++s) {
        subjects.push_back(make_subject(wide, dropout, settings.seed + s, data, settings));
        const Subject& subject = subjects.back();
        full += subject.full_accuracy / static_cast<double>(settings.seeds);
        std::printf(
            "%s, %s, seed %llu: test accuracy %.4f after %.1f s of training, band %.3f to "
            "%.3f, peak %.3f\n",
            subject.net.c_str(), subject.training.c_str(),
            static_cast<unsigned long long>(subject.seed), subject.full_accuracy,
            subject.train_seconds, subject.band.low, subject.band.high, subject.band.peak);
        std::fflush(stdout);
      }
      const std::vector<Curve> curves = make_curves(subjects, recipes, data, settings);
      std::string text;
      for (const std::string procedure : {"top-n", "iterated pruning", "iterated building"}) {
        text += table(curves, procedure) + '\n';
        drawn = plot_curves(curves, procedure, folder) && drawn;
      }
      text += chosen_table(curves, full) + '\n';
      std::printf("\n%s", text.c_str());
      std::fflush(stdout);
      tables += text;
      for (const auto& entry : to_json(curves, full, settings))
        figures.push_back(entry);
      kinds.push_back(std::move(subjects));
      // What is there is written, should the rest be cut short.
      folder.write("tables.md", tables);
      folder.write("figures.json", figures.dump(1) + "\n");
    }
  }
  drawn = plot_bands(kinds, folder) && drawn;
  if (!settings.json.empty()) support::write_file(settings.json, figures.dump(1) + "\n");
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  std::printf("%.0f s; figures, tables and plots are in %s/\n", time.count(),
              folder.string().c_str());
  if (!drawn) std::fputs("no plots were drawn: gnuplot is missing or failed\n", stderr);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app(
      "Prunes LeNet-5, trained on MNIST plainly and with dropout, by the procedures, indices and "
      "baselines of the paper and by others, and compares with the paper's figures.");
  app.add_option("--seed", settings.seed, "seed of the first network; the others follow")
      ->capture_default_str();
  app.add_option("--seeds", settings.seeds, "networks of each kind")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--data", settings.data,
                 "folder with the four IDX files of MNIST (or a data set like it), gzip or plain")
      ->capture_default_str();
  app.add_option("--out", settings.out, "folder for tables and plots")->capture_default_str();
  app.add_option("--json", settings.json, "also write the figures to this file");
  app.add_option("--threads", settings.threads, "0: as many as the machine offers")
      ->capture_default_str();
  app.add_flag("--quick", settings.quick, "small sizes, for a try or a test: about a minute");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "paper_study: %s (see --help)\n", error.what());
    return 2;
  }
  try {
    run(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "paper_study: %s\n", error.what());
    return 1;
  }
  return 0;
}
