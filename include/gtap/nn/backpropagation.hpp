#pragma once

#include <gtap/core/random.hpp>
#include <gtap/execution/thread_pool.hpp>
#include <gtap/nn/batch_statistics.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/kernels/losses.hpp>
#include <gtap/nn/layer_backward.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace gtap::nn {

/// How batch norm and dropout work: by the mini-batch and by chance, or as at inference.
enum class Mode { training, inference };

/// Forward and backward passes of the cross-entropy over mini-batches, with memory that is
/// allocated once. Each tile of 64 images is one piece of work with a gradient of its own; they are
/// summed in the order of the tiles, so results do not depend on the number of threads. Refers to
/// the network, which must outlive it and may change its weights between passes.
template <class T>
class Backpropagation {
 public:
  /// For batches of up to `images` images. `seed` is for dropout.
  Backpropagation(const Network<T>& net, std::size_t images, Mode mode, std::uint64_t seed = 0)
      : net_(&net), mode_(mode), seed_(seed), nodes_(logit_nodes(net)), first_(nodes_) {
    const Tensor<T> input(net.input(), images);
    tiles_ = input.tiles();
    values_.push_back(input);
    std::vector<Keep> keep{Keep::nothing};
    for (std::size_t i = 0; i < nodes_; ++i)
      plan(i, images, keep);
    gradients_.resize(values_.size());
    for (std::size_t i = first_; i < nodes_; ++i) {
      Tensor<T>& gradient = gradients_[steps_[i].out];
      if (gradient.images() == 0) gradient = values_[steps_[i].out];
    }
    parts_.assign(tiles_, AlignedVector<T>(parameters_));
    losses_.resize(tiles_);
  }

  /// Loads, runs and differentiates one mini-batch: `load(tile, rows)` fills the rows of each tile
  /// of input, padding with zeros, `labels` holds the classes (not checked) of the batch's images.
  /// `step` numbers the passes, for dropout. Before a node's backward pass `visit(node, tile,
  /// valid, values, gradient)` sees the node's output and the loss's gradient by it; the values are
  /// reliable at the end of a stage, elsewhere they may have been overwritten by the next layer.
  /// load and visit are called by several threads. Returns the mean loss.
  template <class Load, class Visit>
  double run(ThreadPool& pool, std::span<const std::uint32_t> labels, std::uint64_t step,
             Load&& load, Visit&& visit) {
    labels_ = labels;
    step_ = step;
    used_tiles_ = (labels.size() + tile_images - 1) / tile_images;
    transpose_weights(pool);
    std::size_t begin = 0;
    bool loaded = false;
    while (true) {
      const std::size_t end = next_cut(loaded ? begin + 1 : begin);
      const std::size_t stop = end < nodes_ ? end : previous_cut(nodes_);
      pool.run(used_tiles_, [&](std::size_t tile, std::size_t) {
        if (!loaded) load(tile, values_[0].tile(tile));
        for (std::size_t i = begin; i < end; ++i)
          forward_node(i, tile);
        if (end < nodes_) {
          gather(end, tile);
        } else {
          loss(tile);
          backward_nodes(nodes_, stop, tile, visit);
        }
      });
      if (end == nodes_) {
        backward_rest(pool, stop, visit);
        break;
      }
      statistics(end).merge(labels.size(), batch_norm(end).epsilon);
      begin = end;
      loaded = true;
    }
    return std::accumulate(losses_.begin(), losses_.begin() + std::ptrdiff_t(used_tiles_), 0.0) /
           static_cast<double>(labels.size());
  }

  /// Parameters of the nodes up to the logits, in the order of nodes, weight before bias.
  std::size_t parameters() const { return parameters_; }
  std::size_t weight_begin(std::size_t node) const { return steps_[node].weight; }
  std::size_t bias_begin(std::size_t node) const { return steps_[node].bias; }

  /// Writes the mean loss's gradient by `out.size()` parameters from `begin` on. Several threads
  /// may ask.
  void gradient(std::size_t begin, std::span<T> out) const {
    std::copy_n(parts_[0].data() + begin, out.size(), out.data());
    for (std::size_t t = 1; t < used_tiles_; ++t) {
      const T* part = parts_[t].data() + begin;
      for (std::size_t k = 0; k < out.size(); ++k)
        out[k] += part[k];
    }
  }

  /// After a pass in training mode: lets the running statistics of batch norms follow the batch.
  void update_running(Network<T>& net) const {
    const auto nodes = net.edit_nodes();
    for (std::size_t i = 0; i < nodes_; ++i) {
      if (uses_batch(i)) steps_[i].statistics->update_running(nodes[i], batch_norm(i).momentum);
    }
  }

 private:
  /// What later needs of the numbers in a buffer, in the state that a node left them.
  enum class Keep { nothing, sign, value };

