#pragma once

#include <gtap/core/intrinsics.hpp>

#include <Eigen/Core>

#include <cstddef>
#include <vector>

namespace gtap::nn {

/// Parameters, row-major as in PyTorch.
template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

/// Which parameters a layer has. A weight has one row for each output channel, or, where the layer
/// keeps channels apart, one row in all with a number (or several in a row) for each channel.
struct ParameterShape {
  std::vector<std::size_t> weight = {};  ///< as files have it: [out, in], [out, in, kH, kW],
                                         ///< [channels]; empty: none
  std::size_t bias = 0;                  ///< numbers, 0 or one an output channel
  std::size_t running = 0;               ///< running means, and as many variances
  double start = 0.0;                    ///< what every weight is before it is set

  /// Rows and columns of the weight's matrix.
  std::size_t rows() const {
    if (weight.empty()) return 0;
    return weight.size() == 1 ? 1 : weight[0];
  }
  std::size_t columns() const {
    if (weight.empty()) return 0;
    std::size_t count = 1;
    for (std::size_t i = weight.size() == 1 ? 0 : 1; i < weight.size(); ++i)
      count *= weight[i];
    return count;
  }
};

/// The numbers of one layer.
template <class T>
struct Parameters {
  Matrix<T> weight;  ///< Dense [out, in]; Conv2d [out, (in / groups) * kH * kW]; BatchNorm and
                     ///< LayerNorm [1, channels]; else empty
  Vector<T> bias;    ///< as many as output channels, or empty
  Vector<T> running_mean;  ///< BatchNorm only, one a channel
  Vector<T> running_var;   ///< BatchNorm only, one a channel

  /// Numbers that training changes.
  std::size_t parameters() const { return static_cast<std::size_t>(weight.size() + bias.size()); }

  /// Biases and running means of zero, running variances of one.
  void allocate(const ParameterShape& shape) {
    const auto index = [](std::size_t i) { return static_cast<Eigen::Index>(i); };
    weight.setConstant(index(shape.rows()), index(shape.columns()), static_cast<T>(shape.start));
    bias.setZero(index(shape.bias));
    running_mean.setZero(index(shape.running));
    running_var.setOnes(index(shape.running));
  }
};

}  // namespace gtap::nn
