#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/layer_work.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// At each pixel (x - mean) / sqrt(variance + epsilon) * weight + bias, with mean and variance over
/// the channels, and a weight and a bias for each channel. Absent channels would change what the
/// others become, so those before it cannot be pruned.
struct LayerNorm {
  static constexpr std::string_view kind = "layernorm";
  double epsilon = 1e-5;
  std::string name = {};
  static constexpr Needed needs_output = Needed::nothing;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require(epsilon > 0.0 && std::isfinite(epsilon), node, "an epsilon above 0",
                    detail::text(epsilon));
    return in[0];
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::needing_all();
  }
  ParameterShape parameter_shape(std::span<const Shape> in) const {
    return {.weight = {in[0].channels}, .bias = in[0].channels, .start = 1.0};
  }

  template <class T>
  void forward(const ForwardTile<T>& t) const {
    for (std::size_t p = 0; p < t.out.pixels(); ++p) {
      T mean[tile_images];
      T inverse[tile_images];
      moments(t.x[0], t.out, p, mean, inverse);
      for (std::size_t c = 0; c < t.out.channels; ++c) {
        const auto e = static_cast<Eigen::Index>(c);
        const T scale = t.parameters.weight(0, e);
        const T shift = t.parameters.bias(e);
        const T* x = row(t.x[0], t.out, c, p);
        T* y = t.y + (x - t.x[0]);
        for (std::size_t l = 0; l < tile_images; ++l)
          y[l] = (x[l] - mean[l]) * inverse[l] * scale + shift;
      }
    }
  }
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const std::size_t channels = t.out.channels;
    std::fill_n(t.dweight, channels, T(0));
    std::fill_n(t.dbias, channels, T(0));
    for (std::size_t p = 0; p < t.out.pixels(); ++p) {
      T mean[tile_images];
      T inverse[tile_images];
      moments(t.x[0], t.out, p, mean, inverse);
      T plain[tile_images] = {};      // sums over channels of what reaches the normalised numbers
      T by_number[tile_images] = {};  // and of that times them
      for (std::size_t c = 0; c < channels; ++c) {
        const T* x = row(t.x[0], t.out, c, p);
        const T* dy = t.dy + (x - t.x[0]);
        const T scale = t.parameters.weight(0, static_cast<Eigen::Index>(c));
        T weight = 0;
        T bias = 0;
        for (std::size_t l = 0; l < tile_images; ++l) {
          const T number = (x[l] - mean[l]) * inverse[l];
          weight += dy[l] * number;
          bias += dy[l];
          plain[l] += dy[l] * scale;
          by_number[l] += dy[l] * scale * number;
        }
        t.dweight[c] += weight;
        t.dbias[c] += bias;
      }
      if (t.dx[0] == nullptr) continue;
      const T share = T(1) / static_cast<T>(channels);
      for (std::size_t c = 0; c < channels; ++c) {
        const T* x = row(t.x[0], t.out, c, p);
        const T* dy = t.dy + (x - t.x[0]);
        T* dx = t.dx[0] + (x - t.x[0]);
        const T scale = t.parameters.weight(0, static_cast<Eigen::Index>(c));
        for (std::size_t l = 0; l < tile_images; ++l) {
          const T number = (x[l] - mean[l]) * inverse[l];
          dx[l] = inverse[l] * (dy[l] * scale - share * (plain[l] + number * by_number[l]));
        }
      }
    }
  }

  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("epsilon", self.epsilon);
  }

 private:
  template <class T>
  static const T* row(const T* x, Shape shape, std::size_t channel, std::size_t pixel) {
    return x + (channel * shape.pixels() + pixel) * tile_images;
  }

  /// Mean and inverse standard deviation over the channels of a pixel.
  template <class T>
  void moments(const T* x, Shape shape, std::size_t pixel, T* mean, T* inverse) const {
    const T share = T(1) / static_cast<T>(shape.channels);
    std::fill_n(mean, tile_images, T(0));
    std::fill_n(inverse, tile_images, T(0));
    for (std::size_t c = 0; c < shape.channels; ++c) {
      const T* from = row(x, shape, c, pixel);
      for (std::size_t l = 0; l < tile_images; ++l)
        mean[l] += from[l] * share;
    }
    for (std::size_t c = 0; c < shape.channels; ++c) {
      const T* from = row(x, shape, c, pixel);
      for (std::size_t l = 0; l < tile_images; ++l)
        inverse[l] += (from[l] - mean[l]) * (from[l] - mean[l]) * share;
    }
    for (std::size_t l = 0; l < tile_images; ++l)
      inverse[l] = T(1) / std::sqrt(inverse[l] + static_cast<T>(epsilon));
  }
};

}  // namespace gtap::nn
