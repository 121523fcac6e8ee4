#pragma once

#include <gtap/estimators/design.hpp>
#include <gtap/estimators/detail/erased_run.hpp>
#include <gtap/estimators/law.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace gtap {
namespace detail {

/// A design of any type, by virtual calls.
class ErasedDesign {
 public:
  virtual ~ErasedDesign() = default;
  virtual std::string name() const = 0;
  virtual bool enumerates() const = 0;
  virtual std::unique_ptr<ErasedRun> run(const LawTable& law, const RunContext& context) const = 0;
};

template <Design D>
class HeldDesign final : public ErasedDesign {
 public:
  explicit HeldDesign(D design) : design_(std::move(design)) {}
  std::string name() const override { return name_of(design_); }
  bool enumerates() const override {
    return requires {
      requires D::enumerates;
    };
  }
  std::unique_ptr<ErasedRun> run(const LawTable& law, const RunContext& context) const override {
    using Run = decltype(design_.run(law, context));
    return std::make_unique<HeldRun<Run>>(design_.run(law, context));
  }

 private:
  D design_;
};

template <class D>
concept HasRun = requires(const D& design, const LawTable& law, const RunContext& context) {
  design.run(law, context);
};

/// Says of what is no design why it is not; whether it is one.
template <class D>
constexpr bool require_design() {
  static_assert(HasRun<D>,
                "gtap: a design needs `run(const gtap::LawTable&, const gtap::RunContext&) const`; "
                "see Design in docs/concepts.md");
  if constexpr (HasRun<D> && !Design<D>) {
    using R = decltype(std::declval<const D&>().run(std::declval<const LawTable&>(),
                                                    std::declval<const RunContext&>()));
    constexpr bool types = requires {
      typename R::Statistics;
      typename R::Scratch;
    };
    static_assert(types,
                  "gtap: a design's run needs the types Statistics and Scratch; see DesignRun in "
                  "docs/concepts.md");
    if constexpr (types) {
      static_assert(SamplesOneByOne<R> || SamplesInRanges<R>,
                    "gtap: a design's run needs `sample(k, random, worker, scratch, statistics) "
                    "const`; see DesignRun in docs/concepts.md");
      static_assert(!(SamplesOneByOne<R> || SamplesInRanges<R>) || DesignRun<R>,
                    "gtap: a design's run lacks one of statistics, scratch, chunk, begin, plan, "
                    "summarise and archive, or its statistics merge or archive; see DesignRun in "
                    "docs/concepts.md");
    }
  }
  return Design<D>;
}

}  // namespace detail

/// A design of a type known at run time only, such as one chosen by name (design_named): any Design
/// converts to it. Copies share the design.
class AnyDesign {
 public:
  template <class D>
  requires(!std::same_as<D, AnyDesign>) AnyDesign(D design) {  // NOLINT: meant to convert
    // From a pointer to the base: the sharing is compiled once for all designs.
    if constexpr (detail::require_design<D>())
      design_ =
          std::unique_ptr<const detail::ErasedDesign>(new detail::HeldDesign<D>(std::move(design)));
  }

  std::string name() const { return design_->name(); }
  /// Whether all coalitions are asked for, whatever the budget.
  bool enumerates() const { return design_->enumerates(); }
  std::unique_ptr<detail::ErasedRun> run(const LawTable& law, const RunContext& context) const {
    return design_->run(law, context);
  }

 private:
  std::shared_ptr<const detail::ErasedDesign> design_;
};

}  // namespace gtap
