#pragma once

#include <gtap/core/target.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace gtap::nn {

/// Channels of a tile that are present, in increasing order.
using Channels = std::span<const std::uint32_t>;

namespace detail {

/// The list 0, 1, ..., count - 1.
template <class Index = std::uint32_t>
std::vector<Index> all_channels(std::size_t count) {
  std::vector<Index> all(count);
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

}  // namespace detail
}  // namespace gtap::nn
