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
#include <variant>

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
void run(const Task& task, Curve& curve, std::size_t s) {
  const PruningPath path = curve.recipe.run(task);
  curve.evaluations[s] = static_cast<double>(path.evaluations);
  curve.seconds[s] = path.seconds;
  const Units units(task.network);
  for (const double fraction : all_fractions()) {
    curve.kept[s].push_back(path.at_fraction(fraction));
    const auto smaller = compact(task.network, units, curve.kept[s].back()).network;
    curve.validation[s].push_back(accuracy(smaller, task.data.validation));
    curve.accuracy[s].push_back(accuracy(smaller, task.data.common_test));
  }
}

/// The same network without its dropout layers, which leave a pruned one too little to learn with.
nn::Network<float> without_dropout(const nn::Network<float>& network) {
  const auto is_dropout = [](const nn::Node<float>& node) {
    return nn::as<nn::Dropout>(node.layer) != nullptr;
  };
  std::vector<nn::Layer<float>> layers;
  for (const nn::Node<float>& node : network.nodes()) {
    if (!is_dropout(node)) layers.push_back(node.layer);
  }
  nn::Network<float> result(network.input(), layers);
  auto to = result.edit_nodes().begin();
  for (const nn::Node<float>& node : network.nodes()) {
    if (is_dropout(node)) continue;
    to->weight = node.weight;
    to->bias = node.bias;
    to->running_mean = node.running_mean;
    to->running_var = node.running_var;
    ++to;
  }
  return result;
}

/// Judges one mask in full, and what can be made of it.
void judge(const Task& task, Curve& curve, std::size_t s, std::size_t f) {
  auto smaller = compact(task.network, Units(task.network), curve.kept[s][f]);
  curve.accuracy[s][f] = accuracy(smaller.network, task.data.test);
  if (curve.compensated.empty()) return;
  compensate(smaller, task.network, task.data.calibration.images);
  curve.compensated[s][f] = accuracy(smaller.network, task.data.test);
  nn::Network<float> tuned = without_dropout(smaller.network);
  nn::train(tuned, task.data.fine_tuning,
            {.epochs = 1,
             .optimizer = nn::Adam{.learning_rate = 5e-4},
             .final_rate = 0.01,
             .seed = task.subject.seed,
             .threads = 1});
  curve.fine_tuned[s][f] = accuracy(tuned, task.data.test);
}

/// The curve that is best on validation images of those that `candidate` takes, by the worst margin
/// over the paper's best curve or by the mean; null when it takes none.
template <class Candidate>
Curve* best_of(std::vector<Curve>& curves, bool by_margin, Candidate candidate) {
  Curve* best = nullptr;
  double best_score = -std::numeric_limits<double>::infinity();
  for (Curve& curve : curves) {
    if (!candidate(curve.recipe)) continue;
    const double score =
        by_margin ? curve.worst_margin(curve.validation) : mean_of(mean_of(curve.validation));
    if (score <= best_score) continue;
    best_score = score;
    best = &curve;
  }
  return best;
}

/// Marks what validation images choose; returns all curves that are to be judged in full.
std::vector<Curve*> choose(std::vector<Curve>& curves) {
  std::vector<Curve*> finalists;
  for (const std::string procedure : {"top-n", "iterated pruning", "iterated building"}) {
    const bool has_table = procedure != "iterated building";
    const auto may_be_chosen = [&](const Recipe& recipe) {
      return recipe.procedure == procedure && recipe.method == "gtap" && !recipe.mean_ablation &&
             recipe.as_long_as.empty();
    };
    Curve* chosen = best_of(curves, has_table, may_be_chosen);
    Curve* protocol = best_of(curves, has_table, [&](const Recipe& recipe) {
      return may_be_chosen(recipe) && recipe.value == "accuracy";
    });
    Curve* baseline = best_of(curves, false, [&](const Recipe& recipe) {
      return recipe.procedure == procedure && recipe.method == "baseline";
    });
    if (chosen != nullptr) chosen->chosen = true;
    if (protocol != nullptr) protocol->protocol = true;
    if (protocol == chosen) protocol = nullptr;
    for (Curve* curve : {chosen, protocol, baseline}) {
      if (curve != nullptr) finalists.push_back(curve);
    }
    if (chosen == nullptr) continue;
    chosen->compensated.assign(chosen->kept.size(), Values(all_fractions().size()));
    chosen->fine_tuned = chosen->compensated;
  }
  return finalists;
}

}  // namespace

std::vector<Curve> make_curves(const std::vector<Subject>& subjects,
                               const std::vector<Recipe>& recipes, const Data& data,
                               const Settings& settings) {
  const std::size_t seeds = subjects.size();
  const std::string name = subjects.front().net + ", " + subjects.front().training;
  std::vector<nn::Network<float>> centred_networks;
  for (const Subject& subject : subjects)
    centred_networks.push_back(centred(subject.network, data.values.images));
  std::vector<Curve> curves;
  for (const Recipe& recipe : recipes) {
    Curve curve{
        .net = subjects.front().net, .training = subjects.front().training, .recipe = recipe};
    curve.kept.resize(seeds);
    curve.validation.resize(seeds);
    curve.accuracy.resize(seeds);
    curve.evaluations.resize(seeds);
    curve.seconds.resize(seeds);
    curves.push_back(std::move(curve));
  }
  const auto task_of = [&](const Curve& curve, std::size_t s) {
    const bool centre = curve.recipe.mean_ablation;
    return Task{.subject = subjects[s],
                .network = centre ? centred_networks[s] : subjects[s].network,
                .data = data,
                .settings = settings};
  };
  // Calls work(curve, seed, part) for all, longest recipes anywhere among them, one on a thread.
  const auto in_parallel = [&](const std::string& what, const std::vector<Curve*>& list,
                               std::size_t parts, auto work) {
    support::ProgressLine line(name + ": " + what, list.size() * seeds * parts);
    parallel_chunks(settings.threads, list.size() * seeds * parts,
                    [&](std::size_t task, std::size_t worker) {
                      work(*list[task / (seeds * parts)], task / parts % seeds, task % parts);
                      if (worker == 0) line.show(task);
                    });
  };

  std::vector<Curve*> timed;  // first those whose time others are given
  std::vector<Curve*> limited;
  for (Curve& curve : curves)
    (curve.recipe.as_long_as.empty() ? timed : limited).push_back(&curve);
  in_parallel("pruning", timed, 1,
              [&](Curve& curve, std::size_t s, std::size_t) { run(task_of(curve, s), curve, s); });
  in_parallel("pruning at equal time", limited, 1, [&](Curve& curve, std::size_t s, std::size_t) {
    Task task = task_of(curve, s);
    for (const Curve* other : timed) {
      if (other->recipe.gives_time_to(curve.recipe)) task.seconds = other->seconds[s];
    }
    run(task, curve, s);
  });
  in_parallel(
      "compensating and fine-tuning", choose(curves), all_fractions().size(),
      [&](Curve& curve, std::size_t s, std::size_t f) { judge(task_of(curve, s), curve, s, f); });
  return curves;
}
