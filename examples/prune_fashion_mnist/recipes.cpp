#include "recipes.hpp"

#include <gtap/estimators/designs/permutation.hpp>
#include <gtap/estimators/designs/shared_coalition.hpp>
#include <gtap/estimators/law.hpp>
#include <gtap/network/baselines.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/pruning/game_procedures.hpp>
#include <gtap/pruning/procedures.hpp>
#include <gtap/pruning/scorers.hpp>

#include <initializer_list>
#include <utility>

using namespace gtap;

namespace {

PruneOptions options_for(const Problem& problem, const Settings& settings, bool one_by_one) {
  return {.keep = Budget::fraction(settings.fractions.back()),
          .schedule = one_by_one && !settings.quick ? Schedule::units(1)
                                                    : Schedule::fraction(settings.part_of_round()),
          .constraints = problem.constraints};
}

template <class Objective, class Law, class Design>
void add_gtap(std::vector<Recipe>& recipes, const std::string& index, const std::string& value,
              Law law, Design design, bool one_by_one = false) {
  const auto add = [&](const std::string& procedure, auto run) {
    recipes.push_back({"gtap", procedure, index, value, design.name(),
                       [=](const Problem& problem, const Settings& settings) {
                         const NetworkGame game(problem.net, problem.values, Objective{},
                                                problem.units);
                         PruneOptions options = options_for(problem, settings, one_by_one);
                         options.estimate = {.evaluations = settings.stars() * (game.players() + 1),
                                             .seed = settings.seed,
                                             .threads = settings.threads};
                         return run(game, settings, options);
                       }});
  };
  add("top-n", [=](const auto& game, const Settings&, PruneOptions options) {
    options.estimate.evaluations *= 10;
    return top_n(game, law, design, options);
  });
  add("iterated pruning", [=](const auto& game, const Settings&, const PruneOptions& options) {
    return iterated_pruning(game, law, design, options);
  });
  add("iterated building", [=](const auto& game, const Settings& settings, PruneOptions options) {
    options.keep = Budget::fraction(settings.fractions.front());
    options.schedule = Schedule::fraction(settings.part_of_round());
    return iterated_building(game, law, design, options);
  });
}

/// `with_scorer(problem, settings, prune)` makes the scorer and hands it to `prune`.
template <class WithScorer>
void add_baseline(std::vector<Recipe>& recipes, const std::string& index, const std::string& value,
                  bool one_by_one, WithScorer with_scorer) {
  const auto add = [&](const std::string& procedure, auto run) {
    recipes.push_back({"baseline", procedure, index, value, "",
                       [=](const Problem& problem, const Settings& settings) {
                         return with_scorer(problem, settings, [&](auto scorer) {
                           return run(problem.units.size(), scorer,
                                      options_for(problem, settings, one_by_one));
                         });
                       }});
  };
  add("top-n", [](std::size_t players, auto& scorer, const PruneOptions& options) {
    return top_n(players, scorer, options);
  });
  add("iterated pruning", [](std::size_t players, auto& scorer, const PruneOptions& options) {
    return iterated_pruning(players, scorer, options);
  });
}

}  // namespace

std::vector<Recipe> all_recipes(double peak) {
  std::vector<Recipe> recipes;
  const Dropout dropout{.retention = 0.9};
  const DropoutBand band{.low = 0.8, .high = 1.0};
  const SharedCoalition star;
  add_gtap<Accuracy>(recipes, "Shapley", "accuracy", Shapley{}, Permutation{});
  add_gtap<Accuracy>(recipes, "Banzhaf", "accuracy", Banzhaf{}, star);
  add_gtap<Accuracy>(recipes, "dropout at the band's peak", "accuracy", Dropout{peak}, star);
  add_gtap<Accuracy>(recipes, "dropout .9", "accuracy", dropout, star, true);
  add_gtap<Accuracy>(recipes, "dropout .8 to 1", "accuracy", band, star, true);
  add_gtap<Agreement>(recipes, "dropout .9", "agreement", dropout, star);

  add_baseline(recipes, "random", "", false,
               [](const Problem&, const Settings& settings, auto prune) {
                 return prune(random_scorer(settings.seed));
               });
  const std::initializer_list<std::pair<std::string, Baseline>> scores{
      {"weight magnitude L1", Baseline::magnitude_l1},
      {"weight magnitude L2", Baseline::magnitude_l2},
      {"weight x gradient", Baseline::weight_gradient},
      {"Taylor", Baseline::taylor},
      {"APoZ", Baseline::apoz},
      {"mean activation", Baseline::mean_activation},
      {"RMS activation x outgoing norm", Baseline::rms_outgoing}};
  for (const auto& [name, score] : scores) {
    add_baseline(recipes, name, "", false,
                 [kind = score](const Problem& problem, const Settings&, auto prune) {
                   return prune(BaselineScorer(kind, problem.net, problem.units, problem.values));
                 });
  }
  add_baseline(recipes, "leave-one-out", "cross-entropy", true,
               [](const Problem& problem, const Settings&, auto prune) {
                 const NetworkGame game(problem.net, problem.values, CrossEntropy{}, problem.units);
                 return prune(leave_one_out_scorer(game));
               });
  return recipes;
}
