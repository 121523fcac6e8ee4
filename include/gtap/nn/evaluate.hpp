#pragma once

#include <gtap/nn/dataset.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/kernels/losses.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace gtap::nn {

/// How good a network is on a data set.
struct Evaluation {
  double accuracy = 0.0;       ///< share of images whose largest logit is their label's, in [0, 1]
  double cross_entropy = 0.0;  ///< mean of -log softmax(logits)[label], in nats
  double mean_squared_error = 0.0;  ///< of regression: over images and outputs
};

namespace detail {

/// Throws unless a network can be run on all of the images and compared with their labels.
template <class T>
void check_data(const char* where, const Network<T>& net, const Dataset<T>& data) {
  data.check(where, classes(where, net));
  check_images(where, net, data.images);
  data.images.check_finite(where);
}

template <class T>
Evaluation evaluate(const Network<T>& net, const Dataset<T>& data, const KeptChannels* kept,
                    std::size_t threads) {
  const std::size_t classes = detail::classes("evaluate", net);
  data.check("evaluate", classes);
  std::vector<Evaluation> parts(data.images.tiles());
  for_each_tile("evaluate", net, logit_nodes(net), data.images, kept, threads,
                [&](std::size_t t, const T* logits) {
                  alignas(alignment) T labels[tile_images];
                  kernels::make_label_row(data.tile_labels(t), labels);
                  parts[t] = {.accuracy = kernels::correct(classes, logits, labels),
                              .cross_entropy = kernels::cross_entropy(classes, logits, labels)};
                });
  Evaluation mean;
  for (const Evaluation& part : parts) {
    mean.accuracy += part.accuracy;
    mean.cross_entropy += part.cross_entropy;
  }
  mean.accuracy /= static_cast<double>(data.size());
  mean.cross_entropy /= static_cast<double>(data.size());
  if (!std::isfinite(mean.cross_entropy) || std::isnan(mean.accuracy)) {
    fail("evaluate", "finite outputs", text("a cross-entropy of ", mean.cross_entropy));
  }
  return mean;
}

}  // namespace detail

/// Accuracy and cross-entropy at inference. `threads` 0 means those of the machine; the result does
/// not depend on it. Throws gtap::Error for outputs that are not flat or only one, an empty data
/// set, images of another shape, a label that is no class, or numbers that are not finite.
template <class T>
Evaluation evaluate(const Network<T>& net, const Dataset<T>& data, std::size_t threads = 0) {
  return detail::evaluate(net, data, nullptr, threads);
}

/// The same with only the kept channels of each node's output (Units::mask).
template <class T>
Evaluation evaluate(const Network<T>& net, const Dataset<T>& data, const KeptChannels& kept,
                    std::size_t threads = 0) {
  return detail::evaluate(net, data, &kept, threads);
}

/// Mean over images and outputs of (output - target)^2, at inference. Throws gtap::Error for
/// targets that are missing or of another shape, and as evaluate() does.
template <class T>
double mean_squared_error(const Network<T>& net, const Dataset<T>& data, std::size_t threads = 0) {
  const char* const where = "mean_squared_error";
  data.check_targets(where, net.output());
  const std::size_t outputs = net.output().size();
  std::vector<double> parts(data.images.tiles());
  detail::for_each_tile(where, net, net.nodes().size(), data.images, nullptr, threads,
                        [&](std::size_t t, const T* rows) {
                          parts[t] = kernels::squared_error(outputs, rows, data.targets.tile(t),
                                                            data.images.tile_valid(t));
                        });
  double sum = 0.0;
  for (const double part : parts)
    sum += part;
  const double mean = sum / static_cast<double>(data.size() * outputs);
  if (!std::isfinite(mean)) detail::fail(where, "finite outputs", detail::text("a mean of ", mean));
  return mean;
}

/// The accuracy alone.
template <class T>
double accuracy(const Network<T>& net, const Dataset<T>& data, std::size_t threads = 0) {
  return evaluate(net, data, threads).accuracy;
}

}  // namespace gtap::nn
