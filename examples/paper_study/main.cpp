// The experiment of the paper, LeNet-5 on MNIST, and what gtap adds to it: docs/paper_study.md.
// `paper_study --help` lists the options.

#include "../support/option_check.hpp"
#include "../support/output_folder.hpp"
#include "../support/run_program.hpp"
#include "curves.hpp"
#include "plots.hpp"
#include "recipes.hpp"
#include "report.hpp"
#include "settings.hpp"
#include "subject.hpp"

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace {

std::vector<Subject> make_subjects(bool wide, bool dropout, const Data& data,
                                   const Settings& settings) {
  std::vector<Subject> subjects;
  for (std::size_t s = 0; s < settings.networks(); ++s)
    subjects.push_back(make_subject(wide, dropout, settings.seed + s, data, settings));
  return subjects;
}

double mean_accuracy(const std::vector<Subject>& subjects) {
  double sum = 0.0;
  for (const Subject& subject : subjects)
    sum += subject.full_accuracy;
  return sum / static_cast<double>(subjects.size());
}

void print(const std::string& text) {
  std::printf("%s", text.c_str());
  std::fflush(stdout);
}

void run(const Settings& settings) {
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [begin] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  const support::OutputFolder folder(settings.out);
  const Data data = load_data(settings);
  const std::vector<Recipe> recipes = all_recipes();
  std::vector<std::vector<Subject>> kinds;
  nlohmann::ordered_json figures = nlohmann::ordered_json::array();
  std::string tables;
  std::string summary = margins_heading();
  std::string lines = csv_heading();
  bool drawn = true;
  for (const std::string& training : settings.trainings) {
    for (const std::string& net : settings.nets) {
      std::vector<Subject> subjects =
          make_subjects(net == "20-50-500", training == "dropout", data, settings);
      std::string text = describe(subjects);
      print(text);
      const std::vector<Curve> curves = make_curves(subjects, recipes, data, settings);
      std::string of_kind;
      for (const std::string procedure : {"top-n", "iterated pruning", "iterated building"}) {
        of_kind += table(curves, procedure) + '\n';
        drawn = plot_curves(curves, procedure, folder) && drawn;
      }
      of_kind += finalists_table(curves, mean_accuracy(subjects)) + '\n';
      print(of_kind);
      std::printf("(%.0f s so far)\n\n", seconds());
      tables += text + of_kind;
      summary += margins(curves);
      lines += to_csv(curves, settings);
      for (const auto& entry : to_json(curves, mean_accuracy(subjects), settings))
        figures.push_back(entry);
      kinds.push_back(std::move(subjects));
      // What is there is written, should the rest be cut short.
      folder.write("tables.md", tables_heading(settings) + summary + '\n' + tables);
      folder.write("figures.json", figures.dump(1) + "\n");
      folder.write("figures.csv", lines);
    }
  }
  drawn = plot_bands(kinds, folder) && drawn;
  if (!settings.json.empty()) support::write_file(settings.json, figures.dump(1) + "\n");
  print(summary);
  std::printf("\n%.0f s; figures, tables and plots are in %s/\n", seconds(),
              folder.string().c_str());
  if (!drawn)
    std::fputs("plots are missing: gnuplot is not there, failed, or wrote only a part\n", stderr);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app(
      "Prunes LeNet-5, trained on MNIST plainly and with dropout, by the procedures, indices and "
      "baselines of the paper and by others, and compares with the paper's figures.");
  app.add_option("--seed", settings.seed, "seed of the first network; the others follow")
      ->capture_default_str()
      ->transform(support::whole_number(0, support::largest_seed));
  app.add_option("--seeds", settings.seeds, "networks of each kind (default: 3, quick: 1)")
      ->transform(support::whole_number(1, 1000));
  app.add_option("--nets", settings.nets, "which networks")
      ->capture_default_str()
      ->delimiter(',')
      ->check(CLI::IsMember({"20-50-500", "6-16-120-84"}));
  app.add_option("--trainings", settings.trainings, "how they were trained")
      ->capture_default_str()
      ->delimiter(',')
      ->check(CLI::IsMember({"dropout", "plain"}));
  app.add_option("--data", settings.data,
                 "folder with the four IDX files of MNIST (or a data set like it), gzip or plain")
      ->capture_default_str();
  app.add_option("--out", settings.out, "folder for tables and plots")->capture_default_str();
  app.add_option("--json", settings.json, "also write the figures to this file")
      ->check(support::not_writable);
  app.add_option("--threads", settings.threads, "0: as many as the machine offers")
      ->capture_default_str()
      ->transform(support::whole_number(0, gtap::most_threads));
  app.add_flag("--quick", settings.quick, "small sizes, for a try or a test: under two minutes");
  return support::run_program(app, argc, argv, [&] { run(settings); });
}
