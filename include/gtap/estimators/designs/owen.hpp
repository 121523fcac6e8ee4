#pragma once

#include <gtap/estimators/credit_run.hpp>
#include <gtap/estimators/detail/star.hpp>
#include <gtap/math/quadrature.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace gtap {

/// Integrates over the retention probability (Owen 1972; Okhrati & Lipani 2020): a sample is one
/// grid of `points` probabilities, each with a random coalition and everyone's marginal
/// contribution to it: points (n + 1) evaluations.
///
/// Jittered, one random probability in each of `points` equal parts of the law: unbiased for every
/// retention law. Gauss-Legendre: fixed nodes and weights, for laws that are uniform or a point;
/// unbiased when points >= n / 2 (any number for a point), else off by the rule's error.
struct Owen {
  std::size_t points = 4;
  bool gauss_legendre = false;

  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const {
    return detail::text("owen:", points, gauss_legendre ? ":gauss-legendre" : "");
  }
};

namespace detail {

class OwenRun : public CreditRun {
 public:
  OwenRun(const LawTable& law, const Owen& owen, const RunContext& context)
      : CreditRun("owen", owen.points * (context.players + 1), 0, context),
        quantile_(law.required_quantile("owen")),
        everyone_(Coalition::grand(players_).members()),
        points_(owen.points) {
    if (!owen.gauss_legendre) return;
    nodes_ = math::gauss_legendre(owen.points);
    // The rule sees the law at its nodes only, where a few steps may look like a straight line.
    const double low = quantile_(0.0);
    const double rise = quantile_(std::nextafter(1.0, 0.0)) - low;
    const auto straight = [&](double u) {
      return std::abs(quantile_(u) - (low + rise * u)) <= 1e-12;
    };
    bool uniform = std::all_of(nodes_.begin(), nodes_.end(),
                               [&](const math::QuadratureNode& node) { return straight(node.at); });
    for (int k = 1; k < 64; ++k)
      uniform = uniform && straight(k / 64.0);
    if (!uniform) fail(owen.name(), "a uniform or point law", law.name);
  }

  using Scratch = Star;
  Scratch scratch() const { return Star(players_); }

  void sample(std::uint64_t, RandomStream& random, Worker& worker, Star& star,
              Statistics& statistics) const {
    star.begin(everyone_);
    const double share = 1.0 / static_cast<double>(points_);
    for (std::size_t g = 0; g < points_; ++g) {
      const double u =
          nodes_.empty() ? (static_cast<double>(g) + random.uniform()) * share : nodes_[g].at;
      random.bernoulli_mask(quantile_(u), star.coalition);
      star.add(worker, everyone_, nodes_.empty() ? share : nodes_[g].weight);
    }
    statistics.add(star.credit);
  }

 private:
  std::function<double(double)> quantile_;
  std::vector<Player> everyone_;
  std::size_t points_;
  std::vector<math::QuadratureNode> nodes_;
};

}  // namespace detail

inline auto Owen::run(const LawTable& law, const RunContext& context) const {
  if (points == 0) detail::fail("owen", "at least 1 point", "0");
  return detail::OwenRun(law, *this, context);
}

}  // namespace gtap
