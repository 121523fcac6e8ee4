#include "designs.hpp"

using namespace gtap;

void study_dropout(Study& study, const Subject& subject, const std::string& name, double retention,
                   const std::vector<double>& truth) {
  const CurvesOfLaw<Dropout> curves{study, subject, name, Dropout{retention}, truth};
  curves.add_default();
  curves.add_common();
  curves.add(SampleReuse{});
  curves.add(Regression{});
  if (retention == 0.5) curves.add(SharedCoalition{.paired = true});
}
