#pragma once

#include <gtap/estimators/credit_run.hpp>
#include <gtap/estimators/quadrature.hpp>
#include <gtap/estimators/star.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gtap {

/// Integrates over the retention probability (Owen 1972; Okhrati & Lipani 2020): a unit of work is
/// one grid of `points` probabilities, each with a random coalition and everyone's marginal
/// contribution to it: points (n + 1) evaluations.
///
/// Jittered, one random probability in each of `points` equal parts of the law: unbiased for every
/// retention law. Gauss-Legendre: fixed nodes and weights, for laws that are uniform or a point;
/// unbiased when points >= n / 2 (any number for a point), else off by the rule's error.
struct Owen {
  std::size_t points = 4;
  bool gauss_legendre = false;

  template <Semivalue Law>
  auto run(const Law& law, const RunContext& context) const;
  std::string name() const {
    return detail::text("Owen(", points, gauss_legendre ? ", Gauss-Legendre)" : ", jittered)");
  }
};

namespace detail {

template <RetentionLaw Law>
class OwenRun : public CreditRun {
 public:
  OwenRun(const Law& law, const Owen& owen, const RunContext& context)
      : CreditRun("Owen", owen.points * (context.players + 1), 0, context),
        law_(law),
        everyone_(Coalition::grand(players_).members()),
        points_(owen.points) {
    if (!owen.gauss_legendre) return;
    nodes_ = gauss_legendre(owen.points);
    // The rule sees the law at its nodes only, where a few steps may look like a straight line.
    const double low = law.quantile(0.0);
    const double rise = law.quantile(std::nextafter(1.0, 0.0)) - low;
    const auto straight = [&](double u) {
      return std::abs(law.quantile(u) - (low + rise * u)) <= 1e-12;
    };
    bool uniform = std::all_of(nodes_.begin(), nodes_.end(),
                               [&](const QuadratureNode& node) { return straight(node.at); });
    for (int k = 1; k < 64; ++k)
      uniform = uniform && straight(k / 64.0);
    if (!uniform) fail("Owen(Gauss-Legendre)", "a uniform or point law", name_of(law));
  }

  using Scratch = Star;
  Scratch scratch() const { return Star(players_); }

  template <class Worker>
  void unit(std::uint64_t, RandomStream& random, Worker& worker, Star& star,
            Statistics& statistics) const {
    star.begin(everyone_);
    const double share = 1.0 / static_cast<double>(points_);
    for (std::size_t g = 0; g < points_; ++g) {
      const double u =
          nodes_.empty() ? (static_cast<double>(g) + random.uniform()) * share : nodes_[g].at;
      random.bernoulli_mask(law_.quantile(u), star.coalition);
      star.add(worker, everyone_, nodes_.empty() ? share : nodes_[g].weight);
    }
    statistics.add(star.credit);
  }

 private:
  Law law_;
  std::vector<Player> everyone_;
  std::size_t points_;
  std::vector<QuadratureNode> nodes_;
};

}  // namespace detail

template <Semivalue Law>
auto Owen::run(const Law& law, const RunContext& context) const {
  static_assert(RetentionLaw<Law>,
                "gtap: Owen integrates over the retention probability: the law needs quantile(u); "
                "take Permutation or Stratified for a law by sizes");
  if (points == 0) detail::fail("Owen", "at least 1 point", "0");
  return detail::OwenRun<Law>(law, *this, context);
}

}  // namespace gtap
