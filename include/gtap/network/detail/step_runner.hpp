#pragma once

#include <gtap/network/detail/channelwise.hpp>
#include <gtap/nn/aligned.hpp>
#include <gtap/nn/channels.hpp>
#include <gtap/nn/kernels/conv2d.hpp>
#include <gtap/nn/kernels/dense.hpp>
#include <gtap/nn/kernels/dense_toggle.hpp>
#include <gtap/nn/layer_forward.hpp>
#include <gtap/nn/node.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace gtap::detail {

/// What a step reads of a tile: by input of its head, the channels present and the rows.
template <class T>
struct StepInputs {
  std::span<const nn::Channels> channels;
  std::span<const T* const> rows;
};

/// One step as the network game runs it, tile by tile: a node, its *head*, and the nodes after it
/// that keep channels apart and that nothing else reads in between; a snapshot of their parameters.
/// Const and thread-safe: the caller owns all memory.
///
/// z is what the head gives, bias included; a is what leaves the step. Units are the head's
/// channels.
template <class T>
class StepRunner {
 public:
  StepRunner(const nn::Node<T>& head, std::span<const nn::Node<T>> rest)
      : units_(head.out.channels),
        head_(head),
        bias_(head.bias),
        channelwise_(rest, head.out, head.out.channels) {
    const auto activation = channelwise_.only_activation();
    direct_ = activation.has_value() &&
              (activation->kind == nn::kernels::Activation::none || head.layer.takes_activation());
    if (head.channel_map(0).kind != nn::ChannelMap::mixes) return;
    const auto* conv = nn::as<nn::Conv2d>(head.layer);
    is_conv_ = conv != nullptr;
    is_dense_ = nn::as<nn::Dense>(head.layer);
    if (!is_conv_ && !is_dense_) return;
    const auto outputs = static_cast<std::size_t>(head.weight.rows());
    inputs_ = static_cast<std::size_t>(head.weight.cols());
    weight_.assign(head.weight.data(), head.weight.data() + head.weight.size());
    if (is_conv_) {
      geometry_ = conv->geometry(head.in, head.out);
    } else {
      columns_.resize(weight_.size());
      for (std::size_t o = 0; o < outputs; ++o) {
        for (std::size_t i = 0; i < inputs_; ++i)
          columns_[i * outputs + o] = weight_[o * inputs_ + i];
      }
    }
  }

  std::size_t units() const { return units_; }
  std::size_t rows_z() const { return channelwise_.rows_in(); }  ///< rows of a unit in z
  std::size_t rows() const { return channelwise_.rows_out(); }   ///< rows of a unit in a
  std::size_t scratch() const { return channelwise_.scratch(); }

  /// Whether update() takes input channels: one of a convolution, some in a row of a dense layer.
  bool updates(std::size_t channels) const { return is_dense_ || (is_conv_ && channels == 1); }

  /// z of the listed units.
  void mix(const StepInputs<T>& in, std::span<const std::uint32_t> units, T* z) const {
    mix(in, units, z, {});
  }

  /// a of the listed units from their z.
  void finish(std::span<const std::uint32_t> units, const T* z, T* a, T* scratch) const {
    channelwise_.run(units, z, a, scratch);
  }

  /// a of the listed units, where z is not wanted afterwards (it may be overwritten): bias and
  /// activation are fused into the head where nothing else follows.
  void forward(const StepInputs<T>& in, std::span<const std::uint32_t> units, T* z, T* a,
               T* scratch) const {
    if (direct_) {
      mix(in, units, a, *channelwise_.only_activation());
    } else {
      mix(in, units, z);
      finish(units, z, a, scratch);
    }
  }

  /// Lets `count` input channels from `channel` on in (sign 1) or takes them out (sign -1): a of
  /// the listed units, and their z too if `keep`. `spare` is memory for as much as z.
  void update(std::uint32_t channel, std::size_t count, T sign,
              std::span<const std::uint32_t> units, const T* in, T* z, bool keep, T* a, T* spare,
              T* scratch) const {
    T* const sums = keep ? z : spare;
    if (is_conv_) {
      nn::kernels::conv2d_update(geometry_, weight_.data(), channel, sign, units, in, z, sums);
    } else {
      // One input's weights are contiguous by columns, several inputs' by rows.
      const bool one = count == 1;
      const auto activation = channelwise_.only_activation();
      nn::kernels::dense_update(
          nn::kernels::DenseUpdate<T>{.weight = one ? column(channel) : weight_.data() + channel,
                                      .stride = one ? 1 : inputs_,
                                      .count = count,
                                      .scale = sign,
                                      .in = in + channel * nn::tile_images,
                                      .base = z,
                                      .sums = activation && keep ? z : nullptr,
                                      .out = activation ? a : sums,
                                      .activation = activation.value_or(no_activation)},
          units);
      if (activation) return;
    }
    finish(units, sums, a, scratch);
  }

  /// Whether update_through() takes this step and the one after it: two dense layers with relu or
  /// nothing between them.
  bool fuses_with(const StepRunner& next) const {
    const auto activation = channelwise_.only_activation();
    return is_dense_ && next.is_dense_ && activation.has_value() &&
           (activation->kind == nn::kernels::Activation::relu ||
            activation->kind == nn::kernels::Activation::none);
  }

  /// update() of one channel and the next step's z, all its units, in one pass. a of this step is
  /// not written, and with `keep` false neither is its z.
  void update_through(std::uint32_t channel, T sign, std::span<const std::uint32_t> units,
                      const T* in, T* z, bool keep, const StepRunner& next, T* next_z) const {
    nn::kernels::dense_toggle(
        nn::kernels::DenseToggle<T>{
            .column = column(channel),
            .scale = sign,
            .in_row = in + channel * nn::tile_images,
            .units = units,
            .z = z,
            .keep = keep,
            .relu = channelwise_.only_activation()->kind == nn::kernels::Activation::relu,
            .columns = next.columns_.data(),
            .outs = next.units_,
            .bias = next.bias_.size() == 0 ? nullptr : next.bias_.data()},
        next_z);
  }

  /// Whether nothing follows the head, so that a equals z.
  bool only_head() const {
    const auto activation = channelwise_.only_activation();
    return activation.has_value() && activation->kind == nn::kernels::Activation::none;
  }

 private:
  static constexpr nn::kernels::Activation no_activation{};

  const T* column(std::size_t row) const { return columns_.data() + row * units_; }

  void mix(const StepInputs<T>& in, std::span<const std::uint32_t> units, T* z,
           nn::kernels::Activation activation) const {
    const T* bias = bias_.size() == 0 ? nullptr : bias_.data();
    if (is_conv_) {
      nn::kernels::conv2d(geometry_, weight_.data(), bias, in.channels[0], units, in.rows[0], z,
                          activation);
    } else if (is_dense_) {
      nn::kernels::dense(weight_.data(), inputs_, bias, in.channels[0], units, in.rows[0], z,
                         activation);
    } else {
      nn::forward_tile(head_, in.channels, units, in.rows, z, activation);
    }
  }

  std::size_t units_;
  std::size_t inputs_ = 0;  // of one output
  nn::Node<T> head_;
  nn::AlignedVector<T> weight_;   // row-major, as in the node
  nn::AlignedVector<T> columns_;  // dense only: the same by columns, for updates
  nn::Vector<T> bias_;
  bool is_conv_ = false;
  bool is_dense_ = false;
  bool direct_ = false;  // the head alone, with its activation
  nn::kernels::ConvGeometry geometry_{};
  Channelwise<T> channelwise_;
};

}  // namespace gtap::detail
