// Coalitions a second of network games, next to C++ LibTorch that masks activations: with the
// output of the players' first layer kept ("libtorch_prefix"), and without ("libtorch"). The same
// weights and images, float, one thread, by turns; before anything is timed the two sides' values
// are compared.

#include <gtap/estimate.hpp>
#include <gtap/estimators/designs/permutation.hpp>

#include "../comparison.hpp"
#include "../peak.hpp"
#include "subject.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace gtap_bench;
using gtap::Coalition;
using gtap::Player;

constexpr std::size_t images_used = 1000;

/// What runs of one side take turns through.
struct Turn {
  std::size_t next = 0;
  std::size_t of(std::size_t count) { return next++ % count; }
};

void add_torch(const std::shared_ptr<Subject>& subject, std::size_t count, Case& work) {
  if (subject->torch == nullptr) return;
  for (const bool cached : {true, false}) {
    work.sides.push_back({cached ? "libtorch_prefix" : "libtorch", "",
                          [subject, cached, count, turn = Turn{}]() mutable {
                            subject->torch->value(turn.of(count), cached);
                          },
                          1});
  }
}

/// What the machine's peak would make of so many multiply-adds for an image of a coalition.
void add_peak(const Subject& subject, double macs, Case& work) {
  work.sides.push_back(peak_side(2e-9 * macs * static_cast<double>(subject.data.size())));
}

/// Permutation chains from the empty coalition to the grand one.
Case chain_case(const std::shared_ptr<Subject>& subject) {
  const std::size_t n = subject->players();
  std::vector<std::vector<Player>> orders(4, std::vector<Player>(n));
  for (std::size_t k = 0; k < orders.size(); ++k) {
    std::iota(orders[k].begin(), orders[k].end(), Player{0});
    gtap::RandomStream(5, k).shuffle(std::span(orders[k]));
  }
  auto worker = std::make_shared<Game::Evaluator>(subject->game.evaluator());
  std::vector<double> out(n + 1);
  const Coalition empty(n);
  worker->chain(empty, orders[0], out);
  std::vector<Coalition> some;
  std::vector<double> values;
  Coalition at = empty;
  for (std::size_t k = 0; k < n; ++k) {
    at.toggle(orders[0][k]);
    if ((k + 1) % (n / 4) != 0) continue;
    some.push_back(at);
    values.push_back(out[k + 1]);
  }
  subject->give_torch(some, values);
  double macs = 0;
  for (const std::vector<Player>& order : orders) {
    Coalition present = empty;
    for (const Player p : order) {
      macs += subject->step_macs(present, p) / static_cast<double>(orders.size() * n);
      present.insert(p);
    }
  }
  Case work{"coalitions/s", static_cast<double>(n)};
  work.sides.push_back({"gtap", "", [=, turn = Turn{}]() mutable {
                          worker->chain(empty, orders[turn.of(orders.size())], out);
                        }});
  add_torch(subject, some.size(), work);
  add_peak(*subject, macs, work);
  return work;
}

/// Leave-one-out: the grand coalition without each player.
Case star_case(const std::shared_ptr<Subject>& subject) {
  const std::size_t n = subject->players();
  std::vector<Player> players(n);
  std::iota(players.begin(), players.end(), Player{0});
  auto worker = std::make_shared<Game::Evaluator>(subject->game.evaluator());
  std::vector<double> out(n + 1);
  const Coalition grand = Coalition::grand(n);
  worker->star(grand, players, out);
  std::vector<Coalition> some;
  for (const Player p : {Player{0}, static_cast<Player>(n / 2), static_cast<Player>(n - 1)}) {
    some.push_back(grand);
    some.back().erase(p);
  }
  subject->give_torch(some, std::vector<double>{out[1], out[n / 2 + 1], out[n]});
  Case work{"coalitions/s", static_cast<double>(n)};
  work.sides.push_back({"gtap", "", [=]() mutable { worker->star(grand, players, out); }});
  add_torch(subject, some.size(), work);
  double macs = 0;
  for (const Player p : players)
    macs += subject->step_macs(grand, p) / static_cast<double>(n);
  add_peak(*subject, macs, work);
  return work;
}

