#pragma once

#include <gtap/network/detail/channelwise.hpp>
#include <gtap/nn/aligned.hpp>
#include <gtap/nn/kernels/conv2d.hpp>
#include <gtap/nn/kernels/dense.hpp>
#include <gtap/nn/kernels/dense_toggle.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/stages.hpp>
#include <gtap/nn/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>

namespace gtap::detail {

/// The channels of a stage's input that are present, and the rows they own.
struct Inputs {
  std::span<const std::uint32_t> channels;
  std::span<const std::uint32_t> rows;
};

/// One stage as the network game runs it, tile by tile: a snapshot of a mixing node's weights and
/// of the channel-wise layers after it. Const and thread-safe: the caller owns all memory.
///
/// z is what the mixing node gives, bias included; a is what leaves the stage.
template <class T>
class StageRunner {
 public:
  StageRunner(const nn::Network<T>& net, const nn::Stage& stage, std::size_t rows_per_input)
      : units_(stage.units),
        rows_per_input_(rows_per_input),
        bias_(net.nodes()[stage.mixing].bias),
        channelwise_(net.nodes().subspan(stage.mixing + 1, stage.end - stage.mixing - 1),
                     net.nodes()[stage.mixing].out, stage.units) {
    const nn::Node<T>& node = net.nodes()[stage.mixing];
    const auto outputs = static_cast<std::size_t>(node.weight.rows());
    const auto inputs = static_cast<std::size_t>(node.weight.cols());
    weight_.assign(node.weight.data(), node.weight.data() + node.weight.size());
    if (const auto* conv = std::get_if<nn::Conv2d>(&node.layer)) {
      is_conv_ = true;
      geometry_ = conv->geometry(node.in, node.out);
    } else {
      columns_.resize(weight_.size());
      for (std::size_t o = 0; o < outputs; ++o) {
        for (std::size_t i = 0; i < inputs; ++i)
          columns_[i * outputs + o] = weight_[o * inputs + i];
      }
    }
  }

  std::size_t units() const { return units_; }
  std::size_t rows_z() const { return channelwise_.rows_in(); }  ///< rows of a unit in z
  std::size_t rows() const { return channelwise_.rows_out(); }   ///< rows of a unit in a
  std::size_t scratch() const { return channelwise_.scratch(); }

  /// z of the listed units from the inputs present.
  void mix(const Inputs& inputs, std::span<const std::uint32_t> units, const T* in, T* z) const {
    mix(inputs, units, in, z, {});
  }

  /// a of the listed units from their z.
  void finish(std::span<const std::uint32_t> units, const T* z, T* a, T* scratch) const {
    channelwise_.run(units, z, a, scratch);
  }

  /// a of the listed units from the inputs present, where z is not wanted afterwards (it may be
  /// overwritten): bias and activation are fused into the mixing where nothing else follows.
  void forward(const Inputs& inputs, std::span<const std::uint32_t> units, const T* in, T* z, T* a,
               T* scratch) const {
    if (const auto activation = channelwise_.only_activation()) {
      mix(inputs, units, in, a, *activation);
    } else {
      mix(inputs, units, in, z);
      finish(units, z, a, scratch);
    }
  }

  /// Lets an input channel in (sign 1) or takes it out (sign -1): a of the listed units, and their
  /// z too if `keep`. `spare` is memory for as much as z.
  void toggle(std::uint32_t channel, T sign, std::span<const std::uint32_t> units, const T* in,
              T* z, bool keep, T* a, T* spare, T* scratch) const {
    T* const sums = keep ? z : spare;
    if (is_conv_) {
      nn::kernels::conv2d_update(geometry_, weight_.data(), channel, sign, units, in, z, sums);
    } else {
      // One input's weights are contiguous by columns, several inputs' by rows.
      const std::size_t row = channel * rows_per_input_;
      const bool one = rows_per_input_ == 1;
      const auto activation = channelwise_.only_activation();
      nn::kernels::dense_update(
          nn::kernels::DenseUpdate<T>{.weight = one ? column(row) : weight_.data() + row,
                                      .stride = one ? 1 : columns_.size() / units_,
                                      .count = rows_per_input_,
                                      .scale = sign,
                                      .in = in + row * nn::tile_images,
                                      .base = z,
                                      .sums = activation && keep ? z : nullptr,
                                      .out = activation ? a : sums,
                                      .activation = activation.value_or(no_activation)},
          units);
      if (activation) return;
    }
    finish(units, sums, a, scratch);
  }

  /// Whether toggle_through() takes this stage and the one after it: two dense layers with relu or
  /// nothing between them.
  bool fuses_with(const StageRunner& next) const {
    const auto activation = channelwise_.only_activation();
    return !is_conv_ && !next.is_conv_ && rows_per_input_ == 1 && activation.has_value() &&
           (activation->kind == nn::kernels::Activation::relu ||
            activation->kind == nn::kernels::Activation::none);
  }

  /// toggle() and the next stage's z, all its units, in one pass. a of this stage is not written,
  /// and with `keep` false neither is its z.
  void toggle_through(std::uint32_t channel, T sign, std::span<const std::uint32_t> units,
                      const T* in, T* z, bool keep, const StageRunner& next, T* next_z) const {
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

  /// Whether nothing follows the mixing node, so that a equals z.
  bool only_mixes() const {
    const auto activation = channelwise_.only_activation();
    return activation.has_value() && activation->kind == nn::kernels::Activation::none;
  }

 private:
  static constexpr nn::kernels::Activation no_activation{};

  const T* column(std::size_t row) const { return columns_.data() + row * units_; }

  void mix(const Inputs& inputs, std::span<const std::uint32_t> units, const T* in, T* z,
           nn::kernels::Activation activation) const {
    const T* bias = bias_.size() == 0 ? nullptr : bias_.data();
    if (is_conv_) {
      nn::kernels::conv2d(geometry_, weight_.data(), bias, inputs.channels, units, in, z,
                          activation);
    } else {
      nn::kernels::dense(weight_.data(), columns_.size() / units_, bias, inputs.rows, units, in, z,
                         activation);
    }
  }

  std::size_t units_;
  std::size_t rows_per_input_;
  nn::AlignedVector<T> weight_;   // row-major, as in the node
  nn::AlignedVector<T> columns_;  // dense only: the same by columns, for toggles
  nn::Vector<T> bias_;
  bool is_conv_ = false;
  nn::kernels::ConvGeometry geometry_{};
  Channelwise<T> channelwise_;
};

}  // namespace gtap::detail
