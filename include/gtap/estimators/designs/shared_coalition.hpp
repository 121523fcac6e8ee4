#pragma once

#include <gtap/estimators/credit_run.hpp>
#include <gtap/estimators/detail/star.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace gtap {

/// Draws q from the law, then a coalition, and asks for every player's marginal contribution to
/// it: n + 1 evaluations a sample, by the star rung (CMCS, Kolpaczki et al. 2025). Unbiased for
/// every retention law, and exact at once for retention 0 or 1. All players are compared on the
/// same coalition, which is what a ranking needs.
///
/// `paired` takes each coalition's complement along, for laws that are symmetric about 1/2: exact
/// for interactions of two. The sample is then the pair.
struct SharedCoalition {
  bool paired = false;

  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return paired ? "shared-coalition:paired" : "shared-coalition"; }
};

namespace detail {

class SharedCoalitionRun : public CreditRun {
 public:
  SharedCoalitionRun(const LawTable& law, bool paired, const RunContext& context)
      : CreditRun("shared-coalition", (paired ? 2 : 1) * (context.players + 1), 0, context),
        quantile_(law.required_quantile("shared-coalition")),
        everyone_(Coalition::grand(players_).members()),
        paired_(paired),
        certain_(law.certain()) {
    if (paired && !law.symmetric())
      fail("shared-coalition:paired", "a law that is symmetric about 1/2", law.name);
  }

  using Scratch = Star;
  Scratch scratch() const { return Star(players_); }

  std::uint64_t plan(const Statistics& merged, std::size_t evaluations) {
    if (certain_) return merged.count() == 0 ? 1 : 0;
    return CreditRun::plan(merged, evaluations);
  }
  bool finished() const { return certain_; }

  void sample(std::uint64_t, RandomStream& random, Worker& worker, Star& star,
              Statistics& statistics) const {
    random.bernoulli_mask(quantile_(random.uniform()), star.coalition);
    star.begin(everyone_);
    star.add(worker, everyone_, paired_ ? 0.5 : 1.0);
    if (paired_) {
      star.coalition = star.coalition.complement();
      star.add(worker, everyone_, 0.5);
    }
    statistics.add(star.credit);
  }

  void summarise(const Statistics& merged, Estimate& estimate) const {
    CreditRun::summarise(merged, estimate);
    if (!certain_ || merged.count() == 0) return;
    estimate.standard_errors.assign(players_, 0.0);
    estimate.covariance.assign(estimate.covariance.size(), 0.0);
  }

 private:
  std::function<double(double)> quantile_;
  std::vector<Player> everyone_;
  bool paired_;
  bool certain_;
};

}  // namespace detail

inline auto SharedCoalition::run(const LawTable& law, const RunContext& context) const {
  return detail::SharedCoalitionRun(law, paired, context);
}

}  // namespace gtap
