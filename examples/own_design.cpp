// A design of one's own: how coalitions are drawn and turned into values. Budget, threads, stopping
// rules, checkpoints and errors are the engine's business.
#include <gtap/estimate.hpp>

#include <cmath>
#include <functional>
#include <iostream>
#include <vector>

/// The state of a run. A sample is one unbiased estimate of all values, so CreditRun has everything
/// but the sample itself: the plan, means, errors, covariances, and what a checkpoint keeps.
class IndependentRun : public gtap::CreditRun {
 public:
  IndependentRun(const gtap::LawTable& law, const gtap::RunContext& context)
      : CreditRun("independent", 2 * context.players, 0, context),
        quantile_(law.required_quantile("independent")) {}

  struct Scratch {  // one thread's memory
    gtap::Coalition others;
    std::vector<double> credit;
  };
  Scratch scratch() const { return {gtap::Coalition(players_), std::vector<double>(players_)}; }

  /// All randomness comes from `random`, all values from `worker`: then the bits are the same for
  /// any number of threads.
  void sample(std::uint64_t, gtap::RandomStream& random, gtap::Worker& worker, Scratch& scratch,
              Statistics& statistics) const {
    for (gtap::Player i = 0; i < players_; ++i) {
      random.bernoulli_mask(quantile_(random.uniform()), scratch.others);
      scratch.others.erase(i);
      const double without = worker.value(scratch.others);
      scratch.others.insert(i);
      scratch.credit[i] = worker.value(scratch.others) - without;
    }
    statistics.add(scratch.credit);
  }

 private:
  std::function<double(double)> quantile_;
};

/// The settings, which users copy and compare: a coalition of its own for each player.
struct Independent {
  IndependentRun run(const gtap::LawTable& law, const gtap::RunContext& context) const {
    return {law, context};
  }
  const char* name() const { return "independent"; }
};

int main() {
  const auto game = gtap::make_game(
      20, [](const gtap::Coalition& kept) { return std::sqrt(static_cast<double>(kept.size())); });
  const gtap::Estimate e = gtap::estimate(game, gtap::Shapley{}, Independent{},
                                          {.evaluations = 40'000, .seed = 1, .threads = 1});
  std::cout << e;
  for (std::size_t p = 0; p < 20; ++p) {  // all are alike, and share what all are worth
    if (std::abs(e.values[p] - std::sqrt(20.0) / 20.0) > 5.0 * e.standard_errors[p]) return 1;
  }
}
