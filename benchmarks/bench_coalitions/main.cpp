// Coalitions a second of network games, next to C++ LibTorch that masks activations: with the
// output of the players' first layer kept ("libtorch_prefix"), and without ("libtorch"). The same
// weights and images, float, one thread, by turns; before anything is timed the two sides' values
// are compared.

#include <gtap/estimators/designs/permutation.hpp>
#include <gtap/estimators/engine.hpp>
#include <gtap/estimators/estimators.hpp>

#include "../harness.hpp"
#include "../options.hpp"
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
constexpr double sample = 20e-3;

/// What runs of one side take turns through.
struct Turn {
  std::size_t next = 0;
  std::size_t of(std::size_t count) { return next++ % count; }
};

void add_torch(const std::shared_ptr<Subject>& subject, std::size_t count, Case& work) {
  if (subject->torch == nullptr) return;
  for (const bool cached : {true, false}) {
    work.sides.push_back({cached ? "libtorch_prefix" : "libtorch",
                          [subject, cached, count, turn = Turn{}]() mutable {
                            subject->torch->value(turn.of(count), cached);
                          },
                          1});
  }
}

/// Permutation chains from the empty coalition to the grand one.
Case chain_case(const std::string& name, const std::shared_ptr<Subject>& subject) {
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
  Case work{name, "coalitions/s", static_cast<double>(n), {}};
  work.sides.push_back({"gtap", [=, turn = Turn{}]() mutable {
                          worker->chain(empty, orders[turn.of(orders.size())], out);
                        }});
  add_torch(subject, some.size(), work);
  return work;
}

/// Leave-one-out: the grand coalition without each player.
Case star_case(const std::string& name, const std::shared_ptr<Subject>& subject) {
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
  Case work{name, "coalitions/s", static_cast<double>(n), {}};
  work.sides.push_back({"gtap", [=]() mutable { worker->star(grand, players, out); }});
  add_torch(subject, some.size(), work);
  return work;
}

/// A batch of random coalitions.
Case random_case(const std::string& name, const std::shared_ptr<Subject>& subject, double retention,
                 std::size_t count) {
  const auto coalitions = subject->random(count, retention);
  auto worker = std::make_shared<Game::Evaluator>(subject->game.evaluator());
  std::vector<double> out(count);
  worker->batch(coalitions, out);
  const std::size_t some = std::min<std::size_t>(count, 4);
  subject->give_torch(std::span(coalitions).first(some), std::span(out).first(some));
  Case work{name, "coalitions/s", static_cast<double>(count), {}};
  work.sides.push_back({"gtap", [=]() mutable { worker->batch(coalitions, out); }});
  add_torch(subject, some, work);
  return work;
}

/// How much of the ideal share of the full pass's speed is reached: multiply-adds left / all, to
/// time / time of all.
Outcome proportion(const std::string& name, const Subject& subject, double retention,
                   std::size_t count, const Options& options) {
  const auto few = subject.random(count, retention);
  const std::vector<Coalition> all(std::max<std::size_t>(1, count / 16),
                                   Coalition::grand(subject.players()));
  double ideal = 0;
  for (const Coalition& kept : few)
    ideal += subject.macs(kept) / subject.macs(all[0]) / static_cast<double>(few.size());
  auto worker = subject.game.evaluator();
  std::vector<double> out(count);
  Case work{name, "ideal time / time", 0, {}};
  const auto side = [&](const char* side_name, const std::vector<Coalition>& list) {
    work.sides.push_back({side_name, [&] { worker.batch(list, std::span(out).first(list.size())); },
                          static_cast<double>(list.size())});
  };
  side("few", few);
  side("all", all);
  const Outcome rates = measure(work, options.rounds, sample);
  return {name, work.unit, {{"gtap", ideal * rates.rate("few") / rates.rate("all")}, {"peak", 1}}};
}

/// Two threads over one, for Shapley values by permutations.
Outcome two_threads(const std::string& name, const Subject& subject, const Options& options) {
  const std::size_t evaluations = 64 * subject.players();
  Case work{name, "x one thread", 1, {}};
  for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
    work.sides.push_back({threads == 1 ? "one" : "two", [&subject, evaluations, threads] {
                            gtap::estimate(
                                subject.game, gtap::Shapley{}, gtap::Permutation{},
                                {.evaluations = evaluations, .seed = 1, .threads = threads});
                          }});
  }
  const Outcome rates = measure(work, options.rounds, sample);
  return {name, work.unit, {{"gtap", rates.rate("two") / rates.rate("one")}, {"peak", 2}}};
}

std::shared_ptr<Subject> subject(Network net, const std::vector<std::string>& layers = {},
                                 std::size_t count = images_used) {
  return std::make_shared<Subject>(std::move(net), images(count), layers);
}

