#pragma once

#include <gtap/core/error.hpp>
#include <gtap/network/objective.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace gtap::detail {

/// What a game's objectives compare with: labels, targets, and the unpruned network's logits.
/// Immutable, and shared by all objectives of a game.
template <class T>
class Reference {
 public:
  /// Labels and targets need not be right before an objective asks for them.
  Reference(nn::Tensor<T> outputs, const nn::Dataset<T>& data)
      : outputs_(std::move(outputs)),
        labels_(data.labels),
        targets_(data.targets),
        label_rows_(nn::Shape{}, outputs_.images()) {
    const std::vector<std::uint32_t> none(nn::tile_images, 0);
    const bool whole = labels_.size() == outputs_.images();
    for (std::size_t t = 0; t < outputs_.tiles(); ++t) {
      nn::kernels::make_label_row(
          whole ? tile_labels(t) : std::span(none).first(outputs_.tile_valid(t)),
          label_rows_.tile(t));
    }
  }

  void check_labels(const char* where) const {
    nn::detail::check_labels(where, outputs_.images(), labels_, classes());
  }

  const nn::Tensor<T>& outputs() const { return outputs_; }
  std::span<const std::uint32_t> labels() const { return labels_; }
  const nn::Tensor<T>& targets() const { return targets_; }
  std::size_t classes() const { return outputs_.shape().size(); }
  std::span<const std::uint32_t> tile_labels(std::size_t t) const {
    return std::span(labels_).subspan(t * nn::tile_images, outputs_.tile_valid(t));
  }
  const T* label_row(std::size_t t) const { return label_rows_.tile(t); }

 private:
  nn::Tensor<T> outputs_;
  std::vector<std::uint32_t> labels_;
  nn::Tensor<T> targets_;
  nn::Tensor<T> label_rows_;  // one row a tile
};

/// An objective of a game, behind one call a tile. Immutable, so all threads share it.
template <class T>
class Target {
 public:
  virtual ~Target() = default;
  /// The objective summed over the images of a tile, from logits as rows [classes][64 images].
  virtual double sum(std::size_t t, const T* logits) const = 0;
};

template <class T, class Sum, bool labels, bool refuses_infinite>
class TargetOf final : public Target<T> {
 public:
  TargetOf(std::shared_ptr<const Reference<T>> reference, Sum sum)
      : reference_(std::move(reference)), sum_(std::move(sum)) {}

  double sum(std::size_t t, const T* logits) const override {
    OutputTile<T> tile{.number = t,
                       .images = reference_->outputs().tile_valid(t),
                       .classes = reference_->classes(),
                       .outputs = logits,
                       .label_row = reference_->label_row(t),
                       .labels = {}};
    if constexpr (labels) tile.labels = reference_->tile_labels(t);
    if constexpr (refuses_infinite) return sum_.sum(std::as_const(tile));
    if (!finite(tile)) return std::numeric_limits<double>::quiet_NaN();
    const double sum = sum_.sum(std::as_const(tile));
    if (!std::isfinite(sum)) [[unlikely]] {
      fail("NetworkGame", "a finite sum from the objective",
           text(sum, " for the ", tile.images, " images from ", t * nn::tile_images, " on"));
    }
    return sum;
  }

 private:
  static bool finite(const OutputTile<T>& tile) {
    T probe[nn::tile_images] = {};  // 0, or NaN once an output is not finite
    for (std::size_t c = 0; c < tile.classes; ++c) {
      for (std::size_t i = 0; i < nn::tile_images; ++i)
        probe[i] += T{0} * tile(c, i);
    }
    return std::none_of(probe, probe + tile.images, [](T x) { return std::isnan(x); });
  }

  std::shared_ptr<const Reference<T>> reference_;
  Sum sum_;
};

/// The objective on this reference, whose labels must be right if it needs them.
template <class T, class O>
std::shared_ptr<const Target<T>> make_target(std::shared_ptr<const Reference<T>> reference,
                                             const O& objective) {
  constexpr bool labels = needs_labels<O>();
  if constexpr (Prepares<O, T>) {
    const ObjectiveData<T> data{reference->outputs(),
                                labels ? reference->labels() : std::span<const std::uint32_t>(),
                                reference->targets(), reference->classes()};
    auto sum = objective.prepare(data);
    return std::make_shared<TargetOf<T, decltype(sum), labels, refuses_infinite<O>()>>(
        std::move(reference), std::move(sum));
  } else {
    return std::make_shared<TargetOf<T, O, labels, refuses_infinite<O>()>>(std::move(reference),
                                                                           objective);
  }
}

/// Compiles for objectives only; for anything else one sentence says what is missing.
template <class O, class T>
consteval bool is_objective() {
  constexpr bool prepares = requires(const O& objective, const ObjectiveData<T>& data) {
    objective.prepare(data);
  };
  static_assert(prepares || TileSum<O, T>,
                "gtap: an objective needs a const member sum(tile), which takes an "
                "OutputTile<T> and returns a double (docs/concepts.md, Objective)");
  static_assert(!prepares || Prepares<O, T>,
                "gtap: what an objective's prepare(data) returns needs a const member sum(tile), "
                "which takes an OutputTile<T> and returns a double (docs/concepts.md, Objective)");
  return Objective<O, T>;
}

}  // namespace gtap::detail
