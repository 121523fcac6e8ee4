#pragma once

#include <gtap/core/archive.hpp>
#include <gtap/estimators/random_subset.hpp>
#include <gtap/math/log_sums.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
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

  /// Of sizes 0 .. n with these `probabilities`; empty at first.
  DistinctCoalitions(std::span<const double> probabilities, bool paired, std::uint64_t seed)
      : players_(probabilities.size() - 1), paired_(paired), seed_(seed) {
    const std::vector<double> logs = math::log_binomials(players_);
    const std::size_t sizes = paired ? players_ / 2 + 1 : players_ + 1;
    for (std::size_t s = 0; s < sizes; ++s) {
      const bool middle = paired && 2 * s == players_;
      wanted_.push_back(paired && !middle ? 2.0 * probabilities[s] : probabilities[s]);
      available_.push_back(std::round(std::exp(std::min(logs[s], 700.0))) * (middle ? 0.5 : 1.0));
    }
    expected_.assign(sizes, 0.0);
    counts_.assign(sizes, 0.0);
    chosen_.resize(sizes);
  }

  /// Adds `count` coalitions (or pairs), or as many as are left; so many were added. The plan is
  /// then one for all of them, as if they had been drawn at once.
  std::size_t extend(std::size_t count) {
    const std::size_t before = plan_.size();
    RandomStream random(seed_, before);
    expect(static_cast<double>(before + count));
    std::vector<double> missing(counts_.size());
    for (std::size_t s = 0; s < missing.size(); ++s)
      missing[s] = std::max(0.0, expected_[s] - counts_[s]);
    const double all = std::accumulate(missing.begin(), missing.end(), 0.0);
    const double planned = std::accumulate(expected_.begin(), expected_.end(), 0.0);
    const double scale = all > 0.0 ? (planned - static_cast<double>(before)) / all : 0.0;
    double sum = random.uniform();  // systematic rounding keeps the total
    for (std::size_t s = 0; s < missing.size(); ++s) {
      const double floor = std::floor(sum);
      sum += scale * missing[s];
      const double added = std::min(available_[s] - counts_[s], std::floor(sum) - floor);
      add_size(s, static_cast<std::size_t>(added), random);
    }
    random.shuffle(std::span(plan_).subspan(before));
    if (plan_.size() > before) stages_.push_back(count);
    return plan_.size() - before;
  }

  std::size_t size() const { return plan_.size(); }

  /// How many coalitions of this size were expected in the plan (of a pair, each counts a half).
  double expected(std::size_t size) const {
    return paired_ && 2 * size != players_ ? 0.5 * expected_[size] : expected_[size];
  }

  /// The probability with which a coalition of this size is in the plan.
  double taken(std::size_t size) const {
    return available_[size] > 0.0 ? std::min(1.0, expected_[size] / available_[size]) : 0.0;
  }

  /// A plan is kept as how it was extended.
  void archive(Archive& fields) {
    std::vector<std::uint64_t> stages = stages_;
    fields(stages);
    for (std::size_t k = stages_.size(); k < stages.size(); ++k)
      extend(static_cast<std::size_t>(stages[k]));
  }

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

  /// How many of each size are to be expected in a plan of `count`.
  void expect(double count) {
    std::vector<bool> full(wanted_.size(), false);
    for (bool again = true; again;) {
      again = false;
      double left = count;
      double weight = 0.0;
      for (std::size_t s = 0; s < full.size(); ++s)
        full[s] ? left -= available_[s] : weight += wanted_[s];
      if (weight <= 0.0) break;
      for (std::size_t s = 0; s < full.size(); ++s) {
        if (full[s]) continue;
        expected_[s] = std::max(0.0, left) * wanted_[s] / weight;
        if (expected_[s] >= available_[s] && wanted_[s] > 0.0) {
          expected_[s] = available_[s];
          full[s] = true;
          again = true;
        }
      }
    }
  }

  /// Adds coalitions of a size that are not yet in the plan.
  void add_size(std::size_t size, std::size_t count, RandomStream& random) {
    counts_[size] += static_cast<double>(count);
    if (available_[size] >= numbered_below) {  // chance does not repeat itself among so many
      plan_.insert(plan_.end(), count, Entry{size, unnumbered});
      return;
    }
    const auto all = static_cast<std::uint64_t>(available_[size]);
    std::unordered_set<std::uint64_t>& chosen = chosen_[size];
    const bool first = chosen.empty();
    for (std::uint64_t top = all - count; top < all; ++top) {
      std::uint64_t rank = 0;
      bool fresh = false;
      do {
        const std::uint64_t end = first ? top + 1 : all;
        rank = static_cast<std::uint64_t>(random.uniform() * static_cast<double>(end));
        fresh = chosen.insert(rank).second;
        if (first && !fresh) fresh = chosen.insert(rank = top).second;  // Floyd's algorithm
      } while (!fresh);
      plan_.push_back({size, rank});
    }
  }

  std::size_t players_ = 0;
  bool paired_ = false;
  std::uint64_t seed_ = 0;
  std::vector<double> available_;  // by size
  std::vector<double> wanted_;
  std::vector<double> expected_;
  std::vector<double> counts_;                             // in the plan
  std::vector<std::unordered_set<std::uint64_t>> chosen_;  // ranks, by size
  std::vector<Entry> plan_;
  std::vector<std::uint64_t> stages_;  // what was asked for, extension by extension
};

}  // namespace gtap::detail
