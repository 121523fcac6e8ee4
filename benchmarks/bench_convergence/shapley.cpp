#include "designs.hpp"

using namespace gtap;

void study_shapley(Study& study, const Subject& subject) {
  const CurvesOfLaw<Shapley> curves{study, subject, "shapley", Shapley{}, subject.shapley};
  curves.add_default();
  curves.add_common();
  curves.add(SharedCoalition{.paired = true});
  curves.add(Owen{});
  curves.add(Owen{.points = 8, .gauss_legendre = true});
  curves.add(KernelShap{});
  curves.add(UnbiasedKernelShap{});
  curves.add(LeverageShap{});
}
