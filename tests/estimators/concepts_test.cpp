// What satisfies the concepts of laws and designs, and what does not: read by the compiler.

#include <gtap/estimate.hpp>
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

static_assert(Design<Exact> && Design<Permutation> && Design<ShortChains>);
static_assert(Design<SharedCoalition> && Design<Owen> && Design<Stratified> && Design<Svarm>);
static_assert(Design<SampleReuse> && Design<AdjustedReuse> && Design<Regression>);
static_assert(Design<KernelShap> && Design<LeverageShap> && Design<UnbiasedKernelShap>);
static_assert(Design<Surrogate>);
static_assert(!Design<int> && !Design<Shapley>);

// A design of one's own: one coalition a sample, everyone credited with its value.
struct EveryoneRun {
  using Statistics = Moments;
  using Scratch = std::vector<double>;
  std::size_t players;

  Statistics statistics() const { return Statistics(players); }
  Scratch scratch() const { return Scratch(players); }
  std::size_t chunk() const { return 8; }
  void begin(Worker&) {}
  std::uint64_t plan(const Statistics&, std::size_t evaluations) { return evaluations; }
  void sample(std::uint64_t, RandomStream& random, Worker& worker, Scratch& credit,
              Statistics& statistics) const {
    Coalition coalition(players);
    random.bernoulli_mask(0.5, coalition);
    credit.assign(players, worker.value(coalition));
    statistics.add(credit);
  }
  void summarise(const Statistics& merged, Estimate& estimate) const { merged.summarise(estimate); }
  void archive(Archive&) {}
};
struct Everyone {
  EveryoneRun run(const LawTable&, const RunContext& context) const { return {context.players}; }
};
static_assert(DesignRun<EveryoneRun> && Design<Everyone>);
static_assert(SamplesOneByOne<EveryoneRun> && !SamplesInRanges<EveryoneRun>);

// Less than a run: each of these lacks one thing.
struct NoSummary {
  using Statistics = Moments;
  using Scratch = int;
};
struct NoSample : EveryoneRun {
  void sample() const;
};
struct NoBegin : EveryoneRun {
  void begin() const;
};
struct NoPlan : EveryoneRun {
  void plan() const;
};
struct SumsDoNotMerge : EveryoneRun {
  using Statistics = std::vector<double>;
};
static_assert(!DesignRun<NoSummary> && !DesignRun<NoSample> && !DesignRun<NoBegin>);
static_assert(!DesignRun<NoPlan> && !DesignRun<SumsDoNotMerge>);

TEST_CASE("a design of one's own runs on the engine", "[concepts]") {
  const AdditiveGame game({1.0, 2.0, 4.0});
  const Estimate e =
      estimate(game, Shapley{}, Everyone{}, {.evaluations = 4'000, .enumerate_small = false});
  CHECK(e.samples == 4'000);
  CHECK(e.design == "user's own");
  CHECK(std::abs(e.values[0] - 3.5) <= 4.0 * e.standard_errors[0]);
}
