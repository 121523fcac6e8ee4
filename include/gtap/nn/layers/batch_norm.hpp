#pragma once

#include <gtap/nn/channel_map.hpp>
#include <gtap/nn/kernels/dense_gradient.hpp>
#include <gtap/nn/kernels/pointwise.hpp>
#include <gtap/nn/layer_work.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gtap::nn {

/// Per channel (x - mean) / sqrt(variance + epsilon) * weight + bias. Training uses the mini-batch
/// and moves the running statistics by `momentum`; inference uses the running statistics.
struct BatchNorm {
  static constexpr std::string_view kind = "batchnorm";
  double epsilon = 1e-5;
  double momentum = 0.1;
  std::string name = {};

  static constexpr bool in_place = true;
  static constexpr Needed needs_output = Needed::nothing;
  static constexpr bool takes_activation = true;

  Shape output_shape(std::span<const Shape> in, std::string_view node) const {
    detail::require(epsilon > 0.0 && std::isfinite(epsilon), node, "an epsilon above 0",
                    detail::text(epsilon));
    detail::require(momentum >= 0.0 && momentum <= 1.0, node, "a momentum in [0, 1]",
                    detail::text(momentum));
    return in[0];
  }
  ChannelMap channel_map(std::span<const Shape>, std::size_t) const {
    return ChannelMap::keeping();
  }
  ParameterShape parameter_shape(std::span<const Shape> in) const {
    const std::size_t channels = in[0].channels;
    return {.weight = {channels}, .bias = channels, .running = channels, .start = 1.0};
  }

  template <class T>
  void forward(const ForwardTile<T>& t) const {
    const Parameters<T>& p = t.parameters;
    const std::size_t count = t.out.pixels() * tile_images;
    for (const std::uint32_t c : t.write) {
      const auto e = static_cast<Eigen::Index>(c);
      const T scale = p.weight(0, e) / std::sqrt(p.running_var(e) + static_cast<T>(epsilon));
      const T shift = p.bias(e) - p.running_mean(e) * scale;
      kernels::affine(scale, shift, t.from(0, c), t.to(c), count, t.then);
    }
  }
  /// At inference, where it is a fixed scale and shift of each channel.
  template <class T>
  void backward(const BackwardTile<T>& t) const {
    const Parameters<T>& p = t.parameters;
    const std::size_t count = t.out.pixels() * tile_images;
    for (std::size_t c = 0; c < t.out.channels; ++c) {
      const auto e = static_cast<Eigen::Index>(c);
      const T inverse = T(1) / std::sqrt(p.running_var(e) + static_cast<T>(epsilon));
      const T mean = p.running_mean(e);
      const T* x = t.x[0] + c * count;
      const T* dy = t.dy + c * count;
      T lanes[tile_images] = {};
      for (std::size_t i = 0; i < count; ++i)
        lanes[i % tile_images] += dy[i] * (x[i] - mean);
      T sum = 0;
      for (const T lane : lanes)
        sum += lane;
      t.dweight[c] = sum * inverse;
      t.dbias[c] = kernels::sum_rows(dy, count);
      if (t.dx[0] == nullptr) continue;
      const T scale = p.weight(0, e) * inverse;
      for (std::size_t i = 0; i < count; ++i)
        t.dx[0][c * count + i] = dy[i] * scale;
    }
  }

  template <class Self, class Visit>
  static void settings(Self& self, Visit&& visit) {
    visit("epsilon", self.epsilon);
    visit("momentum", self.momentum);
  }
};

}  // namespace gtap::nn