  struct Step {
    std::size_t in = 0;   // buffers
    std::size_t out = 0;  // the same one for a node that works in place
    std::size_t weight = 0;
    std::size_t bias = 0;
    kernels::Activation then{};  // of the next node, done by this one
    bool done = false;           // by the node before
    std::vector<std::uint32_t> in_channels, out_channels;
    AlignedVector<T> transposed;
    Tensor<T> dropped;
    std::optional<detail::BatchStatistics<T>> statistics;
    std::vector<AlignedVector<T>> scratch;  // by tile
  };

  const Node<T>& node(std::size_t i) const { return net_->nodes()[i]; }
  const BatchNorm& batch_norm(std::size_t i) const { return std::get<BatchNorm>(node(i).layer); }
  detail::BatchStatistics<T>& statistics(std::size_t i) { return *steps_[i].statistics; }
  bool uses_batch(std::size_t i) const { return steps_[i].statistics.has_value(); }
  std::size_t valid(std::size_t tile) const {
    return std::min(tile_images, labels_.size() - tile * tile_images);
  }

  /// The first node from i on that needs sums over the whole batch, or the end.
  std::size_t next_cut(std::size_t i) const {
    while (i < nodes_ && !uses_batch(i))
      ++i;
    return i;
  }
  /// The last node before i that does, plus one; first_ if there is none.
  std::size_t previous_cut(std::size_t i) const {
    while (i > first_ && !uses_batch(i - 1))
      --i;
    return i;
  }

  static bool may_write_over(const Layer& layer, Keep keep) {
    if (std::holds_alternative<Flatten>(layer)) return true;
    if (std::holds_alternative<Dropout>(layer)) return keep != Keep::value;
    const auto* leaky = std::get_if<LeakyRelu>(&layer);
    return keep == Keep::nothing &&
           (std::holds_alternative<Relu>(layer) || (leaky != nullptr && leaky->slope > 0.0) ||
            std::holds_alternative<Sigmoid>(layer) || std::holds_alternative<Tanh>(layer));
  }

  static Keep kept_for(const Layer& layer) {
    if (std::holds_alternative<Sigmoid>(layer) || std::holds_alternative<Tanh>(layer) ||
        std::holds_alternative<Softmax>(layer)) {
      return Keep::value;
    }
    const bool sign =
        std::holds_alternative<Relu>(layer) || std::holds_alternative<LeakyRelu>(layer);
    return sign ? Keep::sign : Keep::nothing;
  }

  void plan(std::size_t i, std::size_t images, std::vector<Keep>& keep) {
    const Node<T>& n = node(i);
    Step step;
    step.in = i == 0 ? 0 : steps_[i - 1].out;
    const bool in_place = may_write_over(n.layer, keep[step.in]);
    if (in_place) {
      step.out = step.in;
      if (!(values_[step.out].shape() == n.out)) {  // Flatten: the same rows
        values_[step.out] = Tensor<T>(n.out, images);
      }
    } else {
      step.out = values_.size();
      values_.emplace_back(n.out, images);
      keep.push_back(Keep::nothing);
    }
    keep[step.out] = std::max(keep[step.out], kept_for(n.layer));
    step.weight = parameters_;
    step.bias = parameters_ + static_cast<std::size_t>(n.weight.size());
    parameters_ += n.parameters();
    if (n.parameters() > 0) first_ = std::min(first_, i);
    step.in_channels.resize(n.in.channels);
    step.out_channels.resize(n.out.channels);
    std::iota(step.in_channels.begin(), step.in_channels.end(), std::uint32_t{0});
    std::iota(step.out_channels.begin(), step.out_channels.end(), std::uint32_t{0});
    step.scratch.resize(tiles_);
    if (mode_ == Mode::training && std::holds_alternative<BatchNorm>(n.layer)) {
      step.statistics.emplace(n, tiles_);
    }
    const auto* dropout = std::get_if<Dropout>(&n.layer);
    if (mode_ == Mode::training && dropout != nullptr && dropout->drop > 0.0) {
      step.dropped = Tensor<T>(n.out, images);
    }
    const auto activation = detail::activation_of(n.layer);
    if (i > 0 && in_place && activation.kind != kernels::Activation::none &&
        takes_activation(node(i - 1).layer) && !uses_batch(i - 1)) {
      steps_[i - 1].then = activation;
      step.done = true;
    }
    steps_.push_back(std::move(step));
  }

  void transpose_weights(ThreadPool& pool) {
    pool.run(nodes_ - first_, [&](std::size_t chunk, std::size_t) {
      const std::size_t i = first_ + chunk;
      const Node<T>& n = node(i);
      if (i == first_ || !std::holds_alternative<Dense>(n.layer)) return;
      steps_[i].transposed.resize(n.in.channels * n.out.channels);
      detail::transpose(n.weight.data(), n.in.channels, n.out.channels, n.in.channels,
                        steps_[i].transposed.data(), n.out.channels);
    });
  }

