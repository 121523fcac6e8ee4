#pragma once

#include <gtap/estimators/law.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

/// One type for every law, so that tests compile an estimator once.
class AnyLaw {
 public:
  template <gtap::Semivalue Law>
  AnyLaw(Law law)  // NOLINT: meant to convert
      : log_weights_([law](std::size_t n) { return law.log_weights(n); }),
        name_(gtap::detail::name_of(law)) {
    if constexpr (gtap::RetentionLaw<Law>) quantile_ = [law](double u) { return law.quantile(u); };
    if constexpr (gtap::PointLaw<Law>) point_ = law.point();
  }

  std::vector<double> log_weights(std::size_t players) const { return log_weights_(players); }
  double quantile(double u) const { return quantile_(u); }
  double point() const { return point_; }
  std::string name() const { return name_; }
  bool has_quantile() const { return static_cast<bool>(quantile_); }
  bool is_point() const { return point_ >= 0.0; }

 private:
  std::function<std::vector<double>(std::size_t)> log_weights_;
  std::function<double(double)> quantile_;
  std::string name_;
  double point_ = -1.0;
};
