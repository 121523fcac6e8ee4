// gtap: a design's run needs `sample(k, random, worker, scratch, statistics) const`; see DesignRun
// in docs/concepts.md
#include <gtap/estimators/credit_run.hpp>
#include <gtap/estimators/estimate_game.hpp>
#include <gtap/games/closed_form.hpp>
struct Run : gtap::CreditRun {
  explicit Run(const gtap::RunContext& context) : CreditRun("no-sample", 1, 0, context) {}
  using Scratch = int;
  Scratch scratch() const { return 0; }
};
struct Design {
  Run run(const gtap::LawTable&, const gtap::RunContext& context) const { return Run(context); }
};
int main() {
  return static_cast<int>(
      gtap::estimate(gtap::AdditiveGame({1.0}), gtap::Shapley{}, Design{}).samples);
}
