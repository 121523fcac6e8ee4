#pragma once

#include <gtap/core/random.hpp>
#include <gtap/execution/thread_pool.hpp>
#include <gtap/nn/batch_statistics.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/kernels/losses.hpp>
#include <gtap/nn/layer_backward.hpp>
#include <gtap/nn/pass_plan.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

namespace gtap::nn {

/// Forward and backward passes of the cross-entropy over mini-batches, with memory that is
/// allocated once. Each tile of 64 images is one piece of work with a gradient of its own; they are
/// summed in the order of the tiles, so results do not depend on the number of threads. Refers to
/// the network, which must outlive it and may change its weights between passes.
template <class T>
class Backpropagation {
 public:
  /// For batches of up to `images` images. `seed` is for dropout. Throws unless the network's
  /// outputs are flat and two or more.
  Backpropagation(const Network<T>& net, std::size_t images, Mode mode, std::uint64_t seed = 0)
      : net_(&net),
        seed_(seed),
        nodes_(logit_nodes(net)),
        classes_(detail::classes("Backpropagation", net)),
        plan_(net, nodes_, mode),
        gradients_(plan_.buffers.size()),
        dropped_(nodes_),
        statistics_(nodes_) {
    for (const Shape& shape : plan_.buffers)
      values_.emplace_back(shape, images);
    const std::size_t tiles = values_[0].tiles();
    for (std::size_t i = 0; i < nodes_; ++i) {
      const std::size_t out = step(i).out;
      if (i >= plan_.first) gradients_[out] = Tensor<T>(plan_.buffers[out], images);
      if (step(i).by_batch) statistics_[i].emplace(node(i), tiles);
      const auto* dropout = std::get_if<Dropout>(&node(i).layer);
      if (mode == Mode::training && dropout != nullptr && dropout->drop > 0.0) {
        dropped_[i] = Tensor<T>(node(i).out, images);
      }
    }
    parts_.assign(tiles, AlignedVector<T>(plan_.parameters));
    losses_.resize(tiles);
  }

  /// Loads, runs and differentiates one mini-batch: `load(tile, rows)` fills the rows of each tile
  /// of input, padding with zeros, `labels` holds the classes (not checked) of the batch's images.
  /// `pass` numbers the mini-batches, for dropout. Before a node's backward pass `visit(node, tile,
  /// valid, values, gradient)` sees a tile of the node's output and of the loss's gradient by it;
  /// the values are reliable at the end of a stage, elsewhere the next layer may have written over
  /// them. load and visit are called by several threads. Returns the mean loss.
  template <class Load, class Visit>
  double run(ThreadPool& pool, std::span<const std::uint32_t> labels, std::uint64_t pass,
             Load&& load, Visit&& visit) {
    labels_ = labels;
    pass_ = pass;
    used_tiles_ = (labels.size() + tile_images - 1) / tile_images;
    // Batch norms in training cut the nodes into segments, at which all tiles wait for each other.
    std::size_t begin = 0;
    bool loaded = false;
    while (true) {
      const std::size_t end = plan_.next_cut(loaded ? begin + 1 : begin);
      const std::size_t stop = end < nodes_ ? end : plan_.previous_cut(nodes_);
      pool.run(used_tiles_, [&](std::size_t tile, std::size_t) {
        if (!loaded) load(tile, values_[0].tile(tile));
        for (std::size_t i = begin; i < end; ++i)
          forward_node(i, tile);
        if (end < nodes_) {
          statistics_[end]->gather(tile, valid(tile), values_[step(end).in].tile(tile));
        } else {
          loss(tile);
          backward_nodes(nodes_, stop, tile, visit);
        }
      });
      if (end == nodes_) {
        backward_rest(pool, stop, visit);
        break;
      }
      statistics_[end]->merge(labels.size(), batch_norm(end).epsilon);
      begin = end;
      loaded = true;
    }
    const auto losses = std::span(losses_).first(used_tiles_);
    return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(labels.size());
  }