  void forward_node(std::size_t i, std::size_t tile) {
    Step& step = steps_[i];
    if (step.done) return;
    const T* x = values_[step.in].tile(tile);
    T* y = values_[step.out].tile(tile);
    if (step.statistics) {
      step.statistics->normalize(node(i), x, y);
    } else if (step.dropped.images() > 0) {
      drop(i, tile, x, y);
    } else {
      forward_tile(node(i), Channels(step.in_channels), Channels(step.out_channels), x, y,
                   step.then);
    }
  }

  void drop(std::size_t i, std::size_t tile, const T* x, T* y) {
    const double probability = std::get<Dropout>(node(i).layer).drop;
    const auto threshold = static_cast<std::uint64_t>(probability * 0x1p32);
    const T kept = static_cast<T>(1.0 / (1.0 - probability));
    RandomStream random(derive_seed(seed_, i), step_ << 20 | tile);
    T* dropped = steps_[i].dropped.tile(tile);
    const std::size_t count = node(i).in.size() * tile_images;
    for (std::size_t k = 0; k < count; ++k) {
      dropped[k] = random.bits32() < threshold ? T(0) : kept;
      y[k] = x[k] * dropped[k];
    }
  }

  void gather(std::size_t i, std::size_t tile) {
    statistics(i).gather(tile, valid(tile), values_[steps_[i].in].tile(tile));
  }

  void loss(std::size_t tile) {
    const std::size_t out = steps_[nodes_ - 1].out;
    alignas(alignment) T labels[tile_images];
    kernels::make_label_row(labels_.subspan(tile * tile_images, valid(tile)), labels);
    losses_[tile] = kernels::cross_entropy_gradient(
        node(nodes_ - 1).out.channels, values_[out].tile(tile), labels,
        T(1) / static_cast<T>(labels_.size()), gradients_[out].tile(tile));
  }

  detail::BackwardTile<T> backward_of(std::size_t i, std::size_t tile) {
    Step& step = steps_[i];
    return {.valid = valid(tile),
            .x = values_[step.in].tile(tile),
            .y = values_[step.out].tile(tile),
            .dy = gradients_[step.out].tile(tile),
            .dx = i > first_ ? gradients_[step.in].tile(tile) : nullptr,
            .dweight = parts_[tile].data() + step.weight,
            .dbias = parts_[tile].data() + step.bias,
            .transposed = step.transposed.data(),
            .dropped = step.dropped.images() > 0 ? step.dropped.tile(tile) : nullptr,
            .scratch = step.scratch[tile],
            .in = step.in_channels,
            .out = step.out_channels};
  }

  /// Backward passes of the nodes from end - 1 down to `stop`; if there are nodes before, stop - 1
  /// is a batch norm, and its sums are taken.
  template <class Visit>
  void backward_nodes(std::size_t end, std::size_t stop, std::size_t tile, Visit& visit) {
    const auto see = [&](std::size_t i, const detail::BackwardTile<T>& work) {
      visit(i, tile, work.valid, work.y, work.dy);
    };
    for (std::size_t i = end; i > stop; --i) {
      const auto work = backward_of(i - 1, tile);
      see(i - 1, work);
      detail::backward_tile(node(i - 1), work);
    }
    if (stop > first_) {
      const auto work = backward_of(stop - 1, tile);
      see(stop - 1, work);
      statistics(stop - 1).gather_gradient(tile, work.valid, work.x, work.dy, work.dweight,
                                           work.dbias);
    }
  }

  /// What is left when all nodes from `cut` on are done: segments that end with a batch norm.
  template <class Visit>
  void backward_rest(ThreadPool& pool, std::size_t cut, Visit& visit) {
    while (cut > first_) {
      const std::size_t norm = cut - 1;
      statistics(norm).merge_gradient();
      const std::size_t stop = previous_cut(norm);
      pool.run(used_tiles_, [&](std::size_t tile, std::size_t) {
        const auto work = backward_of(norm, tile);
        if (work.dx == nullptr) return;
        statistics(norm).input_gradient(node(norm), work.valid, work.x, work.dy, work.dx);
        backward_nodes(norm, stop, tile, visit);
      });
      cut = stop;
    }
  }

  const Network<T>* net_;
  Mode mode_;
  std::uint64_t seed_;
  std::uint64_t step_ = 0;
  std::size_t nodes_;
  std::size_t first_;  // the first node with parameters: nothing before needs a gradient
  std::size_t tiles_ = 0;
  std::size_t used_tiles_ = 0;
  std::size_t parameters_ = 0;
  std::vector<Step> steps_;
  std::vector<Tensor<T>> values_;        // buffers; number 0 is the input
  std::vector<Tensor<T>> gradients_;     // of the same buffers, where wanted
  std::vector<AlignedVector<T>> parts_;  // gradients by the parameters, of each tile
  std::vector<double> losses_;
  std::span<const std::uint32_t> labels_;
};

}  // namespace gtap::nn
