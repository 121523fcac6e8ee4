#pragma once

#include <gtap/nn/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gtap::nn {

namespace detail {

/// Throws gtap::Error unless there are images, as many labels, and all labels are below `classes`.
inline void check_labels(std::string_view where, std::size_t images,
                         std::span<const std::uint32_t> labels, std::size_t classes) {
  if (images == 0) fail(where, "at least one image", "an empty data set");
  if (labels.size() != images) {
    fail(where, text("a label for each of ", images, " images"), text(labels.size(), " labels"));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= classes) {
      fail(where, text("labels below ", classes), text("label ", labels[i], " of image ", i));
    }
  }
}

/// Throws gtap::Error unless there are images, and as many targets of finite numbers in this shape.
template <class T>
void check_targets(std::string_view where, const Tensor<T>& targets, std::size_t images,
                   const Shape& output) {
  if (images == 0) fail(where, "at least one image", "an empty data set");
  if (targets.images() != images || !(targets.shape() == output)) {
    fail(where, text("targets of ", output, " for each of ", images, " images"),
         text(targets.images(), " of ", targets.shape()));
  }
  targets.check_finite(where);
}

}  // namespace detail

/// Images and what a network shall make of each: its class, or numbers.
template <class T>
struct Dataset {
  Tensor<T> images;
  std::vector<std::uint32_t> labels;  ///< classes; may be empty where nobody asks for them
  Tensor<T> targets = {};             ///< of regression: numbers of the network's output shape

  std::size_t size() const { return images.images(); }

  /// The classes of a tile's images, padding left out.
  std::span<const std::uint32_t> tile_labels(std::size_t tile) const {
    return std::span(labels).subspan(tile * tile_images, images.tile_valid(tile));
  }

  /// A copy of the images with these numbers, in this order.
  Dataset subset(std::span<const std::uint32_t> indices) const {
    Dataset part{Tensor<T>(images.shape(), indices.size()), {}, {}};
    if (targets.images() > 0) part.targets = Tensor<T>(targets.shape(), indices.size());
    std::vector<T> image(images.shape().size());
    std::vector<T> target(targets.shape().size());
    for (std::size_t i = 0; i < indices.size(); ++i) {
      if (indices[i] >= size()) {
        detail::fail("Dataset::subset", detail::text("images below ", size()),
                     detail::text(indices[i]));
      }
      images.copy_image(indices[i], image);
      part.images.set_image(i, image);
      if (!labels.empty()) part.labels.push_back(labels[indices[i]]);
      if (targets.images() > 0) {
        targets.copy_image(indices[i], target);
        part.targets.set_image(i, target);
      }
    }
    return part;
  }

  /// A copy of `count` images from `begin` on.
  Dataset subset(std::size_t begin, std::size_t count) const {
    if (begin > size() || count > size() - begin) {
      detail::fail("Dataset::subset", detail::text("images below ", size()),
                   detail::text(count, " images from ", begin));
    }
    std::vector<std::uint32_t> indices(count);
    for (std::size_t i = 0; i < count; ++i)
      indices[i] = static_cast<std::uint32_t>(begin + i);
    return subset(indices);
  }

  /// Throws gtap::Error unless there are images, as many labels, and all labels are below
  /// `classes`.
  void check(std::string_view where, std::size_t classes) const {
    detail::check_labels(where, images.images(), labels, classes);
  }

  /// Throws gtap::Error unless there are images, and as many targets of finite numbers in this
  /// shape.
  void check_targets(std::string_view where, const Shape& output) const {
    detail::check_targets(where, targets, images.images(), output);
  }
};

}  // namespace gtap::nn
