#include "curves.hpp"

#include <gtap/execution/thread_pool.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/network/compensation.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/train.hpp>

#include "../support/progress_line.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

using namespace gtap;

namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double accuracy(const nn::Network<float>& net, const nn::Dataset<float>& data) {
  return nn::evaluate(net, data, 1).accuracy;
}

double largest_difference(const nn::Tensor<float>& a, const nn::Tensor<float>& b) {
  const std::vector<float> x = a.to_images();
  const std::vector<float> y = b.to_images();
  double largest = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i])));
  }
  return largest;
}

/// Everything about one mask. Single-threaded: many masks are judged at once.
void judge(const Problem& problem, const Settings& settings, Curve& curve, std::size_t f) {
  const Coalition& kept = curve.kept[f];
  Compacted<float> smaller = compact(problem.net, problem.units, kept);
  const nn::Tensor<float>& images = problem.calibration.images;
  curve.difference[f] =
      largest_difference(nn::forward(smaller.network, images, 1),
                         nn::forward(problem.net, images, problem.units.mask(kept), 1));
  curve.costs[f] = cost(problem.net, problem.units, kept);
  curve.validation[f] = accuracy(smaller.network, problem.validation_data);
  curve.accuracy[f] = accuracy(smaller.network, problem.test_data);
  compensate(smaller, problem.net, images);
  curve.compensated[f] = accuracy(smaller.network, problem.test_data);
  nn::train(smaller.network, problem.fine_tuning,
            {.epochs = 1,
             .optimizer = nn::Adam{},
             .final_rate = 0.01,
             .seed = settings.seed,
             .threads = 1});
  curve.fine_tuned[f] = accuracy(smaller.network, problem.test_data);
}

}  // namespace

double Curve::mean_validation() const {
  return mean(validation);
}
double Curve::mean_accuracy() const {
  return mean(accuracy);
}

double forward_microseconds(const nn::Network<float>& net, const nn::Tensor<float>& images) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int repetition = 0; repetition < 9; ++repetition) {
    const auto begin = Clock::now();
    nn::forward(net, images, 1);
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + 4, times.end());
  return times[4] / static_cast<double>(images.images());
}

std::vector<Curve> make_curves(const Problem& problem, const std::vector<Recipe>& recipes,
                               const Settings& settings) {
  const std::size_t points = settings.fractions.size();
  std::vector<Curve> curves;
  {
    support::ProgressLine line(problem.name + ": ranking and pruning", recipes.size());
    for (const Recipe& recipe : recipes) {
      line.show(curves.size());
      Curve curve{.recipe = recipe};
      const PruningPath path = recipe.run(problem, settings);
      for (const double fraction : settings.fractions) {
        curve.kept.push_back(path.at_fraction(fraction));
      }
      curve.evaluations = path.evaluations;
      curve.seconds = path.seconds;
      curve.costs.resize(points);
      for (auto* values : {&curve.validation, &curve.accuracy, &curve.compensated,
                           &curve.fine_tuned, &curve.difference, &curve.microseconds}) {
        values->resize(points);
      }
      curves.push_back(std::move(curve));
    }
  }
  const std::size_t tasks = curves.size() * points;
  support::ProgressLine line(problem.name + ": compacting and fine-tuning", tasks);
  parallel_chunks(settings.threads, tasks, [&](std::size_t task, std::size_t worker) {
    judge(problem, settings, curves[task / points], task % points);
    if (worker == 0) line.show(task);
  });

  Curve* best = nullptr;
  for (Curve& curve : curves) {
    const bool better = best == nullptr || curve.mean_validation() > best->mean_validation();
    if (curve.recipe.method == "gtap" && better) best = &curve;
  }
  best->chosen = true;
  for (std::size_t f = 0; f < points; ++f) {
    best->microseconds[f] = forward_microseconds(
        compact(problem.net, problem.units, best->kept[f]).network, problem.calibration.images);
  }
  return curves;
}
