#pragma once

#include <gtap/estimators/any_design.hpp>
#include <gtap/estimators/any_law.hpp>
#include <gtap/estimators/beta_shapley.hpp>
#include <gtap/estimators/designs/adjusted_reuse.hpp>
#include <gtap/estimators/designs/exact.hpp>
#include <gtap/estimators/designs/kernel_shap.hpp>
#include <gtap/estimators/designs/owen.hpp>
#include <gtap/estimators/designs/permutation.hpp>
#include <gtap/estimators/designs/regression.hpp>
#include <gtap/estimators/designs/sample_reuse.hpp>
#include <gtap/estimators/designs/shared_coalition.hpp>
#include <gtap/estimators/designs/short_chains.hpp>
#include <gtap/estimators/designs/stratified.hpp>
#include <gtap/estimators/designs/surrogate.hpp>
#include <gtap/estimators/designs/svarm.hpp>
#include <gtap/estimators/detail/names.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gtap {
namespace detail {

/// A name that is looked up: the first part, the options among the others, and their numbers.
class NameParts {
 public:
  explicit NameParts(std::string_view name) : parts_(parts_of_name(name)) {}

  /// Whether it is `first` with no more parts than that have been taken, and so many numbers.
  bool is(std::string_view first, std::size_t numbers = 0) const {
    return parts_[0] == first && parts_.size() == 1 + numbers;
  }
  /// Takes this option away, if it is the second part or the last.
  bool takes(std::string_view option) {
    if (parts_.size() < 2) return false;
    const auto at = parts_[1] == option ? parts_.begin() + 1 : parts_.end() - 1;
    if (*at != option) return false;
    parts_.erase(at);
    return true;
  }
  /// Reads the number behind the first part; whether it is one.
  template <class Number>
  bool number(std::size_t k, Number& out) const {
    return parse_number(parts_[1 + k], out);
  }
  std::size_t numbers() const { return parts_.size() - 1; }

 private:
  std::vector<std::string_view> parts_;
};

}  // namespace detail

/// The law of this name, which is what its `name()` says: shapley, banzhaf, dropout:0.3,
/// band:0.2:0.5, leave-one-out, beta:4:1, or mixture:0.2:2:0.9:1, which is each retention
/// probability and its weight. Throws gtap::Error, with these, for another name, and for numbers
/// that the law does not take.
template <std::convertible_to<std::string_view> Name>
AnyLaw law_named(const Name& name) {
  const detail::NameParts parts(name);
  double a = 0.0;
  double b = 0.0;
  if (parts.is("shapley")) return Shapley{};
  if (parts.is("banzhaf")) return Banzhaf{};
  if (parts.is("leave-one-out")) return LeaveOneOut{};
  const auto checked = [](const auto& law) {
    (void)law.log_weights(1);
    return AnyLaw(law);
  };
  if (parts.is("dropout", 1) && parts.number(0, a)) return checked(Dropout{a});
  if (parts.is("band", 2) && parts.number(0, a) && parts.number(1, b))
    return checked(DropoutBand{a, b});
  if (parts.is("beta", 2) && parts.number(0, a) && parts.number(1, b))
    return checked(BetaShapley{a, b});
  if (parts.numbers() % 2 == 0 && parts.numbers() > 0 && parts.is("mixture", parts.numbers())) {
    RetentionMixture mixture;
    bool all = true;
    for (std::size_t k = 0; k < parts.numbers(); k += 2) {
      all = all && parts.number(k, a) && parts.number(k + 1, b);
      mixture.retentions.push_back(a);
      mixture.weights.push_back(b);
    }
    if (all) return checked(mixture);
  }
  detail::fail("law_named",
               "shapley, banzhaf, dropout:0.3, band:0.2:0.5, leave-one-out, beta:4:1 or "
               "mixture:0.2:2:0.9:1, with numbers of one's own",
               detail::text('"', name, '"'));
}

/// The design of this name, which is what its `name()` says; numbers may be left out where there is
/// a default. Throws gtap::Error, which lists them, for another name.
template <std::convertible_to<std::string_view> Name>
AnyDesign design_named(const Name& name) {
  detail::NameParts parts(name);
  const bool antithetic = parts.takes("antithetic");
  const bool paired = parts.takes("paired");
  const bool gauss = parts.takes("gauss-legendre");
  const bool proportional = parts.takes("proportional");
  const bool plain = !antithetic && !paired && !gauss && !proportional;
  const int options = antithetic + paired + gauss + proportional;
  std::size_t count = 0;
  const bool counted = parts.numbers() == 1 && parts.number(0, count);
  if (plain || (options == 1 && antithetic)) {
    if (parts.is("permutation")) return Permutation{.antithetic = antithetic};
  }
  if (plain || (options == 1 && paired)) {
    if (parts.is("shared-coalition")) return SharedCoalition{.paired = paired};
    if (parts.is("sample-reuse")) return SampleReuse{.paired = paired};
  }
  if (plain || (options == 1 && gauss)) {
    Owen owen{.gauss_legendre = gauss};
    if (counted) owen.points = count;
    if (parts.is("owen", counted)) return owen;
  }
  if (plain || (options == 1 && proportional)) {
    Stratified stratified{.neyman = !proportional};
    if (counted) stratified.pilot = count;
    if (parts.is("stratified", counted)) return stratified;
  }
  if (plain) {
    ShortChains chains;
    if (counted) chains.length = count;
    if (parts.is("short-chains", counted)) return chains;
    if (parts.is("exact")) return Exact{};
    if (parts.is("svarm")) return Svarm{};
    if (parts.is("adjusted-reuse")) return AdjustedReuse{};
    if (parts.is("regression")) return Regression{};
    if (parts.is("kernel-shap")) return KernelShap{};
    if (parts.is("leverage-shap")) return LeverageShap{};
    if (parts.is("unbiased-kernel-shap")) return UnbiasedKernelShap{};
    if (parts.is("surrogate")) return Surrogate{};
  }
  detail::fail("design_named",
               "exact, permutation, permutation:antithetic, short-chains:16, shared-coalition, "
               "shared-coalition:paired, owen:4, owen:8:gauss-legendre, stratified:10, "
               "stratified:proportional:10, svarm, sample-reuse, sample-reuse:paired, "
               "adjusted-reuse, regression, kernel-shap, leverage-shap, unbiased-kernel-shap or "
               "surrogate",
               detail::text('"', std::string_view(name), '"'));
}

}  // namespace gtap
