#pragma once

#include <gtap/core/random.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace gtap {

/// Puts a uniformly random set of `size` of the players `order` into the coalition, which is
/// emptied first. The order is shuffled as far as needed; its first `size` are the members.
inline void random_subset(RandomStream& random, std::span<Player> order, std::size_t size,
                          Coalition& coalition) {
  coalition.clear();
  const auto words = coalition.words();
  for (std::size_t k = 0; k < size; ++k) {
    std::swap(order[k], order[k + random.below(static_cast<std::uint32_t>(order.size() - k))]);
    words[order[k] / 64] |= std::uint64_t{1} << (order[k] % 64);
  }
}

/// The same of all the coalition's players; `order` is memory for that.
inline void random_subset_of_all(RandomStream& random, std::size_t size, std::vector<Player>& order,
                                 Coalition& coalition) {
  order.resize(coalition.players());
  std::iota(order.begin(), order.end(), Player{0});
  random_subset(random, order, size, coalition);
}

}  // namespace gtap
