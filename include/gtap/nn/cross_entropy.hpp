#pragma once

#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace gtap::nn::detail {

/// Sum over the first `valid` images of a tile of the cross-entropy -log softmax(logits)[label].
/// Writes `share` times its gradient by the logits, zero for padding.
template <class T>
double cross_entropy_gradient(std::size_t classes, std::size_t valid, const std::uint32_t* labels,
                              const T* logits, T share, T* gradient) {
  T largest[tile_images];
  T sum[tile_images] = {};
  std::copy_n(logits, tile_images, largest);
  for (std::size_t i = tile_images; i < classes * tile_images; ++i) {
    T& most = largest[i % tile_images];
    most = logits[i] > most ? logits[i] : most;
  }
  for (std::size_t c = 0; c < classes; ++c) {
    for (std::size_t l = 0; l < tile_images; ++l) {
      const T e = std::exp(logits[c * tile_images + l] - largest[l]);
      gradient[c * tile_images + l] = e;
      sum[l] += e;
    }
  }
  double loss = 0.0;
  for (std::size_t l = 0; l < valid; ++l) {
    const T own = logits[labels[l] * tile_images + l];
    loss += static_cast<double>(largest[l] - own) + std::log(static_cast<double>(sum[l]));
  }
  T factor[tile_images];
  for (std::size_t l = 0; l < tile_images; ++l)
    factor[l] = l < valid ? share / sum[l] : T(0);
  for (std::size_t c = 0; c < classes; ++c) {
    for (std::size_t l = 0; l < tile_images; ++l)
      gradient[c * tile_images + l] *= factor[l];
  }
  for (std::size_t l = 0; l < valid; ++l)
    gradient[labels[l] * tile_images + l] -= share;
  return loss;
}

}  // namespace gtap::nn::detail
