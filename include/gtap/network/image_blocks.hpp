#pragma once

#include <gtap/games/averaged.hpp>
#include <gtap/network/network_game.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace gtap {

/// The game as the mean of itself on `count` blocks of its images: estimate_averaged() of it gives
/// standard errors over images beside those over coalitions. The same values but for rounding, at
/// the same cost. Whole tiles of nn::tile_images images go to a block, so there are at most as many
/// blocks as tiles.
template <class T>
Averaged<NetworkGame<T>> image_blocks(const NetworkGame<T>& game, std::size_t count = 16) {
  std::vector<NetworkGame<T>> parts = game.blocks(count);
  std::vector<double> images;
  for (const auto& part : parts)
    images.push_back(static_cast<double>(part.images()));
  return Averaged<NetworkGame<T>>(std::move(parts), std::move(images));
}

}  // namespace gtap
