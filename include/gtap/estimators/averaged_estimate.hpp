#pragma once

#include <gtap/estimators/estimate_game.hpp>
#include <gtap/games/averaged.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

namespace gtap {

/// What an estimation of an averaged game may spend, and where it reports. It is not ended by rules
/// or time, since all parts have to be told of the same coalitions.
struct AveragedOptions {
  std::size_t evaluations = 20'000;  ///< as EstimateOptions says, and so on
  std::uint64_t seed = 0;
  std::size_t threads = 0;
  bool enumerate_small = true;
  std::vector<Player> covariance_of{};
  ProgressCallback progress{};
  std::stop_token stop{};  ///< end soon, without data_errors
};

namespace detail {

/// One part of an averaged game, by what is remembered of it; what is not, it evaluates.
template <ConcurrentGame Part>
class RememberedPart {
 public:
  RememberedPart(const Averaged<Part>& whole, std::size_t part) : whole_(&whole), part_(part) {}

  class Evaluator {
   public:
    using Inner = evaluator_t<Part>;
    Evaluator(const Averaged<Part>& whole, std::size_t part)
        : whole_(&whole), part_(part), inner_(gtap::evaluator(whole.parts()[part])) {}

    std::size_t players() const { return inner_.players(); }

    double operator()(const Coalition& coalition) {
      const std::vector<double>* values = whole_->remembered(coalition);
      return values != nullptr ? (*values)[part_] : static_cast<double>(inner_(coalition));
    }

    void chain(const Coalition& start, std::span<const Player> toggles,
               std::span<double> out) requires ChainEvaluator<Inner> {
      state_ = start;
      bool all = recall(out[0]);
      for (std::size_t k = 0; all && k < toggles.size(); ++k) {
        state_.toggle(toggles[k]);
        all = recall(out[k + 1]);
      }
      if (!all) inner_.chain(start, toggles, out);
    }

   private:
    bool recall(double& out) const {
      const std::vector<double>* values = whole_->remembered(state_);
      if (values != nullptr) out = (*values)[part_];
      return values != nullptr;
    }

    const Averaged<Part>* whole_;
    std::size_t part_;
    Inner inner_;
    Coalition state_;
  };

  std::size_t players() const { return whole_->players(); }
  Abilities abilities() const {
    const Abilities part = whole_->abilities();
    return {part.concurrent, false, part.chain, false};
  }
  double operator()(const Coalition& coalition) const { return evaluator()(coalition); }
  Evaluator evaluator() const { return Evaluator(*whole_, part_); }

 private:
  const Averaged<Part>* whole_;
  std::size_t part_;
};

/// `run(game, options)` on the whole and on each part.
template <ConcurrentGame Part, class Run>
Estimate estimate_by_parts(const Averaged<Part>& game, const AveragedOptions& options, Run&& run) {
  const std::size_t parts = game.parts().size();
  if (parts < 2) fail("estimate_averaged", "at least 2 parts", text(parts));
  EstimateOptions again{.evaluations = options.evaluations,
                        .seed = options.seed,
                        .threads = options.threads,
                        .enumerate_small = options.enumerate_small};
  again.covariance_of = options.covariance_of;
  again.progress = options.progress;
  again.stop = options.stop;
  Estimate whole = run(game, again);
  again.progress = {};
  again.covariance_of.clear();
  std::vector<double> squares(whole.players(), 0.0);
  for (std::size_t b = 0; b < parts && whole.stopped != Stopped::request; ++b) {
    const Estimate part = run(RememberedPart<Part>(game, b), again);
    if (part.stopped == Stopped::request) return whole;
    for (std::size_t p = 0; p < whole.players(); ++p)
      squares[p] += std::pow(game.weights()[b] * (part.values[p] - whole.values[p]), 2);
  }
  if (whole.stopped == Stopped::request) return whole;
  const double share = static_cast<double>(parts) / static_cast<double>(parts - 1);
  for (const double square : squares)
    whole.data_errors.push_back(std::sqrt(share * square));
  return whole;
}

}  // namespace detail

/// estimate(game, law, design, options) with data_errors: how far the values would move had the
/// game been averaged over other parts of the same kind, such as other images, the coalitions being
/// the same. The design, with the same seed, is told of one part at a time, from what the run
/// remembered; the spread of the parts' values is the figure. Few parts give a rough one, good to
/// one in sqrt(2 (parts - 1)): take ten or more.
///
/// No evaluation more than estimate() makes, but its statistics once more for each part. A design
/// that goes by values (Neyman's allocation) may ask a part for other coalitions, which
/// are then evaluated on it. Images and coalitions are two sources of error; the root of the sum of
/// both squared standard errors is that of the index over all images.
///
/// Throws gtap::Error for fewer than two parts and as `estimate` does. A run that was stopped has
/// no data_errors.
template <ConcurrentGame Part, Semivalue Law, class D>
requires(!std::convertible_to<D, AveragedOptions>) Estimate
    estimate_averaged(const Averaged<Part>& game, const Law& law, const D& design,
                      const AveragedOptions& options = {}) {
  return detail::estimate_by_parts(game, options, [&](const auto& any, const EstimateOptions& own) {
    return estimate(any, law, design, own);
  });
}

/// The same by the law's default design.
template <ConcurrentGame Part, Semivalue Law>
Estimate estimate_averaged(const Averaged<Part>& game, const Law& law,
                           const AveragedOptions& options = {}) {
  return detail::estimate_by_parts(game, options, [&](const auto& any, const EstimateOptions& own) {
    return estimate(any, law, own);
  });
}

}  // namespace gtap
