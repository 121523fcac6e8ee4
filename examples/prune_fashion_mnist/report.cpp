#include "report.hpp"

#include "../support/plot.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <sstream>
#include <utility>

using namespace gtap;

namespace {

const Curve& chosen(const std::vector<Curve>& curves) {
  return *std::find_if(curves.begin(), curves.end(), [](const Curve& c) { return c.chosen; });
}

const Curve* find(const std::vector<Curve>& curves, const std::string& index,
                  const std::string& procedure) {
  const auto found = std::find_if(curves.begin(), curves.end(), [&](const Curve& curve) {
    return curve.recipe.method == "baseline" && curve.recipe.index == index &&
           curve.recipe.procedure == procedure;
  });
  return found == curves.end() ? nullptr : &*found;
}

std::string title(const Recipe& recipe) {
  return recipe.index + (recipe.value.empty() ? "" : " of " + recipe.value) + ", " +
         recipe.procedure;
}

/// "300-100": units of each layer.
std::string layers(const Problem& problem, const Coalition& kept) {
  std::string text;
  for (const std::size_t count : problem.units.count(kept)) {
    if (!text.empty()) text += '-';
    text += std::to_string(count);
  }
  return text;
}

}  // namespace

void print_chosen(const Problem& problem, const std::vector<Curve>& curves,
                  const Settings& settings) {
  const Curve& curve = chosen(curves);
  const auto full = Coalition::grand(problem.units.size());
  const Cost all = cost(problem.net, problem.units, full);
  std::printf("\n%s: %s, the recipe that validation images chose\n", problem.name.c_str(),
              title(curve.recipe).c_str());
  std::printf("%6s %16s %11s %11s %9s %9s %12s %11s\n", "kept", "units", "parameters", "macs",
              "us/image", "accuracy", "compensated", "fine-tuned");
  std::printf("%6.2f %16s %11zu %11zu %9.2f %9.4f\n", 1.0, layers(problem, full).c_str(),
              all.parameters, all.macs,
              forward_microseconds(problem.net, problem.calibration.images), problem.full_accuracy);
  for (std::size_t f = 0; f < settings.fractions.size(); ++f) {
    std::printf("%6.2f %16s %11zu %11zu %9.2f %9.4f %12.4f %11.4f\n", settings.fractions[f],
                layers(problem, curve.kept[f]).c_str(), curve.costs[f].parameters,
                curve.costs[f].macs, curve.microseconds[f], curve.accuracy[f], curve.compensated[f],
                curve.fine_tuned[f]);
  }
  double difference = 0.0;
  for (const Curve& other : curves) {
    difference =
        std::max(difference, *std::max_element(other.difference.begin(), other.difference.end()));
  }
  std::printf("largest difference of compacted from masked outputs, all recipes: %.2g\n",
              difference);
}

void print_recipes(const std::vector<Curve>& curves) {
  std::vector<std::reference_wrapper<const Curve>> sorted(curves.begin(), curves.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const Curve& a, const Curve& b) {
    return a.mean_accuracy() > b.mean_accuracy();
  });
  std::printf("\n%-9s %-56s %10s %10s %12s %8s\n", "", "mean over kept fractions", "test",
              "validation", "evaluations", "seconds");
  for (const Curve& curve : sorted) {
    std::printf("%-9s %-56s %10.4f %10.4f %12zu %8.2f%s\n", curve.recipe.method.c_str(),
                title(curve.recipe).c_str(), curve.mean_accuracy(), curve.mean_validation(),
                curve.evaluations, curve.seconds, curve.chosen ? "  chosen" : "");
  }
}

nlohmann::ordered_json to_json(const Problem& problem, const std::vector<Curve>& curves,
                               const Settings& settings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Curve& curve : curves) {
    list.push_back({{"method", curve.recipe.method},
                    {"procedure", curve.recipe.procedure},
                    {"index", curve.recipe.index},
                    {"value", curve.recipe.value},
                    {"design", curve.recipe.design},
                    {"chosen", curve.chosen},
                    {"kept", settings.fractions},
                    {"accuracy", curve.accuracy},
                    {"compensated", curve.compensated},
                    {"fine_tuned", curve.fine_tuned},
                    {"validation", curve.validation},
                    {"difference", curve.difference},
                    {"evaluations", curve.evaluations},
                    {"seconds", curve.seconds}});
  }
  return {{"net", problem.name},
          {"full_accuracy", problem.full_accuracy},
          {"train_seconds", problem.train_seconds},
          {"curves", std::move(list)}};
}

