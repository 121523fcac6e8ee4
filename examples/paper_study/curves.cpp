#include "curves.hpp"

#include <gtap/execution/thread_pool.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/network/compensation.hpp>
#include <gtap/nn/evaluate.hpp>
#include <gtap/nn/train.hpp>

#include "../support/progress_line.hpp"
#include "paper.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace gtap;

double mean_of(const Values& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Values mean_of(const std::vector<Values>& values) {
  Values means(values.empty() ? 0 : values.front().size(), 0.0);
  for (const Values& of_seed : values) {
    for (std::size_t f = 0; f < means.size(); ++f)
      means[f] += of_seed[f] / static_cast<double>(values.size());
  }
  return means;
}

Values deviation_of(const std::vector<Values>& values) {
  const Values means = mean_of(values);
  Values deviations(means.size(), 0.0);
  if (values.size() < 2) return deviations;
  for (std::size_t f = 0; f < means.size(); ++f) {
    for (const Values& of_seed : values)
      deviations[f] += std::pow(of_seed[f] - means[f], 2);
    deviations[f] = std::sqrt(deviations[f] / static_cast<double>(values.size() - 1));
  }
  return deviations;
}

Values at_fractions(const Values& values, const Values& fractions) {
  const Values& all = all_fractions();
  Values at;
  for (const double fraction : fractions) {
    const auto place = std::find(all.begin(), all.end(), fraction) - all.begin();
    at.push_back(values[static_cast<std::size_t>(place)]);
  }
  return at;
}

double Curve::worst_margin(const std::vector<Values>& values) const {
  const PaperTable& table = paper_table(recipe.procedure);
  const Values paper = table.best();
  const Values ours = at_fractions(mean_of(values), table.kept);
  double worst = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < paper.size(); ++k)
    worst = std::min(worst, ours[k] - paper[k]);
  return worst;
}

namespace {

double accuracy(const nn::Network<float>& net, const nn::Dataset<float>& images) {
  return nn::evaluate(net, images, 1).accuracy;
}

/// Finds masks and judges them, as every recipe.
void run(const Subject& subject, const nn::Network<float>& net, const Data& data,
         const Settings& settings, Curve& curve, std::size_t s, Values& costs) {
  const PruningPath path = curve.recipe.run(subject, net, data, settings);
  costs = {static_cast<double>(path.evaluations), path.seconds};
  const Units units(net);
  for (const double fraction : all_fractions()) {
    curve.kept[s].push_back(path.at_fraction(fraction));
    const auto smaller = compact(net, units, curve.kept[s].back()).network;
    curve.validation[s].push_back(accuracy(smaller, data.validation));
    curve.accuracy[s].push_back(accuracy(smaller, data.common_test));
  }
}

/// Judges one mask of a chosen recipe in full.
void judge(const Subject& subject, const nn::Network<float>& net, const Data& data, Curve& curve,
           std::size_t s, std::size_t f) {
  auto smaller = compact(net, Units(net), curve.kept[s][f]);
  curve.accuracy[s][f] = accuracy(smaller.network, data.test);
  compensate(smaller, net, data.calibration.images);
  curve.compensated[s][f] = accuracy(smaller.network, data.test);
  nn::train(smaller.network, data.fine_tuning,
            {.epochs = 1, .final_rate = 0.01, .seed = subject.seed, .threads = 1});
  curve.fine_tuned[s][f] = accuracy(smaller.network, data.test);
}

}  // namespace

std::vector<Curve> make_curves(const std::vector<Subject>& subjects,
                               const std::vector<Recipe>& recipes, const Data& data,
                               const Settings& settings) {
  const std::size_t seeds = subjects.size();
  const std::size_t points = all_fractions().size();
  const std::string name = subjects.front().net + ", " + subjects.front().training;
  std::vector<nn::Network<float>> centred_networks;
  std::vector<Curve> curves;
  for (const Subject& subject : subjects)
    centred_networks.push_back(centred(subject.network, data.values.images));
  for (const Recipe& recipe : recipes) {
    if (subjects.front().wide() && !recipe.wide) continue;
    Curve curve{
        .net = subjects.front().net, .training = subjects.front().training, .recipe = recipe};
    curve.kept.resize(seeds);
    curve.validation.resize(seeds);
    curve.accuracy.resize(seeds);
    curves.push_back(std::move(curve));
  }
  const auto network_of = [&](const Curve& curve, std::size_t s) -> const nn::Network<float>& {
    return curve.recipe.mean_ablation ? centred_networks[s] : subjects[s].network;
  };

  std::vector<Values> costs(curves.size() * seeds);
  {
    support::ProgressLine line(name + ": pruning", costs.size());
    parallel_chunks(settings.threads, costs.size(), [&](std::size_t task, std::size_t worker) {
      Curve& curve = curves[task / seeds];
      const std::size_t s = task % seeds;
      run(subjects[s], network_of(curve, s), data, settings, curve, s, costs[task]);
      if (worker == 0) line.show(task);
    });
  }

  std::vector<std::size_t> finalists;
  for (const std::string procedure : {"top-n", "iterated pruning", "iterated building"}) {
    for (const std::string method : {"gtap", "baseline"}) {
      const bool by_margin = method == "gtap" && procedure != "iterated building";
      double best = -std::numeric_limits<double>::infinity();
      std::size_t found = curves.size();
      for (std::size_t c = 0; c < curves.size(); ++c) {
        const Curve& curve = curves[c];
        if (curve.recipe.method != method || curve.recipe.procedure != procedure) continue;
        const double score =
            by_margin ? curve.worst_margin(curve.validation) : mean_of(mean_of(curve.validation));
        if (score > best) {
          best = score;
          found = c;
        }
      }
      if (found == curves.size()) continue;
      curves[found].chosen = method == "gtap";
      if (curves[found].chosen || !subjects.front().wide()) finalists.push_back(found);
    }
  }
  for (std::size_t c = 0; c < curves.size(); ++c) {
    const Values cost =
        mean_of(std::vector<Values>(costs.begin() + static_cast<std::ptrdiff_t>(c * seeds),
                                    costs.begin() + static_cast<std::ptrdiff_t>((c + 1) * seeds)));
    curves[c].evaluations = cost[0];
    curves[c].seconds = cost[1];
  }
  for (const std::size_t c : finalists) {
    curves[c].compensated.assign(seeds, Values(points));
    curves[c].fine_tuned.assign(seeds, Values(points));
  }
  support::ProgressLine line(name + ": compensating and fine-tuning",
                             finalists.size() * seeds * points);
  parallel_chunks(settings.threads, finalists.size() * seeds * points,
                  [&](std::size_t task, std::size_t worker) {
                    Curve& curve = curves[finalists[task / (seeds * points)]];
                    const std::size_t s = task / points % seeds;
                    judge(subjects[s], network_of(curve, s), data, curve, s, task % points);
                    if (worker == 0) line.show(task);
                  });
  return curves;
}