/// A batch of random coalitions.
Case random_case(const std::shared_ptr<Subject>& subject, double retention, std::size_t count) {
  const auto coalitions = subject->random(count, retention);
  auto worker = std::make_shared<Game::Evaluator>(subject->game.evaluator());
  std::vector<double> out(count);
  worker->batch(coalitions, out);
  const std::size_t some = std::min<std::size_t>(count, 4);
  subject->give_torch(std::span(coalitions).first(some), std::span(out).first(some));
  Case work{"coalitions/s", static_cast<double>(count)};
  work.sides.push_back({"gtap", "", [=]() mutable { worker->batch(coalitions, out); }});
  add_torch(subject, some, work);
  double macs = 0;
  for (const Coalition& kept : coalitions)
    macs += subject->macs(kept) / static_cast<double>(count);
  add_peak(*subject, macs, work);
  return work;
}

/// How much of the ideal share of the full pass's speed is reached: multiply-adds left / all, to
/// time / time of all.
Case proportion_case(const std::shared_ptr<Subject>& subject, double retention, std::size_t count) {
  const auto few = subject->random(count, retention);
  const std::vector<Coalition> all(std::max<std::size_t>(1, count / 16),
                                   Coalition::grand(subject->players()));
  double ideal = 0;
  for (const Coalition& kept : few)
    ideal += subject->macs(kept) / subject->macs(all[0]) / static_cast<double>(few.size());
  auto worker = std::make_shared<Game::Evaluator>(subject->game.evaluator());
  Case work{"of ideal time", 1};
  const auto side = [&](const char* name, const std::vector<Coalition>& list) {
    std::vector<double> out(list.size());
    work.sides.push_back(
        {name, "", [=]() mutable { worker->batch(list, out); }, static_cast<double>(list.size())});
  };
  side("few", few);
  side("all", all);
  work.derived = [ideal](Rates r) {
    return Rates{{"gtap", ideal * r["few"] / r["all"]}, {"peak", 1}};
  };
  return work;
}

/// Shapley values by permutations, on threads.
Side estimate_side(const std::string& name, const std::shared_ptr<Subject>& subject,
                   std::size_t evaluations, std::size_t threads) {
  return {name, "", [=] {
            gtap::estimate(subject->game, gtap::Shapley{}, gtap::Permutation{},
                           {.evaluations = evaluations, .seed = 1, .threads = threads});
          }};
}

/// Two threads over one.
Case two_threads_case(const std::shared_ptr<Subject>& subject) {
  const std::size_t evaluations = 64 * subject->players();
  Case work{"x one thread", 1};
  work.sides = {estimate_side("one", subject, evaluations, 1),
                estimate_side("two", subject, evaluations, 2)};
  work.derived = [](Rates r) { return Rates{{"gtap", r["two"] / r["one"]}, {"peak", 2}}; };
  return work;
}

std::shared_ptr<Subject> subject(Network net, const std::vector<std::string>& layers = {},
                                 std::size_t count = images_used) {
  return std::make_shared<Subject>(std::move(net), images(count), layers);
}

/// ResNet-20 on 128 images; of a layer, the units inside its blocks.
std::shared_ptr<Subject> residual(const std::string& layer = {}) {
  std::vector<std::string> layers;
  for (const char* block : {".0.conv1", ".1.conv1", ".2.conv1"}) {
    if (!layer.empty()) layers.push_back(layer + block);
  }
  return std::make_shared<Subject>(resnet20(), noise(128), layers);
}

