#pragma once

#include <gtap/core/error.hpp>
#include <gtap/nn/aligned.hpp>
#include <gtap/nn/kernels/losses.hpp>
#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace gtap {

// All objectives take the outputs for classes, two or more. What a regression is worth is a value
// function of one's own.

/// Value of a network game: the share of images whose largest output is their label's, in [0, 1].
struct Accuracy {
  static constexpr bool needs_labels = true;
};

/// Value of a network game: minus the mean cross-entropy of the labels, in nats; at most 0.
struct CrossEntropy {
  static constexpr bool needs_labels = true;
};

/// Value of a network game: agreement with the unpruned network, which is minus the mean
/// Kullback-Leibler divergence KL(unpruned || pruned) of the output distributions, in nats; at
/// most 0. Needs no labels.
struct Agreement {
  static constexpr bool needs_labels = false;
};

namespace detail {

/// What an objective compares logits with: labels, or the unpruned network's distributions.
/// Immutable, so all threads share it. Logits are rows [classes][64 images].
template <class T, class Objective>
class Target {
 public:
  /// `full` are the unpruned network's logits; `labels` may be empty where none are needed.
  Target(const nn::Tensor<T>& full, std::span<const std::uint32_t> labels)
      : classes_(full.shape().size()), labels_(nn::Shape{}, full.images()) {
    const std::vector<std::uint32_t> none(nn::tile_images, 0);
    for (std::size_t t = 0; t < full.tiles(); ++t) {
      const std::size_t valid = full.tile_valid(t);
      const auto row = labels.empty() ? std::span<const std::uint32_t>(none).first(valid)
                                      : labels.subspan(t * nn::tile_images, valid);
      nn::kernels::make_label_row(row, labels_.tile(t));
    }
    if constexpr (!Objective::needs_labels) {
      probability_ = full;
      log_probability_ = full;
      for (std::size_t t = 0; t < full.tiles(); ++t) {
        nn::kernels::softmax(classes_, full.tile(t), probability_.tile(t));
        nn::kernels::log_softmax(classes_, full.tile(t), log_probability_.tile(t));
      }
    }
  }

  /// The objective summed over the images of a tile.
  double sum(std::size_t t, const T* logits) const {
    if constexpr (std::is_same_v<Objective, Accuracy>) {
      return nn::kernels::correct(classes_, logits, labels_.tile(t));
    } else if constexpr (std::is_same_v<Objective, CrossEntropy>) {
      return -nn::kernels::cross_entropy(classes_, logits, labels_.tile(t));
    } else {
      static_assert(std::is_same_v<Objective, Agreement>,
                    "gtap: an objective is Accuracy, CrossEntropy or Agreement");
      return -nn::kernels::kl_divergence(classes_, probability_.tile(t), log_probability_.tile(t),
                                         logits, labels_.tile(t));
    }
  }

 private:
  std::size_t classes_;
  nn::Tensor<T> labels_;           // one row a tile
  nn::Tensor<T> probability_;      // Agreement only
  nn::Tensor<T> log_probability_;  // Agreement only
};

}  // namespace detail
}  // namespace gtap
