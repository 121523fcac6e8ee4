#include "recipes.hpp"

#include <gtap/estimators/designs/permutation.hpp>
#include <gtap/estimators/designs/regression.hpp>
#include <gtap/estimators/designs/sample_reuse.hpp>
#include <gtap/estimators/designs/shared_coalition.hpp>
#include <gtap/estimators/designs/short_chains.hpp>
#include <gtap/estimators/law.hpp>
#include <gtap/network/baselines.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/network/prune_network.hpp>
#include <gtap/pruning/game_procedures.hpp>
#include <gtap/pruning/procedures.hpp>
#include <gtap/pruning/scorers.hpp>
#include <gtap/pruning/top_k.hpp>

#include "../support/number.hpp"

#include <algorithm>
#include <utility>

using namespace gtap;

namespace {

constexpr double fewest = 0.05;  // below all fractions of the tables
constexpr double most = 0.8;
const std::string star = "shared-coalition";
const std::string large = ", large rounds";
const std::string small = ", small rounds";

/// 19 rounds, as the kept fractions of the paper's second table, multiples of 1/19, suggest.
Schedule paper_rounds(std::size_t units) {
  std::vector<std::size_t> sizes;
  for (std::size_t k = 1; k < 19; ++k)
    sizes.push_back(k * units / 19);
  return Schedule::sizes(sizes);
}

/// `rounds`: large, small or, empty, the paper's.
PruneOptions options_for(const Task& task, const std::string& procedure,
                         const std::string& rounds = "") {
  const Settings& settings = task.settings;
  const Subject& subject = task.subject;
  PruneOptions options{.keep = Budget::fraction(procedure == "iterated building" ? most : fewest),
                       .schedule = paper_rounds(subject.units.size()),
                       .constraints = subject.constraints};
  std::size_t coalitions = settings.coalitions_a_round();
  if (procedure == "top-n") coalitions = settings.coalitions_once();
  if (rounds == large) {
    options.schedule = Schedule::fraction(settings.large_round());
    coalitions = settings.coalitions_a_large_round();
  } else if (rounds == small) {
    options.schedule = Schedule::fraction(settings.small_round());
    coalitions = settings.coalitions_a_small_round();
  }
  options.estimate = {
      .evaluations = coalitions * (subject.units.size() + 1), .seed = subject.seed, .threads = 1};
  return options;
}

template <class Game, class Law, class Design>
PruningPath prune(const std::string& procedure, const Game& game, const Law& law,
                  const Design& design, const PruneOptions& options) {
  if (procedure == "top-n") return top_n(game, law, design, options);
  if (procedure == "iterated pruning") return iterated_pruning(game, law, design, options);
  return iterated_building(game, law, design, options);
}

/// An index as an average over retention probabilities: Shapley is 0 to 1, Banzhaf .5.
struct Index {
  std::string name;
  double low = 0.0;
  double high = 0.0;
  enum { fixed, peak, band } from = fixed;

  DropoutBand law(const Subject& subject) const {
    if (from == peak) return {subject.band.peak, subject.band.peak};
    if (from == band) return subject.band.law();
    return {low, high};
  }
};

const Index shapley{"Shapley", 0.0, 1.0};
const Index banzhaf{"Banzhaf", 0.5, 0.5};
const Index paper_dropout{"dropout .225", 0.225, 0.225};
const Index low_dropout{"dropout .1", 0.1, 0.1};
const Index peak{.name = "dropout at the band's peak", .from = Index::peak};
const Index band{.name = "dropout over the band", .from = Index::band};
const Index lower{"dropout 0 to .5", 0.0, 0.5};
const Index upper{"dropout .5 to 1", 0.5, 1.0};
const Index high_dropout{"dropout .9", 0.9, 0.9};

class List {
 public:
  /// By shared coalitions and all their neighbours.
  template <class Objective>
  Recipe& stars(const std::string& procedure, const Index& index, const std::string& value,
                const std::string& rounds = "") {
    return add({.method = "gtap",
                .procedure = procedure,
                .index = index.name,
                .value = value,
                .design = star + rounds,
                .run = [=](const Task& task) {
                  const NetworkGame game(task.network, task.data.values, Objective{});
                  return prune(procedure, game, index.law(task.subject), SharedCoalition{},
                               options_for(task, procedure, rounds));
                }});
  }