std::string csv_heading() {
  return "net,method,procedure,index,value,design,chosen,kept,units,parameters,macs,validation,"
         "accuracy,compensated,fine_tuned\n";
}

std::string to_csv(const Problem& problem, const std::vector<Curve>& curves,
                   const Settings& settings) {
  std::ostringstream out;
  for (const Curve& curve : curves) {
    for (std::size_t f = 0; f < settings.fractions.size(); ++f) {
      out << problem.name << ',' << curve.recipe.method << ',' << curve.recipe.procedure << ','
          << '"' << curve.recipe.index << "\"," << curve.recipe.value << ',' << curve.recipe.design
          << ',' << (curve.chosen ? "true" : "false") << ',' << settings.fractions[f] << ','
          << layers(problem, curve.kept[f]) << ',' << curve.costs[f].parameters << ','
          << curve.costs[f].macs << ',' << curve.validation[f] << ',' << curve.accuracy[f] << ','
          << curve.compensated[f] << ',' << curve.fine_tuned[f] << '\n';
    }
  }
  return out.str();
}

bool plot_accuracy(const Problem& problem, const std::vector<Curve>& curves,
                   const Settings& settings, const support::OutputFolder& folder) {
  support::Plot plot;
  std::vector<double> kept = settings.fractions;
  kept.insert(kept.begin(), 1.0);
  const auto add = [&](const std::string& name, std::vector<double> accuracy,
                       const std::string& style) {
    accuracy.insert(accuracy.begin(), problem.full_accuracy);
    plot.add(kept, accuracy, "linespoints pt 7 ps 0.5" + style, name);
  };
  const Curve& best = chosen(curves);
  const std::string wide = support::plot_colour(0) + " lw 3";
  add(title(best.recipe), best.accuracy, wide);
  add("the same, compensated", best.compensated, wide + " dt 2");
  add("the same, fine-tuned", best.fine_tuned, wide + " dt 3");
  const std::vector<std::pair<std::string, std::string>> baselines{
      {"leave-one-out", "iterated pruning"},
      {"weight x gradient", "iterated pruning"},
      {"Taylor", "iterated pruning"},
      {"weight x gradient", "top-n"},
      {"RMS activation x outgoing norm", "top-n"},
      {"weight magnitude L2", "top-n"},
      {"random", "top-n"}};
  for (std::size_t b = 0; b < baselines.size(); ++b) {
    if (const Curve* curve = find(curves, baselines[b].first, baselines[b].second))
      add(title(curve->recipe), curve->accuracy, support::plot_colour(1 + b) + " lw 1.5");
  }
  return folder.plot("accuracy_" + problem.name,
                     plot.script("set title '" + problem.name +
                                 "'\nset xlabel 'kept fraction of hidden units'\nset ylabel 'test "
                                 "accuracy'\nset xrange [0:1]\nset yrange [0:1]\nset grid\nset key "
                                 "below maxcols 2 width -4\n"));
}

bool plot_bands(const std::vector<BandCurve>& bands, const support::OutputFolder& folder) {
  support::Plot plot;
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const BandCurve& band = bands[b];
    std::vector<double> low = band.mean;
    std::vector<double> high = band.mean;
    for (std::size_t k = 0; k < low.size(); ++k) {
      low[k] -= band.deviation[k];
      high[k] += band.deviation[k];
    }
    const std::string colour = support::plot_colour(b);
    plot.fill(band.retention, low, high, colour);
    plot.add(band.retention, band.mean, "lines lw 2" + colour, band.net + ", mean");
    plot.add(band.retention, band.deviation, "lines dt 2 lw 2" + colour,
             band.net + ", standard deviation");
  }
  return folder.plot(
      "uncertainty_band",
      plot.script("set title 'Accuracy of random sub-networks: mean and one standard deviation "
                  "around it'\nset xlabel 'retention probability'\nset ylabel 'accuracy'\nset "
                  "xrange [0:1]\nset yrange [0:1]\nset grid\nset key left top\n"));
}
