// What satisfies the concepts of laws and designs, and what does not: read by the compiler.

#include <gtap/estimators/estimators.hpp>
#include <gtap/games/closed_form.hpp>

#include "catch.hpp"

using namespace gtap;

static_assert(PointLaw<Banzhaf> && PointLaw<Dropout> && PointLaw<LeaveOneOut>);
static_assert(RetentionLaw<Shapley> && !PointLaw<Shapley>);
static_assert(RetentionLaw<DropoutBand> && !PointLaw<DropoutBand>);
static_assert(RetentionLaw<BetaShapley> && !PointLaw<BetaShapley>);
static_assert(RetentionLaw<RetentionMixture> && !PointLaw<RetentionMixture>);
static_assert(Semivalue<SizeLaw> && !RetentionLaw<SizeLaw>);
static_assert(!Semivalue<int> && !Semivalue<AdditiveGame> && !Semivalue<Permutation>);

// A law needs its weights: a quantile alone, or weights of the wrong type, are not enough.
struct OnlyQuantile {
  double quantile(double u) const { return u; }
};
struct OneWeight {
  double log_weights(std::size_t) const { return 0.0; }
};
static_assert(!Semivalue<OnlyQuantile> && !Semivalue<OneWeight>);

template <class Law>
constexpr bool serves_every_design = Design<Exact, Law>&& Design<Permutation, Law>&& Design<
    TruncatedPermutation, Law>&& Design<ShortChains, Law>&& Design<SharedCoalition, Law>&&
    Design<Owen, Law>&& Design<Stratified, Law>&& Design<Svarm, Law>&& Design<AdjustedReuse, Law>&&
        Design<KernelShap, Law>&& Design<LeverageShap, Law>&& Design<UnbiasedKernelShap, Law>;
static_assert(serves_every_design<Shapley> && serves_every_design<Banzhaf>);
static_assert(Design<SampleReuse, Banzhaf> && Design<Regression, Dropout>);
static_assert(Design<Surrogate, Shapley> && Design<Surrogate, Dropout>);
static_assert(!Design<int, Shapley> && !Design<Shapley, Shapley> && !Design<Permutation, int>);

// A design of one's own: one coalition a unit, everyone credited with its value.
struct Everyone {
  struct Run {
    using Statistics = detail::Moments;
    using Scratch = std::vector<double>;
    std::size_t players;

    Statistics statistics() const { return Statistics(players); }
    Scratch scratch() const { return Scratch(players); }
    std::size_t chunk() const { return 8; }
    template <class Worker>
    void begin(Worker&) {}
    std::uint64_t plan(const Statistics&, std::size_t evaluations) { return evaluations; }
    template <class Worker>
    void unit(std::uint64_t, RandomStream& random, Worker& worker, Scratch& credit,
              Statistics& statistics) const {
      Coalition coalition(players);
      random.bernoulli_mask(0.5, coalition);
      credit.assign(players, worker.value(coalition));
      statistics.add(credit);
    }
    void summarise(const Statistics& merged, Estimate& estimate) const {
      merged.summarise(estimate);
    }
    template <class Archive>
    void archive(Archive&) {}
  };
  Run run(const Shapley&, const RunContext& context) const { return {context.players}; }
};
static_assert(Design<Everyone, Shapley> && !Design<Everyone, Banzhaf>);

// Less than a run: no summary, or statistics that do not merge.
struct NoSummary {
  struct Run {
    using Statistics = detail::Moments;
    using Scratch = int;
  };
  Run run(const Shapley&, const RunContext&) const { return {}; }
};
static_assert(!Design<NoSummary, Shapley>);

TEST_CASE("a design of one's own runs on the engine", "[concepts]") {
  const AdditiveGame game({1.0, 2.0, 4.0});
  const Estimate e =
      estimate(game, Shapley{}, Everyone{}, {.evaluations = 4'000, .enumerate_small = false});
  CHECK(e.units == 4'000);
  CHECK(e.design == "user's own");
  CHECK(std::abs(e.values[0] - 3.5) <= 4.0 * e.standard_errors[0]);
}
