// Trains a residual network, ResNet-20 with padded shortcuts, on Fashion-MNIST or CIFAR-10, prunes
// it by its multiply-adds, compensates and fine-tunes it. `prune_resnet --help` lists the options.

#include <gtap/estimators/designs/shared_coalition.hpp>
#include <gtap/io/mnist.hpp>
#include <gtap/network/baselines.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/network/compensation.hpp>
#include <gtap/network/costs.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/train.hpp>
#include <gtap/pruning/game_procedures.hpp>
#include <gtap/pruning/procedures.hpp>
#include <gtap/pruning/scorers.hpp>

#include "../support/networks.hpp"
#include "../support/option_check.hpp"
#include "../support/output_folder.hpp"
#include "../support/plot.hpp"
#include "../support/progress_line.hpp"
#include "../support/run_program.hpp"
#include "cifar.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace gtap;

namespace {

struct Settings {
  std::uint64_t seed = 1;
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  std::filesystem::path out = "out";
  std::filesystem::path json;
  std::size_t threads = 0;
  std::size_t epochs = 0;  ///< 0: as many as the data set and --quick say
  bool quick = false;

  const std::vector<double> fractions{0.5, 1.0 / 3.0};  ///< of the multiply-adds
  std::size_t training_images() const { return quick ? 1'024 : 50'000; }
  std::size_t test_images() const { return quick ? 512 : 10'000; }
  std::size_t value_images() const { return quick ? 64 : 256; }
  std::size_t calibration_images() const { return quick ? 256 : 1'024; }
  std::size_t fine_tuning_images() const { return quick ? 512 : 50'000; }
  double part_of_round() const { return quick ? 0.5 : 0.25; }
};

/// A ranking and where it led: masks from the largest fraction to the smallest.
struct Method {
  std::string method;
  std::string index;
  std::function<std::vector<Coalition>()> masks;
};

struct Row {
  double fraction;
  std::string method;
  std::string index;
  double accuracy;
  double compensated;
  double fine_tuned;
  std::size_t units;
  std::size_t parameters;
  std::size_t macs;
  double microseconds;
};

double microseconds(const nn::Network<float>& net, const nn::Tensor<float>& images) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int repetition = 0; repetition < 3; ++repetition) {
    const auto begin = Clock::now();
    nn::forward(net, images, 1);
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  return times[1] / static_cast<double>(images.images());
}

/// Everything that one network and its data are pruned with.
class Study {
 public:
  Study(nn::Network<float> net, const Images& data, const Settings& settings)
      : settings_(settings),
        net_(std::move(net)),
        units_(net_),
        training_(data.train.subset(0, std::min(settings.training_images(), data.train.size()))),
        values_(training_.subset(0, settings.value_images())),
        calibration_(training_.subset(0, settings.calibration_images()).images),
        test_(data.test.subset(0, std::min(settings.test_images(), data.test.size()))) {}

  const nn::Network<float>& net() const { return net_; }

  /// Seconds.
  double train(std::size_t epochs) {
    nn::initialize(net_, settings_.seed);
    support::ProgressLine line("training", epochs * training_.size());
    return nn::train(
               net_, training_,
               {.epochs = epochs,
                .batch = 128,
                .optimizer = nn::Sgd{.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 5e-4},
                .final_rate = 0.01,
                .shift = 1,
                .mirror = true,
                .seed = settings_.seed,
                .threads = settings_.threads,
                .progress = line.callback()})
        .seconds;
  }

  double accuracy(const nn::Network<float>& net) const {
    return nn::evaluate(net, test_, settings_.threads).accuracy;
  }

  std::vector<Method> methods() const {
    const auto baseline = [this](Baseline kind) {
      return [this, kind] { return masks(BaselineScorer<float>(kind, net_, units_, values_)); };
    };
    const auto dropout = [this] {
      const NetworkGame game(net_, values_, CrossEntropy{}, units_);
      std::uint64_t round = 0;
      return masks([&](const Coalition& kept) {
        const auto part = restricted(game, kept);
        return estimate(part, DropoutBand{0.5, 1.0}, SharedCoalition{},
                        {.evaluations = 2 * (part.players() + 1),
                         .seed = derive_seed(settings_.seed, ++round),
                         .threads = settings_.threads})
            .values;
      });
    };
    const auto leave_one_out = [this] {
      const NetworkGame game(net_, values_, CrossEntropy{}, units_);
      return masks(leave_one_out_scorer(game));
    };
    return {{"gtap", "dropout .5 to 1 of the cross-entropy", dropout},
            {"baseline", "weight magnitude L2", baseline(Baseline::magnitude_l2)},
            {"baseline", "weight x gradient", baseline(Baseline::weight_gradient)},
            {"baseline", "leave-one-out", leave_one_out}};
  }

  /// Compacts, compensates, and trains one pass more.
  Row judge(const Method& method, double fraction, const Coalition& kept) const {
    Compacted<float> smaller = compact(net_, units_, kept);
    Row row{.fraction = fraction,
            .method = method.method,
            .index = method.index,
            .accuracy = accuracy(smaller.network),
            .compensated = 0.0,
            .fine_tuned = 0.0,
            .units = kept.size(),
            .parameters = smaller.network.parameters(),
            .macs = smaller.network.macs(),
            .microseconds = microseconds(smaller.network, values_.images)};
    compensate(smaller, net_, calibration_);
    row.compensated = accuracy(smaller.network);
    nn::train(smaller.network,
              training_.subset(0, std::min(settings_.fine_tuning_images(), training_.size())),
              {.epochs = 1,
               .optimizer = nn::Sgd{.learning_rate = 0.02, .momentum = 0.9, .weight_decay = 5e-4},
               .final_rate = 0.01,
               .shift = 1,
               .mirror = true,
               .seed = settings_.seed,
               .threads = settings_.threads});
    row.fine_tuned = accuracy(smaller.network);
    return row;
  }

  double full_microseconds() const { return microseconds(net_, values_.images); }

 private:
  /// The largest mask of a path that fits into each fraction of the multiply-adds. Units leave by
  /// their score for each multiply-add that leaves with them, whoever scores.
  template <class Scorer>
  std::vector<Coalition> masks(Scorer&& scorer) const {
    const auto macs = mac_cost(net_, units_);
    const double full = static_cast<double>(net_.macs());
    const auto for_each_mac = [&](const Coalition& kept) {
      std::vector<double> scores = scorer(kept);
      const double all = macs(kept);
      Coalition less = kept;
      std::size_t k = 0;
      kept.for_each([&](Player p) {
        less.erase(p);
        scores[k++] /= all - macs(less);
        less.insert(p);
      });
      return scores;
    };
    const PruningPath path = iterated_pruning(
        units_.size(), for_each_mac,
        {.keep = Budget::cost("multiply-adds", macs, settings_.fractions.back() * full),
         .schedule = Schedule::fraction(settings_.part_of_round()),
         .constraints = layer_constraints(units_)});
    // Inside a round units leave from the lowest score up, so fractions may fall between rounds.
    std::vector<Coalition> result;
    for (const double fraction : settings_.fractions) {
      std::size_t fits = path.back().kept.size();
      std::size_t too_many = units_.size() + 1;
      while (fits + 1 < too_many) {
        const std::size_t middle = (fits + too_many) / 2;
        (macs(path.at_units(middle)) <= fraction * full ? fits : too_many) = middle;
      }
      result.push_back(path.at_units(fits));
    }
    return result;
  }

  const Settings& settings_;
  nn::Network<float> net_;
  Units units_;
  nn::Dataset<float> training_;
  nn::Dataset<float> values_;
  nn::Tensor<float> calibration_;
  nn::Dataset<float> test_;
};

void print(const std::vector<Row>& rows) {
  std::printf("\n%-10s %-38s %6s %6s %10s %11s %9s %9s %12s %11s\n", "", "", "macs", "units",
              "parameters", "macs", "us/image", "accuracy", "compensated", "fine-tuned");
  for (const Row& row : rows) {
    std::printf("%-10s %-38s %6.3f %6zu %10zu %11zu %9.1f %9.4f %12.4f %11.4f\n",
                row.method.c_str(), row.index.c_str(), row.fraction, row.units, row.parameters,
                row.macs, row.microseconds, row.accuracy, row.compensated, row.fine_tuned);
  }
}

bool plot(const std::vector<Row>& rows, double full, const std::string& name,
          const support::OutputFolder& folder) {
  support::Plot plot;
  std::vector<std::string> indices;
  for (const Row& row : rows) {
    if (std::find(indices.begin(), indices.end(), row.index) == indices.end()) {
      indices.push_back(row.index);
    }
  }
  for (std::size_t k = 0; k < indices.size(); ++k) {
    std::vector<double> x{1.0};
    std::vector<double> plain{full};
    std::vector<double> compensated{full};
    std::vector<double> fine_tuned{full};
    for (const Row& row : rows) {
      if (row.index != indices[k]) continue;
      x.push_back(row.fraction);
      plain.push_back(row.accuracy);
      compensated.push_back(row.compensated);
      fine_tuned.push_back(row.fine_tuned);
    }
    const std::string style = "linespoints pt 7 ps 0.5" + support::plot_colour(k);
    plot.add(x, compensated, style + " lw 2", indices[k] + ", compensated");
    plot.add(x, plain, style + " dt 2", "the same, as cut");
    plot.add(x, fine_tuned, style + " dt 3", "the same, fine-tuned");
  }
  return folder.plot("accuracy_" + name,
                     plot.script("set title '" + name +
                                 "'\nset xlabel 'kept fraction of the multiply-adds'\nset ylabel "
                                 "'test accuracy'\nset xrange [0:1]\nset yrange [0:1]\nset grid\n"
                                 "set key below maxcols 3 width -4\n"));
}

nlohmann::ordered_json to_json(const std::string& name, double accuracy, double seconds,
                               std::size_t macs, const std::vector<Row>& rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    list.push_back({{"macs_fraction", row.fraction},
                    {"method", row.method},
                    {"index", row.index},
                    {"accuracy", row.accuracy},
                    {"compensated", row.compensated},
                    {"fine_tuned", row.fine_tuned},
                    {"units", row.units},
                    {"parameters", row.parameters},
                    {"microseconds", row.microseconds}});
  }
  return {{"net", name},
          {"full_accuracy", accuracy},
          {"train_seconds", seconds},
          {"full_macs", macs},
          {"rows", std::move(list)}};
}

void run(const Settings& settings) {
  const support::OutputFolder folder(settings.out);
  const bool cifar = std::filesystem::exists(settings.data / "data_batch_1.bin");
  Images data;
  if (cifar) {
    data = load_cifar10(settings.data);
  } else {
    MnistLike loaded = load_mnist_like(settings.data);
    data = {std::move(loaded.train), std::move(loaded.test)};
  }
  const std::string name = "resnet20";
  Study study(support::resnet20(data.train.images.shape(), settings.quick ? 1 : 3), data, settings);
  std::size_t epochs = settings.epochs;
  if (epochs == 0) epochs = settings.quick ? 1 : cifar ? 60 : 10;
  const double seconds = study.train(epochs);
  const double full = study.accuracy(study.net());
  std::printf(
      "%s: test accuracy %.4f after %.1f s of training; %zu parameters, %zu multiply-adds, "
      "%.1f us an image\n",
      name.c_str(), full, seconds, study.net().parameters(), study.net().macs(),
      study.full_microseconds());
  std::vector<Row> rows;
  const auto write = [&] {
    folder.write("figures.json",
                 to_json(name, full, seconds, study.net().macs(), rows).dump(1) + "\n");
  };
  for (const Method& method : study.methods()) {
    const std::vector<Coalition> masks = method.masks();
    support::ProgressLine line(method.index, masks.size());
    for (std::size_t f = 0; f < masks.size(); ++f) {
      rows.push_back(study.judge(method, settings.fractions[f], masks[f]));
      line.show(f + 1);
      write();  // what is there, should the rest be cut short
    }
  }
  print(rows);
  if (!settings.json.empty()) {
    support::write_file(settings.json,
                        to_json(name, full, seconds, study.net().macs(), rows).dump(1) + "\n");
  }
  std::printf("\nfigures and plots are in %s/\n", folder.string().c_str());
  if (!plot(rows, full, name, folder))
    std::fputs("plots are missing: gnuplot is not there, failed, or wrote only a part\n", stderr);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app(
      "Trains ResNet-20 on Fashion-MNIST or CIFAR-10, prunes it to fractions of its multiply-adds "
      "by a power index and by baselines, compacts, compensates and fine-tunes it, and reports "
      "what was won.");
  app.add_option("--seed", settings.seed, "seed of everything random")
      ->capture_default_str()
      ->transform(support::whole_number(0, support::largest_seed));
  app.add_option("--data", settings.data,
                 "folder with the four IDX files of a data set like MNIST, or with CIFAR-10's "
                 "binary files")
      ->capture_default_str();
  app.add_option("--out", settings.out, "folder for tables and plots")->capture_default_str();
  app.add_option("--json", settings.json, "also write the figures to this file")
      ->check(support::not_writable);
  app.add_option("--epochs", settings.epochs, "passes of training; 0: 10, of CIFAR-10 60")
      ->capture_default_str()
      ->transform(support::whole_number(0, 100'000));
  app.add_option("--threads", settings.threads, "0: as many as the machine offers")
      ->capture_default_str()
      ->transform(support::whole_number(0, gtap::most_threads));
  app.add_flag("--quick", settings.quick, "small sizes, for a try or a test: under a minute");
  return support::run_program(app, argc, argv, [&] { run(settings); });
}
