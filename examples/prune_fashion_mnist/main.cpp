// Trains two networks on Fashion-MNIST, prunes them by six power indices with each procedure and by
// nine baselines, one-shot and iterated, and shows what was won. `prune_fashion_mnist --help` lists
// the options.

#include <gtap/estimators/uncertainty_band.hpp>
#include <gtap/io/mnist.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/train.hpp>

#include "../support/networks.hpp"
#include "../support/option_check.hpp"
#include "../support/output_folder.hpp"
#include "../support/progress_line.hpp"
#include "../support/run_program.hpp"
#include "curves.hpp"
#include "recipes.hpp"
#include "report.hpp"
#include "settings.hpp"

#include <cstdio>
#include <string>
#include <vector>

using namespace gtap;

namespace {

Problem make_problem(const std::string& name, nn::Network<float> net, const MnistLike& data,
                     const Settings& settings) {
  const std::size_t images = settings.training_images();
  const nn::Dataset<float> training = data.train.subset(0, images);
  Problem problem{.name = name,
                  .net = std::move(net),
                  .units = {},
                  .constraints = {},
                  .values = training.subset(0, settings.value_images()),
                  .calibration = training.subset(0, settings.calibration_images()),
                  .fine_tuning = training.subset(0, settings.fine_tuning_images()),
                  .validation_data = data.train.subset(images, settings.validation_images()),
                  .test_data = data.test.subset(0, settings.test_images())};
  nn::initialize(problem.net, settings.seed);
  support::ProgressLine line(name + ": training", settings.epochs() * images);
  const nn::TrainResult trained = nn::train(problem.net, training, problem.validation_data,
                                            {.epochs = settings.epochs(),
                                             .final_rate = 0.01,
                                             .seed = settings.seed,
                                             .threads = settings.threads,
                                             .progress = line.callback()});
  problem.train_seconds = trained.seconds;
  problem.full_accuracy = nn::evaluate(problem.net, problem.test_data, settings.threads).accuracy;
  problem.units = Units(problem.net);
  problem.constraints = layer_constraints(problem.units);
  return problem;
}

UncertaintyBand make_band(const Problem& problem, const Settings& settings) {
  const NetworkGame game(problem.net, problem.values, Accuracy{}, problem.units);
  return uncertainty_band(game, {.coalitions = settings.quick ? 16u : 128u,
                                 .seed = settings.seed,
                                 .threads = settings.threads});
}

void run(const Settings& settings) {
  const support::OutputFolder folder(settings.out);
  const MnistLike data = load_mnist_like(settings.data);
  nlohmann::ordered_json figures = nlohmann::ordered_json::array();
  std::string table = csv_heading();
  std::vector<BandCurve> bands;
  bool drawn = true;
  const std::vector<std::pair<std::string, nn::Network<float>>> networks{
      {"784-300-100-10", support::mlp()}, {"lenet5", support::lenet5()}};
  for (const auto& [name, net] : networks) {
    const Problem problem = make_problem(name, net, data, settings);
    std::printf("%s: test accuracy %.4f after %.1f s of training\n", name.c_str(),
                problem.full_accuracy, problem.train_seconds);
    const UncertaintyBand band = make_band(problem, settings);
    std::printf("%s: sub-networks are most undecided at a retention probability of %.3f\n",
                name.c_str(), band.peak);
    bands.push_back({name, band.retentions, band.mean, band.spread});
    const std::vector<Curve> curves = make_curves(problem, all_recipes(band.peak), settings);
    print_recipes(curves);
    print_chosen(problem, curves, settings);
    figures.push_back(to_json(problem, curves, settings));
    table += to_csv(problem, curves, settings);
    drawn = plot_accuracy(problem, curves, settings, folder) && drawn;
    // What is there is written, should the rest be cut short.
    folder.write("figures.json", figures.dump(1) + "\n");
    folder.write("figures.csv", table);
  }
  drawn = plot_bands(bands, folder) && drawn;
  if (!settings.json.empty()) support::write_file(settings.json, figures.dump(1) + "\n");
  std::printf("\nfigures and plots are in %s/\n", folder.string().c_str());
  if (!drawn)
    std::fputs("plots are missing: gnuplot is not there, failed, or wrote only a part\n", stderr);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app(
      "Trains 784-300-100-10 and LeNet-5 on Fashion-MNIST, prunes them by power indices and by "
      "baselines, compacts, compensates and fine-tunes them, and reports what was won.");
  app.add_option("--seed", settings.seed, "seed of everything random")
      ->capture_default_str()
      ->transform(support::whole_number(0, support::largest_seed));
  app.add_option("--data", settings.data,
                 "folder with the four IDX files of a data set like MNIST, gzip or plain")
      ->capture_default_str();
  app.add_option("--out", settings.out, "folder for tables and plots")->capture_default_str();
  app.add_option("--json", settings.json, "also write the figures to this file")
      ->check(support::not_writable);
  app.add_option("--threads", settings.threads, "0: as many as the machine offers")
      ->capture_default_str()
      ->transform(support::whole_number(0, gtap::most_threads));
  app.add_flag("--quick", settings.quick, "small sizes, for a try or a test: under a minute");
  return support::run_program(app, argc, argv, [&] { run(settings); });
}
