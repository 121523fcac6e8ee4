#pragma once

#include <gtap/estimators/designs/kernel_shap.hpp>
#include <gtap/estimators/designs/regression.hpp>

#include <string>
#include <utility>

namespace gtap {

/// Regression at its best, the default for Shapley, Banzhaf and dropout. Coalitions are drawn
/// without repetition, in pairs with their complements where the law is symmetric (Shapley,
/// Banzhaf), and weighted back. For at most 16 players a smooth guess at the game, a Gaussian
/// process whose interactions fade with their order, is fitted to four fifths of the samples and
/// subtracted from the other fifth; what remains goes through the regression, and the guess's own
/// index, known exactly, is added back. It is dropped where it does not help the left-out rows.
///
/// Consistent, whatever the guess; exact on additive games, and for interactions of two when
/// paired. One or two evaluations a sample, in batches; at the end O(m n^2) work, for few players
/// also some factors of at most 700 x 700 matrices and some hundred times n 2^n.
struct Surrogate {
  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return "surrogate"; }
};

inline auto Surrogate::run(const LawTable& law, const RunContext& context) const {
  detail::FitSettings settings;
  settings.name = name();
  settings.distinct = settings.surrogate = true;
  settings.log_weights = law.log_weights;
  if (law.point) {
    settings.centre = detail::tossing_point(settings.name, law);
    settings.paired = settings.centre == 0.5;
    settings.sizes = settings.target = detail::tossed_sizes(context.players, settings.centre);
  } else {
    detail::require_shapley(settings.name, law);
    settings.efficient = settings.paired = true;
    settings.sizes = detail::uniform_sizes(context.players);
    settings.target = detail::kernel_sizes(context.players);
  }
  return detail::FitRun(std::move(settings), context);
}

}  // namespace gtap
