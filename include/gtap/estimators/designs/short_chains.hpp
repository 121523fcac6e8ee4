#pragma once

#include <gtap/estimators/credit_run.hpp>
#include <gtap/estimators/random_subset.hpp>
#include <gtap/math/discrete.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace gtap {

/// Band-limited walks: the players are dealt into groups of `length`; each group is added, one
/// player after another, to a random coalition of the others whose size is about what the law
/// asks for. So every player is credited once a sample, at a size that matters, and most steps are
/// steps of a chain: the design for laws that live on few sizes where chains are cheap.
///
/// Unbiased for every law: a marginal contribution at size s counts P(s) over the probability of
/// walking there. About n (length + 1) / length evaluations a sample.
struct ShortChains {
  std::size_t length = 16;  ///< at least 1; at most n is used

  auto run(const LawTable& law, const RunContext& context) const;
  std::string name() const { return detail::text("short-chains:", length); }
};

namespace detail {

class ShortChainsRun : public CreditRun {
 public:
  /// `length` is at most the number of players.
  ShortChainsRun(const LawTable& law, std::size_t length, const RunContext& context)
      : CreditRun("short-chains", (context.players + length - 1) / length * (length + 1), 0,
                  context),
        length_(length) {
    const std::vector<double> sizes = law.sizes();
    const std::size_t last_start = players_ - length_;
    std::vector<double> starts(last_start + 1, 0.0);
    for (std::size_t s = 0; s < players_; ++s) {
      for (std::size_t step = 0; step < length_; ++step) {
        const std::size_t start = s < step ? 0 : std::min(s - step, last_start);
        starts[start] += sizes[s] / static_cast<double>(length_);
      }
    }
    starts_ = math::Discrete(starts);
    weights_.assign(players_, 0.0);
    for (std::size_t start = 0; start <= last_start; ++start) {
      for (std::size_t step = 0; step < length_; ++step)
        weights_[start + step] += starts[start] / static_cast<double>(length_);
    }
    for (std::size_t s = 0; s < players_; ++s)
      weights_[s] = sizes[s] == 0.0 ? 0.0 : sizes[s] / weights_[s];
  }

  struct Scratch {
    std::vector<Player> order;
    std::vector<Player> group;
    std::vector<Player> others;
    std::vector<double> values;
    std::vector<double> credit;
    Coalition coalition;
  };

  Scratch scratch() const {
    return {std::vector<Player>(players_),
            {},
            {},
            std::vector<double>(length_ + 1),
            std::vector<double>(players_),
            Coalition(players_)};
  }

  void sample(std::uint64_t, RandomStream& random, Worker& worker, Scratch& scratch,
              Statistics& statistics) const {
    std::iota(scratch.order.begin(), scratch.order.end(), Player{0});
    random.shuffle(std::span(scratch.order));
    // The last group is filled up from the front: those players are walked again, not credited.
    for (std::size_t first = 0; first < players_; first += length_) {
      const std::size_t own = std::min(length_, players_ - first);
      scratch.group.assign(scratch.order.begin() + static_cast<std::ptrdiff_t>(first),
                           scratch.order.begin() + static_cast<std::ptrdiff_t>(first + own));
      scratch.others.assign(scratch.order.begin(),
                            scratch.order.begin() + static_cast<std::ptrdiff_t>(first));
      scratch.others.insert(scratch.others.end(),
                            scratch.order.begin() + static_cast<std::ptrdiff_t>(first + own),
                            scratch.order.end());
      // Which slot of the chain a player has must not depend on the group being short.
      for (std::size_t k = own; k < length_; ++k) {
        const std::size_t left = scratch.others.size();
        const std::size_t pick = random.below(static_cast<std::uint32_t>(left));
        scratch.group.push_back(scratch.others[pick]);
        scratch.others.erase(scratch.others.begin() + static_cast<std::ptrdiff_t>(pick));
      }
      std::vector<Player>& group = scratch.group;
      random.shuffle(std::span(group));
      const std::size_t start = starts_.draw(random);
      random_subset(random, scratch.others, start, scratch.coalition);
      worker.chain(scratch.coalition, group, scratch.values);
      for (std::size_t step = 0; step < length_; ++step) {
        const bool credited =
            own == length_ || std::find(scratch.order.begin() + static_cast<std::ptrdiff_t>(first),
                                        scratch.order.end(), group[step]) != scratch.order.end();
        if (!credited) continue;
        scratch.credit[group[step]] =
            weights_[start + step] * (scratch.values[step + 1] - scratch.values[step]);
      }
    }
    statistics.add(scratch.credit);
  }

 private:
  std::size_t length_;
  math::Discrete starts_;
  std::vector<double> weights_;
};

}  // namespace detail

inline auto ShortChains::run(const LawTable& law, const RunContext& context) const {
  if (length == 0) detail::fail("short-chains", "a length of at least 1", "0");
  return detail::ShortChainsRun(law, std::min(length, context.players), context);
}

}  // namespace gtap
