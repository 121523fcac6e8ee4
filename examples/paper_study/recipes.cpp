#include "recipes.hpp"

#include <gtap/estimators/designs/permutation.hpp>
#include <gtap/estimators/designs/regression.hpp>
#include <gtap/estimators/designs/sample_reuse.hpp>
#include <gtap/estimators/designs/shared_coalition.hpp>
#include <gtap/estimators/law.hpp>
#include <gtap/network/baselines.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/pruning/game_procedures.hpp>
#include <gtap/pruning/procedures.hpp>
#include <gtap/pruning/scorers.hpp>

#include <utility>

using namespace gtap;

namespace {

constexpr double fewest = 0.05;  // below all fractions of the tables
constexpr double most = 0.8;

/// 19 rounds, as the kept fractions of the paper's second table, multiples of 1/19, suggest.
Schedule paper_rounds(std::size_t units) {
  std::vector<std::size_t> sizes;
  for (std::size_t k = 1; k < 19; ++k)
    sizes.push_back(k * units / 19);
  return Schedule::sizes(sizes);
}

PruneOptions options_for(const Subject& subject, const Settings& settings,
                         const std::string& procedure, bool fine) {
  PruneOptions options{.keep = Budget::fraction(procedure == "iterated building" ? most : fewest),
                       .schedule = fine ? Schedule::fraction(settings.part_of_round())
                                        : paper_rounds(subject.units.size()),
                       .constraints = subject.constraints};
  const std::size_t stars = procedure == "top-n" ? settings.stars_once(subject.wide())
                                                 : settings.stars_a_round(subject.wide());
  options.estimate = {
      .evaluations = stars * (subject.units.size() + 1), .seed = subject.seed, .threads = 1};
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
const Index upper{"dropout .5 to 1", 0.5, 1.0};
const Index high_dropout{"dropout .9", 0.9, 0.9};

class List {
 public:
  template <class Objective>
  Recipe& stars(const std::string& procedure, const Index& index, const std::string& value,
                bool fine = false) {
    recipes_.push_back({.method = "gtap",
                        .procedure = procedure,
                        .index = index.name,
                        .value = value,
                        .design = std::string("SharedCoalition") + (fine ? ", small rounds" : ""),
                        .run = [=](const Subject& subject, const nn::Network<float>& net,
                                   const Data& data, const Settings& settings) {
                          const NetworkGame<float, Objective> game(net, data.values, Objective{},
                                                                   Units(net));
                          return prune(procedure, game, index.law(subject), SharedCoalition{},
                                       options_for(subject, settings, procedure, fine));
                        }});
    return recipes_.back();
  }

  /// Other designs, by the same number of evaluations.
  template <class Objective, class Law, class Design>
  Recipe& design(const std::string& procedure, const std::string& index, const std::string& value,
                 Law law, Design design) {
    recipes_.push_back({.method = "gtap",
                        .procedure = procedure,
                        .index = index,
                        .value = value,
                        .design = design.name(),
                        .run = [=](const Subject& subject, const nn::Network<float>& net,
                                   const Data& data, const Settings& settings) {
                          const NetworkGame<float, Objective> game(net, data.values, Objective{},
                                                                   Units(net));
                          return prune(procedure, game, law, design,
                                       options_for(subject, settings, procedure, false));
                        }});
    return recipes_.back();
  }

  /// Agreement while many units are left, accuracy after that.
  Recipe& two_values(const Index& index, double turn) {
    recipes_.push_back(
        {.method = "gtap",
         .procedure = "iterated pruning",
         .index = index.name,
         .value = "agreement, accuracy below " + detail::text(turn),
         .design = "SharedCoalition, small rounds",
         .run = [=](const Subject& subject, const nn::Network<float>& net, const Data& data,
                    const Settings& settings) {
           PruneOptions options = options_for(subject, settings, "iterated pruning", true);
           options.keep = Budget::fraction(turn);
           const NetworkGame<float, Agreement> first(net, data.values, Agreement{}, Units(net));
           options.from = iterated_pruning(first, index.law(subject), SharedCoalition{}, options);
           options.keep = Budget::fraction(fewest);
           const NetworkGame<float, Accuracy> second(net, data.values, Accuracy{}, Units(net));
           return iterated_pruning(second, index.law(subject), SharedCoalition{}, options);
         }});
    return recipes_.back();
  }

  /// `make(net, units, data, seed)` makes the scorer.
  template <class Make>
  void baseline(const std::string& index, const std::string& value, bool wide, Make make) {
    for (const std::string procedure : {"top-n", "iterated pruning"}) {
      recipes_.push_back({.method = "baseline",
                          .procedure = procedure,
                          .index = index,
                          .value = value,
                          .design = "",
                          .wide = wide,
                          .run = [=](const Subject& subject, const nn::Network<float>& net,
                                     const Data& data, const Settings& settings) {
                            const PruneOptions options =
                                options_for(subject, settings, procedure, false);
                            return make(net, data, subject.seed, [&](auto scorer) {
                              return procedure == "top-n"
                                         ? top_n(subject.units.size(), scorer, options)
                                         : iterated_pruning(subject.units.size(), scorer, options);
                            });
                          }});
    }
  }

  std::vector<Recipe> take() { return std::move(recipes_); }

 private:
  std::vector<Recipe> recipes_;
};

}  // namespace

std::vector<Recipe> all_recipes() {
  List list;
  // The paper's protocol: accuracy is the value.
  for (const std::string procedure : {"top-n", "iterated pruning", "iterated building"}) {
    const bool pruning = procedure != "iterated building";
    for (const Index& index : {shapley, banzhaf, paper_dropout, peak}) {
      list.stars<Accuracy>(procedure, index, "accuracy").wide = pruning || index.low == 0.225;
    }
  }
  // Beyond it: other values, indices, designs and rounds, and ablation to the mean.
  list.stars<Accuracy>("top-n", low_dropout, "accuracy");
  list.stars<Accuracy>("top-n", band, "accuracy");
  list.stars<CrossEntropy>("top-n", paper_dropout, "cross-entropy");
  list.stars<CrossEntropy>("top-n", band, "cross-entropy").wide = false;
  list.stars<Agreement>("top-n", shapley, "agreement");
  list.stars<Agreement>("top-n", band, "agreement").wide = false;
  list.stars<Agreement>("top-n", low_dropout, "agreement");
  list.stars<Accuracy>("iterated pruning", band, "accuracy").wide = false;
  list.stars<Accuracy>("iterated pruning", upper, "accuracy", true);
  list.stars<Accuracy>("iterated pruning", high_dropout, "accuracy", true).wide = false;
  list.stars<CrossEntropy>("iterated pruning", upper, "cross-entropy", true).wide = false;
  list.stars<Agreement>("iterated pruning", upper, "agreement", true);
  list.stars<Agreement>("iterated building", upper, "agreement").wide = false;
  list.stars<Agreement>("iterated building", low_dropout, "agreement");
  list.two_values(upper, 0.2);
  list.design<Accuracy>("top-n", "Shapley", "accuracy", Shapley{}, Permutation{}).wide = false;
  list.design<Accuracy>("iterated pruning", "Shapley", "accuracy", Shapley{}, Permutation{}).wide =
      false;
  list.design<Accuracy>("top-n", "dropout .225", "accuracy", Dropout{0.225}, Regression{}).wide =
      false;
  list.design<Accuracy>("top-n", "dropout .225", "accuracy", Dropout{0.225}, SampleReuse{}).wide =
      false;
  for (const std::string procedure : {"top-n", "iterated pruning"}) {
    Recipe& recipe =
        list.stars<Accuracy>(procedure, procedure == "top-n" ? paper_dropout : upper, "accuracy");
    recipe.mean_ablation = true;
    recipe.wide = false;
    recipe.design += ", mean ablation";
  }

  struct Score {
    const char* name;
    Baseline kind;
    bool wide;
  };
  const Score scores[] = {{"WMP", Baseline::magnitude_l1, true},
                          {"weight magnitude L2", Baseline::magnitude_l2, false},
                          {"W.GMP", Baseline::weight_gradient, true},
                          {"Taylor", Baseline::taylor, false},
                          {"APoZ", Baseline::apoz, false},
                          {"mean activation", Baseline::mean_activation, false},
                          {"RMS activation x outgoing norm", Baseline::rms_outgoing, true}};
  for (const Score& score : scores) {
    list.baseline(score.name, "", score.wide,
                  [kind = score.kind](const nn::Network<float>& net, const Data& data,
                                      std::uint64_t, auto with) {
                    return with(BaselineScorer<float>(kind, net, Units(net), data.values));
                  });
  }
  list.baseline("random", "", true,
                [](const nn::Network<float>&, const Data&, std::uint64_t seed, auto with) {
                  return with(random_scorer(seed));
                });
  list.baseline("leave-one-out", "cross-entropy", true,
                [](const nn::Network<float>& net, const Data& data, std::uint64_t, auto with) {
                  const NetworkGame<float, CrossEntropy> game(net, data.values, CrossEntropy{},
                                                              Units(net));
                  return with(leave_one_out_scorer(game));
                });
  return list.take();
}
