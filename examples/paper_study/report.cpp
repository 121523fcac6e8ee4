#include "report.hpp"

#include "../support/number.hpp"
#include "paper.hpp"

#include <algorithm>
#include <sstream>

using namespace gtap;
using support::number;

namespace {

std::string row(const std::string& name, const Values& values, const Values& deviations = {}) {
  std::string line = "| " + name + " |";
  for (std::size_t k = 0; k < values.size(); ++k) {
    line += number(" %.3f", values[k]);
    if (!deviations.empty()) line += number(" ±%.3f", deviations[k]);
    line += " |";
  }
  return line + '\n';
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

}  // namespace

std::string title(const Recipe& recipe) {
  return recipe.index + (recipe.value.empty() ? "" : ", " + recipe.value) +
         (recipe.design.empty() || recipe.design == "shared-coalition" ? "" : ", " + recipe.design);
}

std::string tables_heading(const Settings& settings) {
  std::ostringstream out;
  out << "# The paper's experiment in tables\n\nWritten by `paper_study`"
      << (settings.quick ? " --quick" : "") << ", seeds " << settings.seed << " to "
      << settings.seed + settings.networks() - 1
      << ". Test accuracies by kept fraction are means over seeds, ± their standard deviations; in "
         "brackets the evaluations of coalitions and the seconds on one thread, also means. Every "
         "recipe is judged on "
      << settings.common_test_images()
      << " test images; the chosen one, the best by the paper's protocol and the best baseline of "
         "each procedure, which validation images tell, on all of them. Chosen recipes are also "
         "compensated, and fine-tuned on "
      << settings.fine_tuning_images() << " training images; the rest was neither.\n\n";
  return out.str();
}

std::string describe(const std::vector<Subject>& subjects) {
  std::ostringstream out;
  const Subject& first = subjects.front();
  out << "## " << first.net << ", " << first.training << "\n\n";
  for (const Subject& subject : subjects) {
    out << "- seed " << subject.seed << number(": test accuracy %.4f", subject.full_accuracy)
        << number(" after %.0f s of training;", subject.train_seconds)
        << number(" uncertainty band %.3f", subject.band.low)
        << number(" to %.3f,", subject.band.high) << number(" peak %.3f", subject.band.peak)
        << '\n';
  }
  return out.str() + '\n';
}

std::string table(const std::vector<Curve>& curves, const std::string& procedure) {
  const PaperTable& paper = paper_table(procedure);
  std::ostringstream out;
  out << heading(curves.front().net + ", " + curves.front().training + ", " + procedure,
                 paper.kept);
  std::vector<std::pair<double, std::string>> lines;
  for (const Curve& curve : curves) {
    if (curve.recipe.procedure != procedure) continue;
    const Values values = at_fractions(mean_of(curve.accuracy), paper.kept);
    const std::string name =
        (curve.recipe.method == "baseline" ? "baseline: " : "") + title(curve.recipe) +
        (curve.chosen     ? " (**chosen**)"
         : curve.protocol ? " (**best by the protocol**)"
                          : "") +
        number(" [%.0f,", mean_of(curve.evaluations)) + number(" %.1f s]", mean_of(curve.seconds));
    const Values deviations = at_fractions(deviation_of(curve.accuracy), paper.kept);
    lines.emplace_back(-mean_of(values), row(name, values, deviations));
  }
  std::stable_sort(lines.begin(), lines.end());
  for (const auto& line : lines)
    out << line.second;
  if (procedure != "iterated building") {
    for (const auto& [name, values] : paper.gtap)
      out << row("paper: " + name, values) << '\n';
    for (const auto& [name, values] : paper.baselines)
      out << row("paper: " + name, values) << '\n';
  }
  return out.str();
}

std::string finalists_table(const std::vector<Curve>& curves, double full_accuracy) {
  std::ostringstream out;
  out << heading(
      curves.front().net + ", " + curves.front().training + number(", full %.4f", full_accuracy),
      all_fractions());
  for (const Curve& curve : curves) {
    if (curve.compensated.empty()) continue;
    const std::string name = curve.recipe.procedure + ": " +
                             (curve.recipe.method == "baseline" ? "baseline: " : "") +
                             title(curve.recipe);
    out << row(name, mean_of(curve.accuracy), deviation_of(curve.accuracy))
        << row("- compensated", mean_of(curve.compensated), deviation_of(curve.compensated))
        << row("- and fine-tuned", mean_of(curve.fine_tuned), deviation_of(curve.fine_tuned));
  }
  return out.str();
}

std::string margins(const std::vector<Curve>& curves) {
  std::ostringstream out;
  const std::string kind = curves.front().net + ", " + curves.front().training + ", ";
  for (const Curve& curve : curves) {
    const bool has_table = curve.recipe.procedure != "iterated building";
    if (!has_table || !(curve.chosen || curve.protocol)) continue;
    const Values kept = paper_table(curve.recipe.procedure).kept;
    const Values values = at_fractions(mean_of(curve.accuracy), kept);
    const Values paper = paper_table(curve.recipe.procedure).best();
    Values margin;
    for (std::size_t k = 0; k < kept.size(); ++k)
      margin.push_back(values[k] - paper[k]);
    const auto worst = std::min_element(margin.begin(), margin.end()) - margin.begin();
    std::string passed_by;  // fractions at which some baseline is ahead
    for (std::size_t k = 0; k < kept.size(); ++k) {
      for (const Curve& other : curves) {
        if (other.recipe.method != "baseline" || other.recipe.procedure != curve.recipe.procedure)
          continue;
        if (at_fractions(mean_of(other.accuracy), kept)[k] <= values[k]) continue;
        passed_by += number(passed_by.empty() ? "%.3g" : ", %.3g", kept[k]);
        break;
      }
    }
    const auto at = static_cast<std::size_t>(worst);
    out << "| " << kind << curve.recipe.procedure << " | " << title(curve.recipe)
        << (curve.chosen ? "" : " (protocol)") << number(" | %+.3f", margin[at])
        << number(" at %.3g", kept[at]) << " | " << (passed_by.empty() ? "none" : passed_by)
        << " |\n";
  }
  return out.str();
}

std::string margins_heading() {
  return "| net, training, procedure | recipe | least margin over the paper's best curve | kept "
         "fractions at which a baseline is ahead |\n|---|---|---|---|\n";
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
                    {"seeds", settings.networks()},
                    {"evaluations", mean_of(curve.evaluations)},
                    {"seconds", mean_of(curve.seconds)},
                    {"validation_mean", mean_of(curve.validation)},
                    {"full_accuracy_mean", full_accuracy}});
  }
  return list;
}

