#pragma once

#include <gtap/core/value_function.hpp>
#include <gtap/estimators/law.hpp>
#include <gtap/estimators/law_table.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gtap {
namespace detail {

/// A law of any type, by virtual calls.
class ErasedLaw {
 public:
  virtual ~ErasedLaw() = default;
  virtual std::vector<double> log_weights(std::size_t players) const = 0;
  virtual std::string name() const = 0;
  virtual bool has_quantile() const = 0;
  virtual double quantile(double u) const = 0;
  virtual std::optional<double> point() const = 0;
};

template <Semivalue Law>
class HeldLaw final : public ErasedLaw {
 public:
  explicit HeldLaw(Law law) : law_(std::move(law)) {}
  std::vector<double> log_weights(std::size_t players) const override {
    return law_.log_weights(players);
  }
  std::string name() const override { return name_of(law_); }
  bool has_quantile() const override { return RetentionLaw<Law>; }
  double quantile([[maybe_unused]] double u) const override {
    if constexpr (RetentionLaw<Law>) {
      return static_cast<double>(law_.quantile(u));
    } else {
      fail(name(), "a law of the retention probability", "one by sizes");
    }
  }
  std::optional<double> point() const override {
    if constexpr (PointLaw<Law>) {
      return static_cast<double>(law_.point());
    } else {
      return std::nullopt;
    }
  }

 private:
  Law law_;
};

}  // namespace detail

/// A law of a type known at run time only, such as one chosen by name (law_named): any Semivalue
/// converts to it, and it is one itself. Copies share the law.
class AnyLaw {
 public:
  template <Semivalue Law>
  requires(!std::same_as<Law, AnyLaw>)
      AnyLaw(Law law)  // NOLINT: meant to convert
                       // From a pointer to the base: the sharing is compiled once for all laws.
      : law_(std::unique_ptr<const detail::ErasedLaw>(new detail::HeldLaw<Law>(std::move(law)))) {}

  std::vector<double> log_weights(std::size_t players) const { return law_->log_weights(players); }
  std::string name() const { return law_->name(); }

  /// Whether it is a law of the retention probability (RetentionLaw).
  bool has_quantile() const { return law_->has_quantile(); }
  /// The inverse of the retention probability's distribution function, u in [0, 1). Throws
  /// gtap::Error without one.
  double quantile(double u) const { return law_->quantile(u); }
  /// The retention probability where it is one (PointLaw).
  std::optional<double> retention() const { return law_->point(); }

  /// What designs see of it. Throws gtap::Error for weights of another number of players.
  LawTable table(std::size_t players) const {
    LawTable table{name(), log_weights(players)};
    detail::require_size("semivalue", players, table.log_weights.size());
    if (has_quantile()) table.quantile = [law = law_](double u) { return law->quantile(u); };
    table.point = retention();
    return table;
  }

 private:
  std::shared_ptr<const detail::ErasedLaw> law_;
};

}  // namespace gtap
