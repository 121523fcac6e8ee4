#include <gtap/estimators/named.hpp>

#include "catch.hpp"
#include "error_text.hpp"

#include <string>

using namespace gtap;

TEST_CASE("laws and designs are found by the names that they give themselves", "[named]") {
  for (const char* name :
       {"shapley", "banzhaf", "dropout:0.3", "dropout:1", "band:0.2:0.5", "leave-one-out",
        "beta:4:1", "beta:0.5:16", "mixture:0.2:2:0.9:1", "dropout:0.1234567890123"}) {
    CAPTURE(name);
    CHECK(law_named(name).name() == name);
  }
  for (const char* name :
       {"exact", "permutation", "permutation:antithetic", "short-chains:16", "shared-coalition",
        "shared-coalition:paired", "owen:4", "owen:8:gauss-legendre", "stratified:10",
        "stratified:proportional:3", "svarm", "sample-reuse", "sample-reuse:paired",
        "adjusted-reuse", "regression", "kernel-shap", "leverage-shap", "unbiased-kernel-shap",
        "surrogate"}) {
    CAPTURE(name);
    CHECK(design_named(name).name() == name);
  }
  // A number that has a default may be left out.
  CHECK(design_named("owen:gauss-legendre").name() == "owen:4:gauss-legendre");
  CHECK(design_named("short-chains").name() == "short-chains:16");
  CHECK(design_named("stratified").name() == "stratified:10");
  CHECK(design_named(std::string("stratified:proportional")).name() ==
        "stratified:proportional:10");
  CHECK(law_named("dropout:.25").name() == "dropout:0.25");
  CHECK(law_named("dropout:0.3").log_weights(7) == Dropout{0.3}.log_weights(7));
  CHECK(law_named("beta:4:1").quantile(0.3) == BetaShapley{4, 1}.quantile(0.3));
}

TEST_CASE("another name is refused with those that there are", "[named]") {
  for (const char* name :
       {"", "Shapley", "shapley:", "dropout", "dropout:", "dropout:x", "dropout:0.3x",
        "dropout:0.3:0.4", "band:0.2", "beta:4", "mixture", "mixture:0.2", "banzhaf:0.5"}) {
    CAPTURE(name);
    CHECK(error_text([&] { law_named(name); }) ==
          "law_named: expected shapley, banzhaf, dropout:0.3, band:0.2:0.5, leave-one-out, "
          "beta:4:1 or mixture:0.2:2:0.9:1, with numbers of one's own, got \"" +
              std::string(name) + '"');
  }
  CHECK(error_text([] { law_named("dropout:1.5"); }) ==
        "Dropout: expected a retention probability in [0, 1], got 1.5");
  CHECK(error_text([] { law_named("band:0.5:0.2"); }) ==
        "DropoutBand: expected low <= high, got 0.5 > 0.2");
  for (const char* name :
       {"", "Permutation", "permutation:", "permutation:paired", "permutation:antithetic:2",
        "exact:3", "owen:x", "owen:-1", "owen:4:paired", "short-chains:4:4", "surrogate:paired"}) {
    CAPTURE(name);
    const std::string error = error_text([&] { design_named(name); });
    CHECK(mentions(error, "design_named: expected exact, permutation, permutation:antithetic, "));
    CHECK(mentions(error, " or surrogate, got \"" + std::string(name) + '"'));
  }
}
