#pragma once

#include <gtap/nn/channels.hpp>
#include <gtap/nn/layer_forward.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace gtap::detail {

/// A run of channel-wise layers as a program on the rows of chosen units of one tile: a snapshot of
/// their settings and parameters. Const and thread-safe: the caller owns the memory.
///
/// Max pooling is moved before activations that never decrease, which gives the same numbers from
/// fewer of them; an activation after a batch norm is done with it.
template <class T>
class Channelwise {
 public:
  /// `nodes`: layers that follow one another, none of them mixing or a softmax. A unit owns
  /// `in.size() / units` rows of their input.
  Channelwise(std::span<const nn::Node<T>> nodes, nn::Shape in, std::size_t units)
      : rows_in_(in.size() / units), rows_out_(rows_in_) {
    for (const nn::Node<T>& node : nodes) {
      if (nn::as<nn::Flatten>(node.layer) || nn::as<nn::Dropout>(node.layer)) {
        continue;
      }
      steps_.push_back({node, {}, node.in.channels / units});
      rows_out_ = node.out.size() / units;
      pool_early();
    }
    fuse_activations();
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      steps_[i].in_place = steps_[i].node.layer.runs_in_place();
      if (!steps_[i].in_place) last_move_ = i;
    }
    for (std::size_t i = 0; i < last_move_; ++i) {
      scratch_size_ = std::max(scratch_size_, steps_[i].node.out.size() * nn::tile_images);
    }
    std::size_t most = 0;
    for (const Step& step : steps_)
      most = std::max(most, step.node.in.channels);
    channels_ = nn::detail::all_channels(most);
  }

  std::size_t rows_in() const { return rows_in_; }    ///< rows of a unit before
  std::size_t rows_out() const { return rows_out_; }  ///< rows of a unit after

  /// The activation, where all there is is one activation or nothing.
  std::optional<nn::kernels::Activation> only_activation() const {
    if (steps_.empty()) return nn::kernels::Activation{};
    const auto activation = steps_[0].node.layer.activation();
    if (steps_.size() > 1 || activation.kind == nn::kernels::Activation::none) return std::nullopt;
    return activation;
  }

  /// Numbers of scratch memory that run() needs.
  std::size_t scratch() const { return 2 * scratch_size_; }

  /// From the units' rows in `in` to their rows in `out`; other units' rows are not touched.
  void run(std::span<const std::uint32_t> units, const T* in, T* out, T* scratch) const {
    if (steps_.empty()) {
      if (in == out) return;
      for (const std::uint32_t u : units) {
        const std::size_t size = rows_in_ * nn::tile_images;
        std::copy_n(in + u * size, size, out + u * size);
      }
      return;
    }
    const T* from = in;
    T* last = nullptr;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      T* to = out;
      if (i < last_move_) {
        const bool in_place = last != nullptr && steps_[i].in_place;
        to = in_place ? last : (last == scratch ? scratch + scratch_size_ : scratch);
        last = to;
      }
      apply(steps_[i], units, from, to);
      from = to;
    }
  }

 private:
  struct Step {
    nn::Node<T> node;
    nn::kernels::Activation then;
    std::size_t channels_per_unit;  ///< of the node; not 1 where a Flatten came before
    bool in_place = false;
  };

  /// Moves the newest step, if it is max pooling, before activations that never decrease.
  void pool_early() {
    for (std::size_t i = steps_.size() - 1; i > 0; --i) {
      nn::Node<T>& pool = steps_[i].node;
      nn::Node<T>& before = steps_[i - 1].node;
      if (!nn::as<nn::MaxPool2d>(pool.layer) || !never_decreases(before.layer)) {
        return;
      }
      before.in = before.out = pool.out;
      before.ins = {pool.out};
      std::swap(steps_[i], steps_[i - 1]);
    }
  }

  static bool never_decreases(const nn::Layer<T>& layer) {
    const auto* leaky = nn::as<nn::LeakyRelu>(layer);
    return nn::as<nn::Relu>(layer) || nn::as<nn::Sigmoid>(layer) || nn::as<nn::Tanh>(layer) ||
           (leaky != nullptr && leaky->slope >= 0.0);
  }

  void fuse_activations() {
    for (std::size_t i = 0; i + 1 < steps_.size(); ++i) {
      const auto next = steps_[i + 1].node.layer.activation();
      if (steps_[i].node.layer.takes_activation() && next.kind != nn::kernels::Activation::none) {
        steps_[i].then = next;
        steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }

  void apply(const Step& step, std::span<const std::uint32_t> units, const T* in, T* out) const {
    if (step.channels_per_unit == 1) {
      nn::forward_tile(step.node, units, units, in, out, step.then);
      return;
    }
    for (const std::uint32_t u : units) {
      const auto channels =
          std::span(channels_).subspan(u * step.channels_per_unit, step.channels_per_unit);
      nn::forward_tile(step.node, channels, channels, in, out, step.then);
    }
  }

  std::size_t rows_in_;
  std::size_t rows_out_;
  std::vector<Step> steps_;
  std::vector<std::uint32_t> channels_;  // 0, 1, 2, ...
  std::size_t last_move_ = 0;            // the last step that cannot work in place
  std::size_t scratch_size_ = 0;
};

}  // namespace gtap::detail
