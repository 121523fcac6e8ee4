#include "plots.hpp"

#include "../support/plot.hpp"
#include "paper.hpp"
#include "report.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace gtap;

namespace {

std::string file_name(std::string text) {
  std::replace(text.begin(), text.end(), ' ', '_');
  return text;
}

}  // namespace

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
      plot.add(all_fractions(), mean_of(curve.accuracy), deviation_of(curve.accuracy),
               support::plot_colour(0));
      plot.add(all_fractions(), mean_of(curve.compensated),
               "lines lw 2 dt 2" + support::plot_colour(0), "chosen, compensated");
    } else if (found != indices.end() &&
               (curve.recipe.method == "baseline" ||
                (curve.recipe.value == "accuracy" && curve.recipe.design == "shared-coalition"))) {
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
                                 "below maxcols 3\n"));
}

bool plot_bands(const std::vector<std::vector<Subject>>& kinds,
                const support::OutputFolder& folder) {
  support::Plot plot;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const Subject& subject = kinds[k].front();
    const std::string name = subject.net + ", " + subject.training;
    const UncertaintyBand& band = subject.band;
    Values low = band.mean;
    Values high = band.mean;
    for (std::size_t p = 0; p < low.size(); ++p) {
      low[p] -= band.spread[p];
      high[p] += band.spread[p];
    }
    plot.fill(band.retentions, low, high, support::plot_colour(k));
    plot.add(band.retentions, band.mean, "lines lw 2" + support::plot_colour(k), name);
  }
  return folder.plot("paper_bands",
                     plot.script("set title 'Accuracy of random sub-networks: mean, and one "
                                 "standard deviation to either side'\nset xlabel "
                                 "'retention probability'\nset ylabel 'accuracy'\nset xrange "
                                 "[0:1]\nset yrange [0:1]\nset grid\nset key below maxcols 3\n"));
}