std::vector<Outcome> compare(const Options& options) {
  std::vector<Outcome> outcomes;
  const auto keep = [&](Outcome outcome) {
    print(outcome);
    outcomes.push_back(std::move(outcome));
  };
  const auto run = [&](const std::string& name, auto make) {
    if (options.selects(name)) keep(measure(make(name), options.rounds, sample));
  };
  run("chain/mlp/layer1", [](auto name) { return chain_case(name, subject(mlp(), {"dense1"})); });
  run("chain/mlp/all", [](auto name) { return chain_case(name, subject(mlp())); });
  for (const auto& [part, layer] :
       {std::pair{"conv1", "conv1"}, {"conv2", "conv2"}, {"fc", "dense1"}}) {
    run(std::string("chain/lenet5_caffe/") + part, [&, layer = std::string(layer)](auto name) {
      return chain_case(name, subject(lenet5_caffe(), {layer}));
    });
  }
  run("random.225/mlp/all", [](auto name) { return random_case(name, subject(mlp()), .225, 64); });
  run("random.225/lenet5_caffe/all",
      [](auto name) { return random_case(name, subject(lenet5_caffe()), .225, 8); });
  run("star/mlp/layer1", [](auto name) { return star_case(name, subject(mlp(), {"dense1"})); });
  run("star/mlp/all", [](auto name) { return star_case(name, subject(mlp())); });
  run("star/lenet5_caffe/conv1",
      [](auto name) { return star_case(name, subject(lenet5_caffe(), {"conv1"})); });
  run("star/lenet5_caffe/conv2",
      [](auto name) { return star_case(name, subject(lenet5_caffe(), {"conv2"})); });
  run("star/lenet5_caffe/fc",
      [](auto name) { return star_case(name, subject(lenet5_caffe(), {"dense1"})); });
  if (options.selects("proportional.2/mlp/all")) {
    keep(proportion("proportional.2/mlp/all", *subject(mlp()), .2, 64, options));
  }
  if (options.selects("proportional.2/lenet5_caffe/all")) {
    keep(proportion("proportional.2/lenet5_caffe/all", *subject(lenet5_caffe()), .2, 16, options));
  }
  if (options.selects("threads2/mlp/layer1")) {
    keep(two_threads("threads2/mlp/layer1", *subject(mlp(), {"dense1"}), options));
  }
  return outcomes;
}

/// gtap's own speed along one axis at a time.
std::vector<Outcome> scale(const Options& options) {
  std::vector<Outcome> outcomes;
  const auto run = [&](const std::string& name, auto make) {
    if (!options.selects(name)) return;
    Case work = make(name);
    work.sides.resize(1);
    outcomes.push_back(measure(work, options.rounds, sample));
    print(outcomes.back());
  };
  for (const std::size_t n : {25u, 50u, 100u, 200u, 400u, 800u, 1600u}) {
    run("players/" + std::to_string(n),
        [n](auto name) { return chain_case(name, subject(mlp(n), {"dense1"})); });
  }
  for (const std::size_t count : {64u, 125u, 250u, 500u, 1000u, 2000u, 4000u, 8000u}) {
    run("images/" + std::to_string(count),
        [count](auto name) { return chain_case(name, subject(mlp(), {"dense1"}, count)); });
  }
  for (const int percent : {100, 80, 60, 40, 20, 10, 5}) {
    for (const bool lenet : {false, true}) {
      run((lenet ? "kept/lenet5_caffe/" : "kept/mlp/") + std::to_string(percent) + "%",
          [=](auto name) {
            return random_case(name, subject(lenet ? lenet5_caffe() : mlp()), percent / 100.0,
                               lenet ? 4 : 32);
          });
    }
  }
  const std::size_t most = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t threads = 1; threads <= most; threads *= 2) {
    run("threads/" + std::to_string(threads), [threads](auto name) {
      const auto work_on = subject(mlp(), {"dense1"});
      const std::size_t evaluations = 128 * work_on->players();
      Case work{name, "coalitions/s", static_cast<double>(evaluations), {}};
      work.sides.push_back({"gtap", [=] {
                              gtap::estimate(
                                  work_on->game, gtap::Shapley{}, gtap::Permutation{},
                                  {.evaluations = evaluations, .seed = 1, .threads = threads});
                            }});
      return work;
    });
  }
  return outcomes;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(
      argc, argv, "Coalitions a second of network games at 1,000 images, against LibTorch.", true);
  restart_with_one_thread(argv);
  if (!has_torch()) std::printf("built without LibTorch: gtap alone\n");
  const std::vector<Outcome> outcomes = options.scaling ? scale(options) : compare(options);
  print_ratios(outcomes);
  if (!options.json.empty()) write_json(options.json, outcomes);
}
