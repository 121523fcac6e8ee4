#pragma once

#include <gtap/estimators/random_subset.hpp>
#include <gtap/math/log_sums.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

namespace gtap::detail {

/// A sample of coalitions without repetition: each size gets what its probability asks for, but
/// never more than there are; what is left over goes to the other sizes. Knows how many of each
/// size were to be expected, so that weights can undo it.
///
/// Of a pair, a coalition and its complement, only one stands in the plan: the smaller one, or at
/// half size the one with player 0.
class DistinctCoalitions {
 public:
  DistinctCoalitions() = default;

  /// `probabilities` of sizes 0 .. n, `count` coalitions (or pairs) at most.
  DistinctCoalitions(std::span<const double> probabilities, bool paired, std::size_t count,
                     std::uint64_t seed)
      : players_(probabilities.size() - 1), paired_(paired) {
    const std::vector<double> logs = math::log_binomials(players_);
    const std::size_t sizes = paired ? players_ / 2 + 1 : players_ + 1;
    std::vector<double> available(sizes, 0.0);
    std::vector<double> wanted(sizes, 0.0);
    for (std::size_t s = 0; s < sizes; ++s) {
      const bool middle = paired && 2 * s == players_;
      wanted[s] = paired && !middle ? 2.0 * probabilities[s] : probabilities[s];
      available[s] = std::round(std::exp(std::min(logs[s], 700.0))) * (middle ? 0.5 : 1.0);
    }
    RandomStream random(seed, 0);
    const std::vector<std::size_t> counts = allot(available, wanted, count, random);
    for (std::size_t s = 0; s < sizes; ++s) {
      add_size(s, counts[s], available[s], random);
      taken_.push_back(available[s] > 0.0 ? std::min(1.0, expected_[s] / available[s]) : 0.0);
      if (paired && 2 * s != players_) expected_[s] *= 0.5;
    }
    random.shuffle(std::span(plan_));
  }

  std::size_t size() const { return plan_.size(); }

  /// How many coalitions of this size were expected in the plan (of a pair, each counts a half).
  double expected(std::size_t size) const { return expected_[size]; }

  /// The probability with which a coalition of this size is in the plan.
  double taken(std::size_t size) const { return taken_[size]; }

  /// Coalition number k; `random` is used only where sizes have too many coalitions to number.
  void coalition(std::size_t k, RandomStream& random, std::vector<Player>& order,
                 Coalition& out) const {
    const Entry entry = plan_[k];
    out.clear();
    if (entry.rank == unnumbered) {
      random_subset_of_all(random, entry.size, order, out);
      if (paired_ && 2 * entry.size == players_ && !out.contains(0)) out = out.complement();
      return;
    }
    // Combinatorial number system, the lowest player decided first.
    std::uint64_t rank = entry.rank;
    std::size_t members = entry.size;
    std::size_t player = 0;
    if (paired_ && 2 * entry.size == players_) {
      out.insert(0);
      --members;
      ++player;
    }
    for (; members > 0; ++player) {
      const std::uint64_t with = binomial(players_ - player - 1, members - 1);
      if (rank < with) {
        out.insert(static_cast<Player>(player));
        --members;
      } else {
        rank -= with;
      }
    }
  }

 private:
  static constexpr std::uint64_t unnumbered = ~std::uint64_t{0};
  static constexpr double numbered_below = 0x1p50;
  struct Entry {
    std::size_t size;
    std::uint64_t rank;
  };

  static std::uint64_t binomial(std::size_t n, std::size_t k) {
    std::uint64_t result = 1;
    for (std::size_t j = 1; j <= k; ++j)
      result = result * (n - k + j) / j;
    return result;
  }

  /// Expected and, randomly rounded, actual counts by size.
  std::vector<std::size_t> allot(const std::vector<double>& available,
                                 const std::vector<double>& wanted, std::size_t count,
                                 RandomStream& random) {
    const std::size_t sizes = available.size();
    expected_.assign(sizes, 0.0);
    std::vector<bool> full(sizes, false);
    for (bool again = true; again;) {
      again = false;
      double left = static_cast<double>(count);
      double weight = 0.0;
      for (std::size_t s = 0; s < sizes; ++s)
        full[s] ? left -= available[s] : weight += wanted[s];
      if (weight <= 0.0) break;
      for (std::size_t s = 0; s < sizes; ++s) {
        if (full[s]) continue;
        expected_[s] = std::max(0.0, left) * wanted[s] / weight;
        if (expected_[s] >= available[s] && wanted[s] > 0.0) {
          expected_[s] = available[s];
          full[s] = true;
          again = true;
        }
      }
    }
    // Systematic rounding keeps the total.
    std::vector<std::size_t> counts(sizes, 0);
    double sum = random.uniform();
    for (std::size_t s = 0; s < sizes; ++s) {
      const double before = std::floor(sum);
      sum += expected_[s];
      counts[s] =
          static_cast<std::size_t>(std::min(available[s], std::max(0.0, std::floor(sum) - before)));
    }
    return counts;
  }

  void add_size(std::size_t size, std::size_t count, double available, RandomStream& random) {
    if (available >= numbered_below) {  // chance does not repeat itself among so many
      plan_.insert(plan_.end(), count, Entry{size, unnumbered});
      return;
    }
    const auto all = static_cast<std::uint64_t>(available);
    std::unordered_set<std::uint64_t> chosen;  // Floyd's algorithm
    for (std::uint64_t top = all - count; top < all; ++top) {
      const auto pick = static_cast<std::uint64_t>(random.uniform() * static_cast<double>(top + 1));
      const std::uint64_t rank = chosen.insert(pick).second ? pick : top;
      if (rank == top) chosen.insert(top);
      plan_.push_back({size, rank});
    }
  }

  std::size_t players_ = 0;
  bool paired_ = false;
  std::vector<double> expected_;
  std::vector<double> taken_;
  std::vector<Entry> plan_;
};

}  // namespace gtap::detail
