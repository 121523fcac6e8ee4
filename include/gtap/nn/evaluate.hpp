#pragma once

#include <gtap/nn/dataset.hpp>
#include <gtap/nn/forward.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace gtap::nn {

/// How good a network is on a data set.
struct Evaluation {
  double accuracy = 0.0;       ///< share of images whose largest logit is their label's, in [0, 1]
  double cross_entropy = 0.0;  ///< mean of -log softmax(logits)[label], in nats
};

namespace detail {

/// Of one tile of logits [class][64]: number of right images and sum of cross-entropies. The first
/// of several largest logits counts.
template <class T>
Evaluation evaluate_tile(std::size_t classes, std::size_t valid, const std::uint32_t* labels,
                         const T* logits) {
  Evaluation sum;
  for (std::size_t l = 0; l < valid; ++l) {
    std::size_t best = 0;
    for (std::size_t c = 1; c < classes; ++c) {
      if (logits[c * tile_images + l] > logits[best * tile_images + l]) best = c;
    }
    const double largest = static_cast<double>(logits[best * tile_images + l]);
    double total = 0.0;
    for (std::size_t c = 0; c < classes; ++c)
      total += std::exp(static_cast<double>(logits[c * tile_images + l]) - largest);
    const double own = static_cast<double>(logits[labels[l] * tile_images + l]);
    sum.accuracy += best == labels[l] ? 1.0 : 0.0;
    sum.cross_entropy += std::log(total) + largest - own;
  }
  return sum;
}

template <class T>
Evaluation evaluate(const Network<T>& net, const Dataset<T>& data, const KeptChannels* kept,
                    std::size_t threads) {
  data.check("evaluate", net.output().size());
  std::vector<Evaluation> parts(data.images.tiles());
  for_each_tile("evaluate", net, logit_nodes(net), data.images, kept, threads,
                [&](std::size_t t, const T* logits) {
                  parts[t] = evaluate_tile(net.output().size(), data.images.tile_valid(t),
                                           data.labels.data() + t * tile_images, logits);
                });
  Evaluation mean;
  for (const Evaluation& part : parts) {
    mean.accuracy += part.accuracy;
    mean.cross_entropy += part.cross_entropy;
  }
  mean.accuracy /= static_cast<double>(data.size());
  mean.cross_entropy /= static_cast<double>(data.size());
  if (!std::isfinite(mean.cross_entropy)) {
    fail("evaluate", "finite outputs", text("a cross-entropy of ", mean.cross_entropy));
  }
  return mean;
}

}  // namespace detail

/// Accuracy and cross-entropy at inference. `threads` 0 means those of the machine; the result does
/// not depend on it. Throws gtap::Error for an empty data set, images of another shape, a label
/// that is no class, or numbers that are not finite.
template <class T>
Evaluation evaluate(const Network<T>& net, const Dataset<T>& data, std::size_t threads = 0) {
  return detail::evaluate(net, data, nullptr, threads);
}

/// The same with only the kept channels of each hidden stage.
template <class T>
Evaluation evaluate(const Network<T>& net, const Dataset<T>& data, const KeptChannels& kept,
                    std::size_t threads = 0) {
  return detail::evaluate(net, data, &kept, threads);
}

/// The accuracy alone.
template <class T>
double accuracy(const Network<T>& net, const Dataset<T>& data, std::size_t threads = 0) {
  return evaluate(net, data, threads).accuracy;
}

}  // namespace gtap::nn
