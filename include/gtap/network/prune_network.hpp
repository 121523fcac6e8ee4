#pragma once

#include <gtap/estimators/designs/shared_coalition.hpp>
#include <gtap/estimators/law.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/pruning/game_procedures.hpp>

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <utility>
#include <vector>

namespace gtap {

/// Settings of prune_network.
struct PruneNetworkOptions {
  Budget keep{};                 ///< empty: down to one unit a layer
  double most_divergence = 0.3;  ///< in nats, at least 0; beyond it accuracy is the value
  double part_of_round = 0.05;   ///< of the kept units, that leaves before they are scored again
  /// Of the first round, at least 2, each with all units' contributions to it. Later rounds have
  /// as many evaluations, and so more coalitions of fewer units.
  std::size_t coalitions = 4;
  DropoutBand law{0.5, 1.0};
  std::uint64_t seed = 0;
  std::size_t threads = 0;      ///< 0: as many as the machine offers; the result is the same
  ProgressCallback progress{};  ///< after each round; the unit is one that left
  std::stop_token stop{};
};

namespace detail {

/// Scores by agreement with the unpruned network while what is kept agrees well enough, by accuracy
/// after that.
template <class T, class Scorer>
class AgreementThenAccuracy {
 public:
  AgreementThenAccuracy(const NetworkGame<T>& agreement, Scorer by_agreement, Scorer by_accuracy,
                        double most_divergence)
      : agreement_(agreement.evaluator()),
        by_agreement_(std::move(by_agreement)),
        by_accuracy_(std::move(by_accuracy)),
        most_divergence_(most_divergence) {}

  std::vector<double> operator()(const Coalition& kept) {
    ++evaluations_;
    last_ = -agreement_(kept) <= most_divergence_ ? &by_agreement_ : &by_accuracy_;
    return (*last_)(kept);
  }
  const std::vector<double>& standard_errors() const { return last_->standard_errors(); }
  std::size_t evaluations() const {
    return evaluations_ + by_agreement_.evaluations() + by_accuracy_.evaluations();
  }

 private:
  NetworkEvaluator<T> agreement_;
  Scorer by_agreement_;
  Scorer by_accuracy_;
  double most_divergence_;
  std::size_t evaluations_ = 0;
  Scorer* last_ = nullptr;
};

}  // namespace detail

/// The recipe to take when nothing is known of a network: iterated pruning of its hidden units by
/// the dropout index, averaged over retention probabilities from 1/2 to 1. The value is agreement
/// with the unpruned network, which is smooth and sees small changes, until the outputs' mean
/// divergence is `most_divergence`; then accuracy, because the divergence of a ruined network has
/// no bound and outweighs what can be saved. docs/paper_study.md compares it with others. Each
/// layer keeps a unit.
///
/// Costs coalitions x (units + 1) evaluations on the images in each round, about 60 rounds down to
/// a twentieth; 500 to 2,000 images, with labels, are enough. What is kept is for compact() and
/// compensate(). Throws gtap::Error for settings out of range and as iterated_pruning does.
template <class T>
PruningPath prune_network(const nn::Network<T>& net, const nn::Dataset<T>& images,
                          const PruneNetworkOptions& options = {}) {
  const Units units(net);
  if (!(options.most_divergence >= 0.0)) {
    detail::fail("prune_network", "a most_divergence of at least 0",
                 detail::text(options.most_divergence));
  }
  if (options.coalitions < 2) {
    detail::fail("prune_network", "at least 2 coalitions in the first round",
                 detail::text(options.coalitions));
  }
  const PruneOptions rounds{.keep = options.keep,
                            .schedule = Schedule::fraction(options.part_of_round),
                            .constraints = layer_constraints(units),
                            .estimate = {.evaluations = options.coalitions * (units.size() + 1),
                                         .seed = options.seed,
                                         .threads = options.threads},
                            .progress = options.progress,
                            .stop = options.stop};
  const NetworkGame agreement(net, images, Agreement{}, units);
  const NetworkGame accuracy = agreement.with(Accuracy{});
  const SharedCoalition design;  // the scorers refer to it
  const auto scorer = [&](const auto& game) {
    return detail::pruning_scorer("prune_network", game, rounds, options.law, design);
  };
  return iterated_pruning(units.size(),
                          detail::AgreementThenAccuracy(agreement, scorer(agreement),
                                                        scorer(accuracy), options.most_divergence),
                          detail::labelled(agreement, rounds));
}

}  // namespace gtap