  /// Another design of an index that has a recipe by shared coalitions, in the wall time of that.
  template <class Law, class Design>
  void at_equal_time(const std::string& procedure, const std::string& index, Law law,
                     Design design) {
    add({.method = "gtap",
         .procedure = procedure,
         .index = index,
         .value = "accuracy",
         .design = design.name() + ", equal time",
         .as_long_as = star,
         .run = [=](const Task& task) {
           const NetworkGame game(task.network, task.data.values, Accuracy{});
           PruneOptions options = options_for(task, procedure);
           const std::size_t fewest_evaluations = 4 * (game.players() + 1);
           std::size_t& evaluations = options.estimate.evaluations;
           // A short run says how many evaluations the time pays for.
           evaluations = std::max(evaluations / 10, fewest_evaluations);
           const PruningPath trial = prune(procedure, game, law, design, options);
           const double pays_for = static_cast<double>(evaluations) * task.seconds / trial.seconds;
           if (pays_for <= static_cast<double>(fewest_evaluations)) return trial;
           evaluations = static_cast<std::size_t>(pays_for);
           return prune(procedure, game, law, design, options);
         }});
  }

  /// A design that needs few evaluations, and gets `coalitions` times a coalition and its
  /// neighbours.
  template <class Law, class Design>
  void few(const std::string& procedure, const std::string& index, Law law, Design design,
           std::size_t coalitions, const std::string& rounds = "") {
    add({.method = "gtap",
         .procedure = procedure,
         .index = index,
         .value = "accuracy",
         .design = design.name() + rounds,
         .run = [=](const Task& task) {
           const NetworkGame game(task.network, task.data.values, Accuracy{});
           PruneOptions options = options_for(task, procedure, rounds);
           options.estimate.evaluations = coalitions * (game.players() + 1);
           return prune(procedure, game, law, design, options);
         }});
  }

  /// Shared coalitions until the cut at one kept fraction is decided; ranks by what is known then.
  void top_k_stopping(const Index& index, double fraction) {
    add({.method = "gtap",
         .procedure = "top-n",
         .index = index.name,
         .value = "accuracy",
         .design = star + ", top-k stopping at " + support::number("%g", fraction),
         .run = [=](const Task& task) {
           const NetworkGame game(task.network, task.data.values, Accuracy{});
           const PruneOptions options = options_for(task, "top-n");
           const TopK cut =
               top_k(game, index.law(task.subject), units_of_fraction(fraction, game.players()),
                     {.tolerance = 1e-3,
                      .paired = false,
                      .constraints = options.constraints,
                      .estimate = options.estimate});
           PruningPath path = top_n(cut.estimate, options);
           path.evaluations = cut.estimate.evaluations;
           path.seconds = cut.estimate.seconds;
           return path;
         }});
  }

  /// The library's own recipe.
  void preset(const Index& index) {
    add({.method = "gtap",
         .procedure = "iterated pruning",
         .index = index.name,
         .value = "agreement, then accuracy",
         .design = star + small,
         .run = [=](const Task& task) {
           return prune_network(task.network, task.data.values,
                                {.keep = Budget::fraction(fewest),
                                 .part_of_round = task.settings.small_round(),
                                 .coalitions = task.settings.coalitions_a_small_round(),
                                 .law = index.law(task.subject),
                                 .seed = task.subject.seed,
                                 .threads = 1});
         }});
  }

  /// `make(task, with)` makes the scorer and calls `with` on it.
  template <class Make>
  void baseline(const std::string& index, const std::string& value, Make make) {
    for (const std::string procedure : {"top-n", "iterated pruning"}) {
      add({.method = "baseline",
           .procedure = procedure,
           .index = index,
           .value = value,
           .design = "",
           .run = [=](const Task& task) {
             const std::size_t units = task.subject.units.size();
             const PruneOptions options = options_for(task, procedure);
             return make(task, [&](auto scorer) {
               return procedure == "top-n" ? top_n(units, scorer, options)
                                           : iterated_pruning(units, scorer, options);
             });
           }});
    }
  }