  /// Parameters of the nodes up to the logits, in the order of nodes, weight before bias.
  std::size_t parameters() const { return plan_.parameters; }
  std::size_t weight_begin(std::size_t node) const { return step(node).weight; }
  std::size_t bias_begin(std::size_t node) const { return step(node).bias; }

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
      if (statistics_[i]) statistics_[i]->update_running(nodes[i], batch_norm(i).momentum);
    }
  }

 private:
  const Node<T>& node(std::size_t i) const { return net_->nodes()[i]; }
  const detail::PassStep& step(std::size_t i) const { return plan_.steps[i]; }
  const BatchNorm& batch_norm(std::size_t i) const { return std::get<BatchNorm>(node(i).layer); }
  std::size_t valid(std::size_t tile) const {
    return std::min(tile_images, labels_.size() - tile * tile_images);
  }

  void forward_node(std::size_t i, std::size_t tile) {
    const detail::PassStep& s = step(i);
    if (s.done) return;
    const T* x = values_[s.in].tile(tile);
    T* y = values_[s.out].tile(tile);
    if (s.by_batch) {
      statistics_[i]->normalize(node(i), x, y);
    } else if (dropped_[i].images() > 0) {
      drop(i, tile, x, y);
    } else {
      forward_tile(node(i), Channels(s.in_channels), Channels(s.out_channels), x, y, s.then);
    }
  }

  /// Draws from a stream of this node, pass and tile.
  void drop(std::size_t i, std::size_t tile, const T* x, T* y) {
    const double probability = std::get<Dropout>(node(i).layer).drop;
    const auto threshold = static_cast<std::uint64_t>(probability * 0x1p32);
    const T kept = static_cast<T>(1.0 / (1.0 - probability));
    RandomStream random(derive_seed(seed_, i), pass_ << 20 | tile);
    T* dropped = dropped_[i].tile(tile);
    const std::size_t count = node(i).in.size() * tile_images;
    for (std::size_t k = 0; k < count; ++k) {
      dropped[k] = random.bits32() < threshold ? T(0) : kept;
      y[k] = x[k] * dropped[k];
    }
  }

  void loss(std::size_t tile) {
    const std::size_t out = step(nodes_ - 1).out;
    alignas(alignment) T labels[tile_images];
    kernels::make_label_row(labels_.subspan(tile * tile_images, valid(tile)), labels);
    losses_[tile] = kernels::cross_entropy_gradient(classes_, values_[out].tile(tile), labels,
                                                    T(1) / static_cast<T>(labels_.size()),
                                                    gradients_[out].tile(tile));
  }

  detail::BackwardTile<T> backward_of(std::size_t i, std::size_t tile) {
    const detail::PassStep& s = step(i);
    return {.x = values_[s.in].tile(tile),
            .y = values_[s.out].tile(tile),
            .dy = gradients_[s.out].tile(tile),
            .dx = i > plan_.first ? gradients_[s.in].tile(tile) : nullptr,
            .dweight = parts_[tile].data() + s.weight,
            .dbias = parts_[tile].data() + s.bias,
            .dropped = dropped_[i].images() > 0 ? dropped_[i].tile(tile) : nullptr,
            .in = s.in_channels,
            .out = s.out_channels};
  }

  /// Backward passes of the nodes from end - 1 down to `stop`. If there are nodes before, stop - 1
  /// is a batch norm, and its sums are taken.
  template <class Visit>
  void backward_nodes(std::size_t end, std::size_t stop, std::size_t tile, Visit& visit) {
    for (std::size_t i = end; i > stop; --i) {
      const auto work = backward_of(i - 1, tile);
      visit(i - 1, tile, valid(tile), work.y, work.dy);
      detail::backward_tile(node(i - 1), work);
    }
    if (stop == plan_.first) return;
    const auto work = backward_of(stop - 1, tile);
    visit(stop - 1, tile, valid(tile), work.y, work.dy);
    statistics_[stop - 1]->gather_gradient(tile, valid(tile), work.x, work.dy, work.dweight,
                                           work.dbias);
  }

  /// What is left when all nodes from `cut` on are done: segments that end with a batch norm.
  template <class Visit>
  void backward_rest(ThreadPool& pool, std::size_t cut, Visit& visit) {
    while (cut > plan_.first) {
      const std::size_t norm = cut - 1;
      if (norm == plan_.first) return;
      statistics_[norm]->merge_gradient();
      cut = plan_.previous_cut(norm);
      pool.run(used_tiles_, [&](std::size_t tile, std::size_t) {
        const auto work = backward_of(norm, tile);
        statistics_[norm]->input_gradient(node(norm), valid(tile), work.x, work.dy, work.dx);
        backward_nodes(norm, cut, tile, visit);
      });
    }
  }

  const Network<T>* net_;
  std::uint64_t seed_;
  std::uint64_t pass_ = 0;
  std::size_t nodes_;
  std::size_t classes_;
  detail::PassPlan plan_;
  std::vector<Tensor<T>> values_;     // buffers
  std::vector<Tensor<T>> gradients_;  // by the numbers of the same buffers, where wanted
  std::vector<Tensor<T>> dropped_;    // by node: what dropout multiplied with
  std::vector<std::optional<detail::BatchStatistics<T>>> statistics_;  // by node
  std::vector<AlignedVector<T>> parts_;  // gradients by the parameters, by tile
  std::vector<double> losses_;           // by tile
  std::size_t used_tiles_ = 0;
  std::span<const std::uint32_t> labels_;
};

}  // namespace gtap::nn
