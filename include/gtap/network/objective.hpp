#pragma once

#include <gtap/nn/dataset.hpp>
#include <gtap/nn/kernels/losses.hpp>
#include <gtap/nn/tensor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace gtap {

/// What an objective sees of 64 images: what the network with a coalition's units makes of them.
/// A last softmax is left out, so outputs are logits.
template <class T>
struct OutputTile {
  std::size_t number;   ///< of the tile: its first image is number x 64
  std::size_t images;   ///< that count, 1 to 64; the columns after them are padding
  std::size_t classes;  ///< outputs of an image
  const T* outputs;     ///< rows [classes][64 images], as nn::kernels take them
  const T* label_row;   ///< the label of each image as nn::kernels take it, -1 for padding
  std::span<const std::uint32_t> labels;  ///< of the images that count; empty if not asked for

  /// The output of a class for an image of the tile.
  T operator()(std::size_t c, std::size_t image) const {
    return outputs[c * nn::tile_images + image];
  }
};

/// What an objective may look at once, before the first coalition: all images of the game.
template <class T>
struct ObjectiveData {
  const nn::Tensor<T>& outputs;           ///< logits of the unpruned network, one row a class
  std::span<const std::uint32_t> labels;  ///< one an image; empty if not asked for
  const nn::Tensor<T>& targets;           ///< those of the data, unchecked
  std::size_t classes;                    ///< outputs of an image
};

namespace detail {

/// Whether tiles can be summed by it.
template <class S, class T>
concept TileSum = requires(const S& summand, const OutputTile<T>& tile) {
  { summand.sum(tile) } -> std::convertible_to<double>;
};

template <class O, class T>
concept Prepares = requires(const O& objective, const ObjectiveData<T>& data) {
  { objective.prepare(data) } -> TileSum<T>;
};

template <class O>
constexpr bool needs_labels() {
  if constexpr (requires {
                  { O::needs_labels } -> std::convertible_to<bool>;
                }) {
    return O::needs_labels;
  }
  return true;
}

template <class O>
constexpr bool needs_classes() {
  if constexpr (requires {
                  { O::needs_classes } -> std::convertible_to<bool>;
                }) {
    return O::needs_classes;
  }
  return true;
}

template <class O>
constexpr bool refuses_infinite() {
  if constexpr (requires {
                  { O::refuses_infinite } -> std::convertible_to<bool>;
                }) {
    return O::refuses_infinite;
  }
  return false;
}

}  // namespace detail

/// What a network game values: the mean over its images of what `sum(tile)` adds up over those of a
/// tile. Called by many threads at once, once for each tile and coalition, so it should not
/// allocate. Optional members (docs/concepts.md): `prepare(data)`, which gives what has the sum()
/// instead; `needs_labels`, `needs_classes` and `refuses_infinite`.
template <class O, class T = float>
concept Objective = detail::TileSum<O, T> || detail::Prepares<O, T>;

/// The share of images whose largest output is their label's, in [0, 1].
struct Accuracy {
  static constexpr bool refuses_infinite = true;

  template <class T>
  double sum(const OutputTile<T>& tile) const {
    return nn::kernels::correct(tile.classes, tile.outputs, tile.label_row);
  }
};

/// Minus the mean cross-entropy of the labels, in nats; at most 0.
struct CrossEntropy {
  static constexpr bool refuses_infinite = true;

  template <class T>
  double sum(const OutputTile<T>& tile) const {
    return -nn::kernels::cross_entropy(tile.classes, tile.outputs, tile.label_row);
  }
};

/// Agreement with the unpruned network: minus the mean Kullback-Leibler divergence
/// KL(unpruned || pruned) of the output distributions, in nats; at most 0. Needs no labels.
struct Agreement {
  static constexpr bool needs_labels = false;
  static constexpr bool refuses_infinite = true;

  /// The unpruned network's distributions.
  template <class T>
  struct Prepared {
    nn::Tensor<T> probability;
    nn::Tensor<T> log_probability;

    double sum(const OutputTile<T>& tile) const {
      return -nn::kernels::kl_divergence(tile.classes, probability.tile(tile.number),
                                         log_probability.tile(tile.number), tile.outputs,
                                         tile.label_row);
    }
  };

  template <class T>
  Prepared<T> prepare(const ObjectiveData<T>& data) const {
    Prepared<T> prepared{data.outputs, data.outputs};
    for (std::size_t t = 0; t < data.outputs.tiles(); ++t) {
      nn::kernels::softmax(data.classes, data.outputs.tile(t), prepared.probability.tile(t));
      nn::kernels::log_softmax(data.classes, data.outputs.tile(t),
                               prepared.log_probability.tile(t));
    }
    return prepared;
  }
};

/// The share of images whose label is among the `k` classes with the largest outputs, in [0, 1].
/// Among equal outputs the smaller class comes first.
struct TopKAccuracy {
  std::size_t k = 5;

  template <class T>
  double sum(const OutputTile<T>& tile) const {
    double right = 0.0;
    for (std::size_t i = 0; i < tile.images; ++i) {
      const std::uint32_t label = tile.labels[i];
      const T own = tile(label, i);
      std::size_t before = 0;
      for (std::size_t c = 0; c < tile.classes; ++c)
        before += tile(c, i) > own || (tile(c, i) == own && c < label) ? 1 : 0;
      right += before < k ? 1.0 : 0.0;
    }
    return right;
  }
};

/// The mean over classes of the share of a class's images whose largest output is theirs, in [0,
/// 1]: small classes count as much as large ones. Classes without images are left out.
struct BalancedAccuracy {
  struct Prepared {
    std::vector<double> weight;  ///< of an image of each class

    template <class T>
    double sum(const OutputTile<T>& tile) const {
      double right = 0.0;
      for (std::size_t i = 0; i < tile.images; ++i) {
        std::size_t best = 0;
        for (std::size_t c = 1; c < tile.classes; ++c) {
          if (tile(c, i) > tile(best, i)) best = c;
        }
        if (best == tile.labels[i]) right += weight[best];
      }
      return right;
    }
  };

  template <class T>
  Prepared prepare(const ObjectiveData<T>& data) const {
    Prepared prepared{std::vector<double>(data.classes, 0.0)};
    for (const std::uint32_t label : data.labels)
      prepared.weight[label] += 1.0;
    double present = 0.0;
    for (const double images : prepared.weight)
      present += images > 0.0 ? 1.0 : 0.0;
    for (double& images : prepared.weight) {
      if (images > 0.0) images = static_cast<double>(data.labels.size()) / (present * images);
    }
    return prepared;
  }
};

/// Minus the mean over images and outputs of (output - target)^2, for regressions; at most 0. Data
/// need targets instead of labels.
struct SquaredError {
  static constexpr bool needs_labels = false;
  static constexpr bool needs_classes = false;
  static constexpr bool refuses_infinite = true;

  template <class T>
  struct Prepared {
    nn::Tensor<T> targets;

    double sum(const OutputTile<T>& tile) const {
      const T* target = targets.tile(tile.number);
      return -nn::kernels::squared_error(tile.classes, tile.outputs, target, tile.images) /
             static_cast<double>(tile.classes);
    }
  };

  /// Throws gtap::Error for targets that are missing, of another shape or not finite.
  template <class T>
  Prepared<T> prepare(const ObjectiveData<T>& data) const {
    nn::detail::check_targets("SquaredError", data.targets, data.outputs.images(),
                              data.outputs.shape());
    return {data.targets};
  }
};

}  // namespace gtap