  std::vector<Recipe> take() { return std::move(recipes_); }

 private:
  Recipe& add(Recipe recipe) {
    recipes_.push_back(std::move(recipe));
    return recipes_.back();
  }

  std::vector<Recipe> recipes_;
};

void add_beyond_the_paper(List& list) {
  const std::string once = "top-n";
  const std::string iterated = "iterated pruning";
  const std::string building = "iterated building";
  for (const Index& index : {low_dropout, lower, band})
    list.stars<Accuracy>(once, index, "accuracy");
  for (const Index& index : {shapley, paper_dropout, band})
    list.stars<CrossEntropy>(once, index, "cross-entropy");
  for (const Index& index : {shapley, low_dropout, lower, band})
    list.stars<Agreement>(once, index, "agreement");

  list.stars<Accuracy>(iterated, shapley, "accuracy", large);
  list.stars<Accuracy>(iterated, band, "accuracy");
  list.stars<Accuracy>(iterated, upper, "accuracy", small);
  list.stars<Accuracy>(iterated, high_dropout, "accuracy", small);
  list.stars<CrossEntropy>(iterated, shapley, "cross-entropy");
  list.stars<Agreement>(iterated, band, "agreement");
  list.stars<Agreement>(iterated, upper, "agreement", small);
  list.preset(upper);

  list.stars<CrossEntropy>(building, paper_dropout, "cross-entropy");
  list.stars<Agreement>(building, low_dropout, "agreement");

  list.top_k_stopping(shapley, 0.3);
  list.at_equal_time(once, shapley.name, Shapley{}, Permutation{.antithetic = true});
  list.at_equal_time(once, paper_dropout.name, Dropout{0.225}, Regression{});
  list.at_equal_time(once, paper_dropout.name, Dropout{0.225}, SampleReuse{});
  list.at_equal_time(once, paper_dropout.name, Dropout{0.225}, ShortChains{});
  list.at_equal_time(iterated, shapley.name, Shapley{}, Permutation{.antithetic = true});
  list.few(once, paper_dropout.name, Dropout{0.225}, SampleReuse{}, 4);
  list.few(once, paper_dropout.name, Dropout{0.225}, Regression{}, 4);
  list.few(iterated, banzhaf.name, Banzhaf{}, Regression{}, 2, large);

  const auto to_the_mean = [](Recipe& recipe) {
    recipe.mean_ablation = true;
    recipe.design += ", mean ablation";
  };
  to_the_mean(list.stars<Accuracy>(once, paper_dropout, "accuracy"));
  to_the_mean(list.stars<Agreement>(once, shapley, "agreement"));
  to_the_mean(list.stars<Accuracy>(iterated, shapley, "accuracy"));
}

}  // namespace

std::vector<Recipe> all_recipes() {
  List list;
  for (const std::string procedure : {"top-n", "iterated pruning", "iterated building"}) {
    for (const Index& index : {shapley, banzhaf, paper_dropout, peak})
      list.stars<Accuracy>(procedure, index, "accuracy");
  }
  add_beyond_the_paper(list);
  const std::pair<const char*, Baseline> scores[] = {
      {"WMP", Baseline::magnitude_l1},
      {"weight magnitude L2", Baseline::magnitude_l2},
      {"W.GMP", Baseline::weight_gradient},
      {"Taylor", Baseline::taylor},
      {"APoZ", Baseline::apoz},
      {"mean activation", Baseline::mean_activation},
      {"RMS activation x outgoing norm", Baseline::rms_outgoing}};
  for (const auto& [name, score] : scores) {
    list.baseline(name, "", [kind = score](const Task& task, auto with) {
      return with(BaselineScorer<float>(kind, task.network, task.subject.units, task.data.values));
    });
  }
  list.baseline("random", "",
                [](const Task& task, auto with) { return with(random_scorer(task.subject.seed)); });
  list.baseline("leave-one-out", "cross-entropy", [](const Task& task, auto with) {
    const NetworkGame game(task.network, task.data.values, CrossEntropy{});
    return with(leave_one_out_scorer(game));
  });
  return list.take();
}
