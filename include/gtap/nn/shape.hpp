#pragma once

#include <gtap/core/error.hpp>

#include <cstddef>
#include <ostream>

namespace gtap::nn {
namespace detail {
using gtap::detail::fail;
using gtap::detail::text;
}  // namespace detail

/// What one image is at some place in a network: channels of height x width pixels. A flat vector
/// has its length in `channels`.
struct Shape {
  std::size_t channels = 1;
  std::size_t height = 1;
  std::size_t width = 1;

  /// Numbers in one image.
  constexpr std::size_t size() const { return channels * height * width; }
  /// Pixels in one channel.
  constexpr std::size_t pixels() const { return height * width; }

  friend constexpr bool operator==(const Shape&, const Shape&) = default;

  /// Writes as "16x10x10".
  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) {
    return out << shape.channels << 'x' << shape.height << 'x' << shape.width;
  }
};

/// Height and width of a kernel, a stride, a padding or a window; one number means both.
struct Extent {
  std::size_t height;
  std::size_t width;

  constexpr Extent(std::size_t both) : height(both), width(both) {}
  constexpr Extent(std::size_t h, std::size_t w) : height(h), width(w) {}

  friend constexpr bool operator==(const Extent&, const Extent&) = default;

  /// Writes as "5x5".
  friend std::ostream& operator<<(std::ostream& out, const Extent& extent) {
    return out << extent.height << 'x' << extent.width;
  }
};

}  // namespace gtap::nn
