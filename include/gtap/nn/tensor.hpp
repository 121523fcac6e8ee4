#pragma once

#include <gtap/core/error.hpp>
#include <gtap/nn/aligned.hpp>
#include <gtap/nn/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace gtap::nn {

/// Images in a tile, the innermost and contiguous dimension of activations: a whole number of SIMD
/// registers of any width, and few enough that a layer's tile stays in cache.
inline constexpr std::size_t tile_images = 64;

/// Values of many images of one shape: input pixels, or activations of a layer.
///
/// Images come in tiles of 64; a tile is laid out [channel][row][column][image], so a pixel of a
/// channel is a *row* of 64 contiguous numbers, aligned to 64 bytes. The last tile is padded with
/// images of zeros, which no result may depend on.
template <class T>
class Tensor {
 public:
  Tensor() = default;

  /// Zeros.
  Tensor(Shape shape, std::size_t images)
      : shape_(shape),
        images_(images),
        values_((images + tile_images - 1) / tile_images * tile_images * shape.size()) {}

  /// From plain numbers [image][channel][row][column]. Throws unless they are whole images.
  static Tensor from_images(Shape shape, std::span<const T> plain) {
    if (shape.size() == 0 || plain.size() % shape.size() != 0) {
      detail::fail("Tensor::from_images", detail::text("whole images of ", shape),
                   detail::text(plain.size(), " numbers"));
    }
    Tensor tensor(shape, plain.size() / shape.size());
    for (std::size_t i = 0; i < tensor.images(); ++i)
      tensor.set_image(i, plain.subspan(i * shape.size(), shape.size()));
    return tensor;
  }

  const Shape& shape() const { return shape_; }
  std::size_t images() const { return images_; }
  std::size_t tiles() const { return (images_ + tile_images - 1) / tile_images; }

  /// Images of tile t that are not padding.
  std::size_t tile_valid(std::size_t t) const {
    return std::min(tile_images, images_ - t * tile_images);
  }

  /// Rows of a tile: shape().size() of them, 64 numbers each.
  T* tile(std::size_t t) { return values_.data() + t * tile_images * shape_.size(); }
  const T* tile(std::size_t t) const { return values_.data() + t * tile_images * shape_.size(); }

  /// One number. Throws when there is no such image, channel or pixel.
  T get(std::size_t image, std::size_t channel, std::size_t y = 0, std::size_t x = 0) const {
    return values_[position("Tensor::get", image, channel, y, x)];
  }
  void set(std::size_t image, std::size_t channel, std::size_t y, std::size_t x, T value) {
    values_[position("Tensor::set", image, channel, y, x)] = value;
  }

  /// Throws gtap::Error naming the image when a number of tile t is NaN or infinite.
  void check_finite(std::string_view where, std::size_t t) const {
    const T* rows = tile(t);
    T probe[tile_images] = {};  // 0, or NaN once a number is not finite
    for (std::size_t i = 0; i < shape_.size() * tile_images; i += tile_images) {
      for (std::size_t l = 0; l < tile_images; ++l)
        probe[l] += rows[i + l] * T(0);
    }
    for (std::size_t l = 0; l < tile_images; ++l) {
      if (probe[l] != T(0)) {
        detail::fail(where, "images of finite numbers",
                     detail::text("image ", t * tile_images + l, " with others"));
      }
    }
  }

  /// The same for all tiles.
  void check_finite(std::string_view where) const {
    for (std::size_t t = 0; t < tiles(); ++t)
      check_finite(where, t);
  }

  /// Writes image i as plain numbers [channel][row][column].
  void copy_image(std::size_t i, std::span<T> plain) const {
    check_image("Tensor::copy_image", i, plain.size());
    const T* lane = tile(i / tile_images) + i % tile_images;
    for (std::size_t r = 0; r < plain.size(); ++r)
      plain[r] = lane[r * tile_images];
  }

  /// Takes image i from plain numbers [channel][row][column].
  void set_image(std::size_t i, std::span<const T> plain) {
    check_image("Tensor::set_image", i, plain.size());
    T* lane = tile(i / tile_images) + i % tile_images;
    for (std::size_t r = 0; r < plain.size(); ++r)
      lane[r * tile_images] = plain[r];
  }

  /// All images as plain numbers [image][channel][row][column].
  std::vector<T> to_images() const {
    std::vector<T> plain(images_ * shape_.size());
    for (std::size_t i = 0; i < images_; ++i)
      copy_image(i, std::span<T>(plain).subspan(i * shape_.size(), shape_.size()));
    return plain;
  }

 private:
  std::size_t position(const char* where, std::size_t image, std::size_t channel, std::size_t y,
                       std::size_t x) const {
    if (image >= images_ || channel >= shape_.channels || y >= shape_.height || x >= shape_.width) {
      detail::fail(where, detail::text("a place in ", images_, " images of ", shape_),
                   detail::text("image ", image, ", channel ", channel, ", pixel ", y, ",", x));
    }
    const std::size_t row = (channel * shape_.height + y) * shape_.width + x;
    return ((image / tile_images) * shape_.size() + row) * tile_images + image % tile_images;
  }

  void check_image(const char* where, std::size_t i, std::size_t numbers) const {
    if (i >= images_) {
      detail::fail(where, detail::text("an image below ", images_), detail::text("image ", i));
    }
    if (numbers != shape_.size()) {
      detail::fail(where, detail::text(shape_.size(), " numbers for an image of ", shape_),
                   detail::text(numbers));
    }
  }

  Shape shape_{0, 0, 0};
  std::size_t images_ = 0;
  AlignedVector<T> values_;
};

}  // namespace gtap::nn
