#pragma once

#include <gtap/estimators/credit_run.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace gtap {

/// Walks of Permutation that may end early where little is left to gain, without bias: once
/// |v(S) - v(N)| < tolerance |v(N) - v({})|, each further step is taken with probability
/// `go_on`, and increments after k such steps count go_on^-k. (Ghorbani & Zou 2019 drop the rest
/// of the walk, which is biased.) At most n - 1 evaluations a walk and two shared by all; by the
/// chain rung, step by step.
struct TruncatedPermutation {
  double tolerance = 0.01;  ///< above 0
  double go_on = 0.7;       ///< above 0, at most 1

  template <Semivalue Law>
  auto run(const Law& law, const RunContext& context) const;
  std::string name() const {
    return detail::text("TruncatedPermutation(", tolerance, ", ", go_on, ")");
  }
};

namespace detail {

class TruncatedPermutationRun : public WalkRun {
 public:
  TruncatedPermutationRun(std::span<const double> log_weights, const TruncatedPermutation& settings,
                          const RunContext& context)
      : WalkRun("TruncatedPermutation", log_weights, 1, context), settings_(settings) {}

  struct Statistics {
    Moments moments;
    double saved = 0.0;

    void merge(const Statistics& other) {
      moments.merge(other.moments);
      saved += other.saved;
    }
    template <class Archive>
    void archive(Archive& fields) {
      moments.archive(fields);
      fields(saved);
    }
  };
  struct Scratch {
    std::vector<Player> order;
    std::vector<double> credit;
    Coalition coalition;
  };

  Statistics statistics() const { return {WalkRun::statistics()}; }
  Scratch scratch() const {
    return {std::vector<Player>(players_), std::vector<double>(players_), Coalition(players_)};
  }

  // What walks cost is known afterwards: each round is planned for whole ones.
  std::uint64_t plan(const Statistics&, std::size_t evaluations) {
    return evaluations / std::max<std::size_t>(1, cost_);
  }

  template <class Worker>
  void unit(std::uint64_t, RandomStream& random, Worker& worker, Scratch& scratch,
            Statistics& statistics) const {
    std::iota(scratch.order.begin(), scratch.order.end(), Player{0});
    random.shuffle(std::span(scratch.order));
    std::fill(scratch.credit.begin(), scratch.credit.end(), 0.0);
    scratch.coalition.clear();
    const double close = settings_.tolerance * std::abs(grand_ - empty_);
    double before = empty_;
    double scale = 1.0;
    for (std::size_t s = 0; s < players_; ++s) {
      if (std::abs(before - grand_) < close) {
        if (!random.bernoulli(settings_.go_on)) {
          statistics.saved += static_cast<double>(players_ - 1 - s);
          break;
        }
        scale /= settings_.go_on;
      }
      const Player player = scratch.order[s];
      double after = grand_;
      if (s + 1 < players_) {
        after = worker.step(scratch.coalition, player, s == 0);
      }
      scratch.credit[player] = scale * weights_[s] * (after - before);
      before = after;
    }
    statistics.moments.add(scratch.credit);
  }

  void summarise(const Statistics& merged, Estimate& estimate) const {
    merged.moments.summarise(estimate);
    estimate.truncated = static_cast<std::size_t>(merged.saved);
  }

 private:
  TruncatedPermutation settings_;
};

}  // namespace detail

template <Semivalue Law>
auto TruncatedPermutation::run(const Law& law, const RunContext& context) const {
  if (!(tolerance > 0.0)) {
    detail::fail("TruncatedPermutation", "a tolerance above 0", detail::text(tolerance));
  }
  if (!(go_on > 0.0 && go_on <= 1.0)) {
    detail::fail("TruncatedPermutation", "a probability to go on above 0", detail::text(go_on));
  }
  return detail::TruncatedPermutationRun(detail::checked_log_weights(law, context.players), *this,
                                         context);
}

}  // namespace gtap
