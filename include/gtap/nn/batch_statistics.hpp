#pragma once

#include <gtap/nn/network.hpp>
#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace gtap::nn::detail {

/// Batch norm over one mini-batch in training: per-tile sums that are merged in the order of the
/// tiles, so that the result does not depend on who computed them. Padding is left out.
template <class T>
class BatchStatistics {
 public:
  BatchStatistics(const Node<T>& node, std::size_t tiles)
      : channels_(node.in.channels),
        pixels_(node.in.pixels()),
        mean_(channels_),
        inverse_(channels_),
        variance_(channels_),
        first_(channels_),
        second_(channels_),
        parts_(tiles, std::vector<Part>(channels_)) {}

  /// Forward, first half: mean and squared deviations of one tile.
  void gather(std::size_t tile, std::size_t valid, const T* x) {
    for (std::size_t c = 0; c < channels_; ++c) {
      const T* rows = x + c * pixels_ * tile_images;
      const double mean = sum(valid, [rows](std::size_t i) { return rows[i]; }) / number(valid);
      const T centre = static_cast<T>(mean);
      // About the rounded mean; merge() needs the true one, hence the correction.
      const double squares =
          sum(valid, [=](std::size_t i) { return (rows[i] - centre) * (rows[i] - centre); });
      const double offset = mean - static_cast<double>(centre);
      parts_[tile][c] = {mean, squares - number(valid) * offset * offset};
    }
  }

  /// Between the halves: mean and variance of the batch (Chan, Golub and LeVeque 1983), and the
  /// running statistics of the node, whose variance is the unbiased one.
  void merge(std::size_t images, double epsilon) {
    images_ = images;
    const double total = number(images);
    for (std::size_t c = 0; c < channels_; ++c) {
      double count = 0.0;
      double mean = 0.0;
      double squares = 0.0;
      for (std::size_t t = 0; t * tile_images < images; ++t) {
        const double added = number(std::min(tile_images, images - t * tile_images));
        const Part& part = parts_[t][c];
        const double delta = part.first - mean;
        squares += part.second + delta * delta * count * added / (count + added);
        count += added;
        mean += delta * added / count;
      }
      mean_[c] = static_cast<T>(mean);
      inverse_[c] = static_cast<T>(1.0 / std::sqrt(squares / total + epsilon));
      variance_[c] = static_cast<T>(squares / std::max(total - 1.0, 1.0));
    }
  }

  void update_running(Node<T>& node, double momentum) const {
    const T m = static_cast<T>(momentum);
    for (std::size_t c = 0; c < channels_; ++c) {
      const auto e = static_cast<Eigen::Index>(c);
      node.running_mean(e) += m * (mean_[c] - node.running_mean(e));
      node.running_var(e) += m * (variance_[c] - node.running_var(e));
    }
  }

  /// Forward, second half.
  void normalize(const Node<T>& node, const T* x, T* y) const {
    const std::size_t count = pixels_ * tile_images;
    for (std::size_t c = 0; c < channels_; ++c) {
      const auto e = static_cast<Eigen::Index>(c);
      const T scale = node.weight(0, e) * inverse_[c];
      const T shift = node.bias(e) - mean_[c] * scale;
      for (std::size_t i = c * count; i < (c + 1) * count; ++i)
        y[i] = x[i] * scale + shift;
    }
  }

  /// Backward, first half: sums of one tile over dy and over dy times the normalised input, which
  /// are also the tile's gradients by bias and weight. Padding of dy must be zero.
  void gather_gradient(std::size_t tile, std::size_t valid, const T* x, const T* dy, T* dweight,
                       T* dbias) {
    for (std::size_t c = 0; c < channels_; ++c) {
      const T* rows = x + c * pixels_ * tile_images;
      const T* gradient = dy + c * pixels_ * tile_images;
      const T mean = mean_[c];
      const double plain = sum(valid, [=](std::size_t i) { return gradient[i]; });
      const double by_input =
          sum(valid, [=](std::size_t i) { return (rows[i] - mean) * gradient[i]; });
      parts_[tile][c] = {plain, by_input * static_cast<double>(inverse_[c])};
      dbias[c] = static_cast<T>(parts_[tile][c].first);
      dweight[c] = static_cast<T>(parts_[tile][c].second);
    }
  }

  void merge_gradient() {
    for (std::size_t c = 0; c < channels_; ++c) {
      double plain = 0.0;
      double by_input = 0.0;
      for (std::size_t t = 0; t * tile_images < images_; ++t) {
        plain += parts_[t][c].first;
        by_input += parts_[t][c].second;
      }
      first_[c] = static_cast<T>(plain / number(images_));
      second_[c] = static_cast<T>(by_input / number(images_));
    }
  }

  /// Backward, second half: gradient by the input. The padding, which mean terms would fill, is
  /// zero again.
  void input_gradient(const Node<T>& node, std::size_t valid, const T* x, const T* dy,
                      T* dx) const {
    for (std::size_t c = 0; c < channels_; ++c) {
      const T inverse = inverse_[c];
      const T scale = node.weight(0, static_cast<Eigen::Index>(c)) * inverse;
      for (std::size_t p = c * pixels_; p < (c + 1) * pixels_; ++p) {
        for (std::size_t l = 0; l < tile_images; ++l) {
          const std::size_t i = p * tile_images + l;
          const T normalized = (x[i] - mean_[c]) * inverse;
          dx[i] = l < valid ? scale * (dy[i] - first_[c] - normalized * second_[c]) : T(0);
        }
      }
    }
  }

 private:
  struct Part {
    double first = 0.0;
    double second = 0.0;
  };

  double number(std::size_t images) const { return static_cast<double>(images * pixels_); }

  /// Sum of f over a channel's numbers that are not padding: lane by lane in T, then in double.
  template <class F>
  double sum(std::size_t valid, F f) const {
    T lanes[tile_images] = {};
    for (std::size_t p = 0; p < pixels_; ++p) {
      for (std::size_t l = 0; l < tile_images; ++l)
        lanes[l] += f(p * tile_images + l);
    }
    double total = 0.0;
    for (std::size_t l = 0; l < valid; ++l)
      total += static_cast<double>(lanes[l]);
    return total;
  }

  std::size_t channels_;
  std::size_t pixels_;
  std::size_t images_ = 0;
  std::vector<T> mean_, inverse_, variance_;  // of the batch; inverse standard deviation
  std::vector<T> first_, second_;             // means of dy and of dy times the normalised input
  std::vector<std::vector<Part>> parts_;      // by tile and channel
};

}  // namespace gtap::nn::detail
