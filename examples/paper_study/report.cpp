#include "report.hpp"

#include "../support/plot.hpp"
#include "paper.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

using namespace gtap;

namespace {

std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string row(const std::string& name, const Values& values) {
  std::string line = "| " + name + " |";
  for (const double value : values)
    line += number(" %.3f |", value);
  return line;
}

std::string heading(const std::string& name, const Values& kept) {
  std::string line = "| " + name + " |";
  std::string rule = "|---|";
  for (const double fraction : kept) {
    line += number(" %.3g |", fraction);
    rule += "---|";
  }
  return line + '\n' + rule + '\n';
}

std::string title(const Recipe& recipe) {
  return recipe.index + (recipe.value.empty() ? "" : ", " + recipe.value) +
         (recipe.design.empty() || recipe.design == "SharedCoalition" ? "" : ", " + recipe.design);
}

std::string file_name(std::string text) {
  std::replace(text.begin(), text.end(), ' ', '_');
  return text;
}

}  // namespace

std::string table(const std::vector<Curve>& curves, const std::string& procedure) {
  const PaperTable& paper = paper_table(procedure);
  std::ostringstream out;
  out << heading(curves.front().net + ", " + curves.front().training + ", " + procedure,
                 paper.kept);
  std::vector<std::pair<double, std::string>> lines;
  for (const Curve& curve : curves) {
    if (curve.recipe.procedure != procedure) continue;
    const Values values = at_fractions(mean_of(curve.accuracy), paper.kept);
    const std::string name = (curve.recipe.method == "baseline" ? "baseline: " : "") +
                             title(curve.recipe) + (curve.chosen ? " (chosen)" : "") +
                             number(" [%.0f evaluations,", curve.evaluations) +
                             number(" %.1f s]", curve.seconds);
    lines.emplace_back(-mean_of(values), row(name, values));
  }
  std::stable_sort(lines.begin(), lines.end());
  for (const auto& line : lines)
    out << line.second << '\n';
  if (procedure != "iterated building") {
    for (const auto& [name, values] : paper.gtap)
      out << row("paper: " + name, values) << '\n';
    for (const auto& [name, values] : paper.baselines)
      out << row("paper: " + name, values) << '\n';
  }
  return out.str();
}

std::string chosen_table(const std::vector<Curve>& curves, double full_accuracy) {
  std::ostringstream out;
  out << heading(
      curves.front().net + ", " + curves.front().training + number(", full %.4f", full_accuracy),
      all_fractions());
  for (const Curve& curve : curves) {
    if (curve.compensated.empty()) continue;
    const std::string name = curve.recipe.procedure + ": " + title(curve.recipe);
    out << row(name, mean_of(curve.accuracy)) << '\n'
        << row("standard deviation over seeds", deviation_of(curve.accuracy)) << '\n'
        << row("compensated", mean_of(curve.compensated)) << '\n'
        << row("compensated and fine-tuned", mean_of(curve.fine_tuned)) << '\n';
  }
  return out.str();
}

nlohmann::ordered_json to_json(const std::vector<Curve>& curves, double full_accuracy,
                               const Settings& settings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  const auto or_null = [](const std::vector<Values>& values) -> nlohmann::ordered_json {
    if (values.empty()) return nullptr;
    return mean_of(values);
  };
  for (const Curve& curve : curves) {
    list.push_back({{"net", curve.net},
                    {"training", curve.training},
                    {"method", curve.recipe.method},
                    {"procedure", curve.recipe.procedure},
                    {"index", curve.recipe.index},
                    {"value", curve.recipe.value},
                    {"design", curve.recipe.design},
                    {"chosen", curve.chosen},
                    {"kept", all_fractions()},
                    {"accuracy_mean", mean_of(curve.accuracy)},
                    {"accuracy_sd", deviation_of(curve.accuracy)},
                    {"compensated_mean", or_null(curve.compensated)},
                    {"fine_tuned_mean", or_null(curve.fine_tuned)},
                    {"seeds", settings.seeds},
                    {"evaluations", curve.evaluations},
                    {"seconds", curve.seconds},
                    {"validation_mean", mean_of(curve.validation)},
                    {"full_accuracy_mean", full_accuracy}});
  }
  return list;
}

bool plot_curves(const std::vector<Curve>& curves, const std::string& procedure,
                 const support::OutputFolder& folder) {
  const PaperTable& paper = paper_table(procedure);
  support::Plot plot;
  std::size_t k = 0;
  for (const auto& [name, values] : paper.gtap)
    plot.add(paper.kept, values, "points pt 6 ps 1" + support::plot_colour(1 + k++),
             "paper, " + name);
  for (const auto& [name, values] : paper.baselines)
    plot.add(paper.kept, values, "points pt 4 ps 0.8" + support::plot_colour(1 + k++),
             "paper, " + name);
  const auto draw = [&](const Curve& curve, const std::string& style) {
    plot.add(all_fractions(), mean_of(curve.accuracy), "lines" + style, title(curve.recipe));
  };
  // In the colours of the paper's points; its baselines are the one-shot ones.
  const std::vector<std::string> indices{"dropout .225", "Shapley", "Banzhaf", "WMP", "W.GMP"};
  for (const Curve& curve : curves) {
    const auto found = std::find(indices.begin(), indices.end(), curve.recipe.index);
    if (curve.recipe.procedure != procedure) continue;
    if (curve.chosen) {
      draw(curve, " lw 3" + support::plot_colour(0));
      plot.add(all_fractions(), mean_of(curve.compensated),
               "lines lw 2 dt 2" + support::plot_colour(0), "chosen, compensated");
    } else if (found != indices.end() &&
               (curve.recipe.method == "baseline" ||
                (curve.recipe.value == "accuracy" && curve.recipe.design == "SharedCoalition"))) {
      draw(curve,
           " lw 1.5" + support::plot_colour(1 + static_cast<std::size_t>(found - indices.begin())));
    }
  }
  const std::string& net = curves.front().net;
  const std::string& training = curves.front().training;
  return folder.plot("paper_" + net + "_" + training + "_" + file_name(procedure),
                     plot.script("set title '" + net + ", " + training + ", " + procedure +
                                 "'\nset xlabel 'kept fraction of hidden units'\nset ylabel 'test "
                                 "accuracy'\nset xrange [0:1]\nset yrange [0:1]\nset grid\nset key "
                                 "outside right top\n"));
}

bool plot_bands(const std::vector<std::vector<Subject>>& kinds,
                const support::OutputFolder& folder) {
  support::Plot plot;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const Subject& subject = kinds[k].front();
    const std::string name = subject.net + ", " + subject.training;
    plot.add(subject.band.retentions, subject.band.mean, "lines lw 2" + support::plot_colour(k),
             name + ", mean");
    plot.add(subject.band.retentions, subject.band.spread,
             "lines lw 2 dt 2" + support::plot_colour(k), name + ", deviation");
  }
  return folder.plot("paper_bands",
                     plot.script("set title 'Accuracy of random sub-networks'\nset xlabel "
                                 "'retention probability'\nset ylabel 'accuracy'\nset xrange "
                                 "[0:1]\nset yrange [0:1]\nset grid\nset key outside right top\n"));
}