std::string csv_heading() {
  return "net,training,method,procedure,index,value,design,chosen,kept,accuracy_mean,accuracy_sd,"
         "compensated_mean,fine_tuned_mean,seeds,evaluations,seconds,validation_mean\n";
}

std::string to_csv(const std::vector<Curve>& curves, const Settings& settings) {
  std::ostringstream out;
  for (const Curve& curve : curves) {
    const Recipe& recipe = curve.recipe;
    const Values accuracy = mean_of(curve.accuracy);
    const Values deviation = deviation_of(curve.accuracy);
    const Values compensated = mean_of(curve.compensated);
    const Values fine_tuned = mean_of(curve.fine_tuned);
    const Values validation = mean_of(curve.validation);
    for (std::size_t f = 0; f < all_fractions().size(); ++f) {
      out << curve.net << ',' << curve.training << ',' << recipe.method << ',' << recipe.procedure
          << ",\"" << recipe.index << "\",\"" << recipe.value << "\",\"" << recipe.design << "\","
          << (curve.chosen ? "true" : "false") << ',' << all_fractions()[f] << ',' << accuracy[f]
          << ',' << deviation[f] << ',';
      if (!compensated.empty()) out << compensated[f];
      out << ',';
      if (!fine_tuned.empty()) out << fine_tuned[f];
      out << ',' << settings.networks() << ',' << mean_of(curve.evaluations) << ','
          << mean_of(curve.seconds) << ',' << validation[f] << '\n';
    }
  }
  return out.str();
}
