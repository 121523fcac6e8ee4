#pragma once

#include <gtap/nn/network.hpp>
#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cstddef>

namespace gtap::detail {

/// The inputs of a mixing node as a matrix: what one output of one group reads at one output pixel.
template <class T>
class LayerInput {
 public:
  LayerInput(const nn::Node<T>& node, const nn::Tensor<T>& inputs)
      : node_(&node), inputs_(&inputs), conv_(nn::as<nn::Conv2d>(node.layer)) {}

  std::size_t groups() const { return conv_ ? conv_->groups : 1; }
  /// Output pixels: 1 for a dense node.
  std::size_t positions() const { return node_->out.pixels(); }
  /// Inputs of one output.
  std::size_t features() const { return static_cast<std::size_t>(node_->weight.cols()); }

  /// Fills `matrix` [features + 1, 64 images] for an output pixel of a tile; the last row is ones.
  void gather(std::size_t group, std::size_t tile, std::size_t position,
              nn::Matrix<T>& matrix) const {
    const T* rows = inputs_->tile(tile);
    T* to = matrix.data();
    if (conv_ == nullptr) {
      to = std::copy_n(rows, features() * nn::tile_images, to);
    } else {
      const nn::Shape& in = node_->in;
      const std::size_t channels = in.channels / conv_->groups;
      const std::size_t top = position / node_->out.width * conv_->stride.height;
      const std::size_t left = position % node_->out.width * conv_->stride.width;
      for (std::size_t c = group * channels; c < (group + 1) * channels; ++c) {
        for (std::size_t ky = 0; ky < conv_->kernel.height; ++ky) {
          for (std::size_t kx = 0; kx < conv_->kernel.width; ++kx) {
            // Unsigned differences wrap around, so one comparison finds both borders.
            const std::size_t y = top + ky * conv_->dilation.height - conv_->padding.height;
            const std::size_t x = left + kx * conv_->dilation.width - conv_->padding.width;
            to = y < in.height && x < in.width
                     ? std::copy_n(rows + ((c * in.height + y) * in.width + x) * nn::tile_images,
                                   nn::tile_images, to)
                     : std::fill_n(to, nn::tile_images, T{0});
          }
        }
      }
    }
    std::fill_n(to, nn::tile_images, T{1});
  }

 private:
  const nn::Node<T>* node_;
  const nn::Tensor<T>* inputs_;
  const nn::Conv2d* conv_;
};

}  // namespace gtap::detail