void compare(Comparison& comparison) {
  const std::vector<std::pair<std::string, std::string>> parts{
      {"conv1", "conv1"}, {"conv2", "conv2"}, {"fc", "dense1"}};
  comparison.run("chain/mlp/layer1", [] { return chain_case(subject(mlp(), {"dense1"})); });
  comparison.run("chain/mlp/all", [] { return chain_case(subject(mlp())); });
  for (const auto& part : parts) {
    comparison.run("chain/lenet5_caffe/" + part.first,
                   [&] { return chain_case(subject(lenet5_caffe(), {part.second})); });
  }
  comparison.run("random.225/mlp/all", [] { return random_case(subject(mlp()), .225, 64); });
  comparison.run("random.225/lenet5_caffe/all",
                 [] { return random_case(subject(lenet5_caffe()), .225, 8); });
  comparison.run("star/mlp/layer1", [] { return star_case(subject(mlp(), {"dense1"})); });
  comparison.run("star/mlp/all", [] { return star_case(subject(mlp())); });
  for (const auto& part : parts) {
    comparison.run("star/lenet5_caffe/" + part.first,
                   [&] { return star_case(subject(lenet5_caffe(), {part.second})); });
  }
  comparison.run("random.5/resnet20", [] { return random_case(residual(), .5, 4); });
  comparison.run("random.225/resnet20", [] { return random_case(residual(), .225, 8); });
  comparison.run("star/resnet20/all", [] { return star_case(residual()); });
  comparison.run("chain/resnet20/layer3", [] { return chain_case(residual("layer3")); });
  comparison.run("chain/resnet20/layer1", [] { return chain_case(residual("layer1")); });
  comparison.run("proportional.2/mlp/all", [] { return proportion_case(subject(mlp()), .2, 64); });
  comparison.run("proportional.2/lenet5_caffe/all",
                 [] { return proportion_case(subject(lenet5_caffe()), .2, 16); });
  comparison.run("threads2/mlp/layer1",
                 [] { return two_threads_case(subject(mlp(), {"dense1"})); });
}

/// gtap's own speed along one axis at a time.
void scale(Comparison& comparison) {
  const auto run = [&](const std::string& name, auto make) {
    comparison.run(name, [&] {
      Case work = make();
      work.sides.resize(1);
      return work;
    });
  };
  for (const std::size_t n : {25u, 50u, 100u, 200u, 400u, 800u, 1600u}) {
    run("players/" + std::to_string(n), [n] { return chain_case(subject(mlp(n), {"dense1"})); });
  }
  for (const std::size_t count : {64u, 125u, 250u, 500u, 1000u, 2000u, 4000u, 8000u}) {
    run("images/" + std::to_string(count),
        [count] { return chain_case(subject(mlp(), {"dense1"}, count)); });
  }
  for (const int percent : {100, 80, 60, 40, 20, 10, 5}) {
    const std::string end = std::to_string(percent) + "%";
    const double retention = percent / 100.0;
    run("kept/mlp/" + end, [=] { return random_case(subject(mlp()), retention, 32); });
    run("kept/lenet5_caffe/" + end,
        [=] { return random_case(subject(lenet5_caffe()), retention, 4); });
  }
  const std::size_t most = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t threads = 1; threads <= most; threads *= 2) {
    run("threads/" + std::to_string(threads), [threads] {
      const auto work_on = subject(mlp(), {"dense1"});
      const std::size_t evaluations = 128 * work_on->players();
      return Case{"coalitions/s",
                  static_cast<double>(evaluations),
                  {estimate_side("gtap", work_on, evaluations, threads)}};
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Coalitions a second of network games at 1,000 images, against LibTorch.");
  bool scaling = false;
  app.add_flag("--scaling", scaling,
               "Instead, how the cost grows with players, images, kept fraction and threads");
  Comparison comparison(app, argc, argv, {"libtorch_prefix", "libtorch"}, 20e-3);
  if (!has_torch()) std::printf("built without LibTorch: gtap alone\n");
  scaling ? scale(comparison) : compare(comparison);
  return comparison.finish();
}
