#pragma once

#include <gtap/core/random.hpp>
#include <gtap/execution/thread_pool.hpp>
#include <gtap/nn/batch_statistics.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/kernels/combine.hpp>
#include <gtap/nn/kernels/losses.hpp>
#include <gtap/nn/pass_plan.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace gtap::nn {

/// What training makes smaller.
enum class Loss {
  cross_entropy,      ///< mean over images of -log softmax(logits)[label], in nats
  mean_squared_error  ///< mean over images and outputs of (output - target)^2
};

/// Forward and backward passes of a loss over mini-batches, with memory that is allocated once.
/// Each tile of 64 images is one piece of work with a gradient of its own; they are summed in the
/// order of the tiles, so results do not depend on the number of threads. Refers to the network,
/// which must outlive it and may change its weights between passes.
template <class T>
class Backpropagation {
 public:
  /// For batches of up to `images` images. `seed` is for dropout. Throws for the cross-entropy
  /// unless the network's outputs are flat and two or more.
  Backpropagation(const Network<T>& net, std::size_t images, Mode mode, std::uint64_t seed = 0,
                  Loss loss = Loss::cross_entropy)
      : net_(&net),
        seed_(seed),
        nodes_(loss == Loss::cross_entropy ? logit_nodes(net) : net.nodes().size()),
        classes_(loss == Loss::cross_entropy ? detail::classes("Backpropagation", net)
                                             : net.output().size()),
        plan_(net, nodes_, mode),
        gradients_(plan_.buffers.size()),
        dropped_(nodes_),
        statistics_(nodes_) {
    for (const Shape& shape : plan_.buffers)
      values_.emplace_back(shape, images);
    const std::size_t tiles = values_[0].tiles();
    for (std::size_t i = 0; i < nodes_; ++i) {
      const std::size_t out = step(i).out;
      if (step(i).active || i + 1 == nodes_) {
        gradients_[out] = Tensor<T>(plan_.buffers[out], images);
      }
      if (step(i).by_batch) statistics_[i].emplace(node(i), tiles);
      const auto* dropout = as<Dropout>(node(i).layer);
      if (mode == Mode::training && dropout != nullptr && dropout->drop > 0.0) {
        dropped_[i] = Tensor<T>(node(i).out, images);
      }
    }
    parts_.assign(tiles, AlignedVector<T>(plan_.parameters));
    scratch_ = Tensor<T>({plan_.scratch}, images);
    work_.resize(tiles);
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
    const auto loss = [&](std::size_t tile, const T* outputs, T* gradient) {
      alignas(alignment) T row[tile_images];
      kernels::make_label_row(labels.subspan(tile * tile_images, valid(tile)), row);
      return kernels::cross_entropy_gradient(classes_, outputs, row,
                                             T(1) / static_cast<T>(labels.size()), gradient);
    };
    return run(pool, labels.size(), pass, load, loss, visit) / static_cast<double>(labels.size());
  }

  /// The same with the mean squared error from targets: `load_target(tile, rows)` fills them in,
  /// padding with anything.
  template <class Load, class LoadTarget, class Visit>
  double run_regression(ThreadPool& pool, std::size_t images, std::uint64_t pass, Load&& load,
                        LoadTarget&& load_target, Visit&& visit) {
    const double share = 1.0 / static_cast<double>(images * classes_);
    if (targets_.images() == 0) targets_ = Tensor<T>(net_->output(), values_[0].images());
    const auto loss = [&](std::size_t tile, const T* outputs, T* gradient) {
      load_target(tile, targets_.tile(tile));
      return kernels::squared_error(classes_, outputs, targets_.tile(tile), valid(tile),
                                    static_cast<T>(share), gradient);
    };
    return run(pool, images, pass, load, loss, visit) * share;
  }

  /// Parameters of the nodes up to the logits, in the order of nodes, weight before bias.
  std::size_t parameters() const { return plan_.parameters; }
  std::size_t nodes() const { return nodes_; }  ///< that are run: without a last Softmax
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
  const BatchNorm& batch_norm(std::size_t i) const { return *as<BatchNorm>(node(i).layer); }
  std::size_t valid(std::size_t tile) const {
    return std::min(tile_images, images_ - tile * tile_images);
  }

  /// The sum of loss(tile, outputs, where their gradient goes).
  template <class Load, class TileLoss, class Visit>
  double run(ThreadPool& pool, std::size_t images, std::uint64_t pass, Load& load, TileLoss& loss,
             Visit& visit) {
    images_ = images;
    pass_ = pass;
    used_tiles_ = (images + tile_images - 1) / tile_images;
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
          statistics_[end]->gather(tile, valid(tile), values_[step(end).in[0]].tile(tile));
        } else {
          losses_[tile] = loss(tile, values_[step(nodes_ - 1).out].tile(tile),
                               gradients_[step(nodes_ - 1).out].tile(tile));
          backward_nodes(nodes_, stop, tile, visit);
        }
      });
      if (end == nodes_) {
        backward_rest(pool, stop, visit);
        break;
      }
      statistics_[end]->merge(images_, batch_norm(end).epsilon);
      begin = end;
      loaded = true;
    }
    const auto losses = std::span(losses_).first(used_tiles_);
    return std::accumulate(losses.begin(), losses.end(), 0.0);
  }

  void forward_node(std::size_t i, std::size_t tile) {
    const detail::PassStep& s = step(i);
    if (s.done) return;
    TileWork& work = work_[tile];
    read(i, tile);
    T* y = values_[s.out].tile(tile);
    if (s.by_batch) {
      statistics_[i]->normalize(node(i), work.x[0], y);
    } else if (dropped_[i].images() > 0) {
      drop(i, tile, work.x[0], y);
    } else {
      work.channels.clear();
      for (const Shape& in : node(i).ins)
        work.channels.push_back(Channels(plan_.all).first(in.channels));
      forward_tile(node(i), std::span<const Channels>(work.channels),
                   Channels(plan_.all).first(node(i).out.channels),
                   std::span<const T* const>(work.x), y, s.then);
    }
  }

  /// Collects the tiles that a node reads.
  void read(std::size_t i, std::size_t tile) {
    work_[tile].x.clear();
    for (const std::size_t in : step(i).in)
      work_[tile].x.push_back(values_[in].tile(tile));
  }

  /// Draws from a stream of this node, pass and tile.
  void drop(std::size_t i, std::size_t tile, const T* x, T* y) {
    const double probability = as<Dropout>(node(i).layer)->drop;
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

  /// The node's backward pass: `pass(tile's work)`, then gradients that come on top of others are
  /// added to them.
  template <class Pass>
  void backward_node(std::size_t i, std::size_t tile, Pass&& pass) {
    const detail::PassStep& s = step(i);
    TileWork& work = work_[tile];
    read(i, tile);
    work.dx.clear();
    for (std::size_t k = 0; k < s.in.size(); ++k) {
      work.dx.push_back(!s.wanted[k] ? nullptr
                        : s.adds[k]  ? scratch_.tile(tile)
                                     : gradients_[s.in[k]].tile(tile));
    }
    const auto run = [&] {
      pass(BackwardTile<T>{.in = node(i).ins,
                           .out = node(i).out,
                           .parameters = node(i),
                           .x = work.x,
                           .y = values_[s.out].tile(tile),
                           .dy = gradients_[s.out].tile(tile),
                           .dx = work.dx,
                           .dweight = parts_[tile].data() + s.weight,
                           .dbias = parts_[tile].data() + s.bias,
                           .dropped = dropped_[i].images() > 0 ? dropped_[i].tile(tile) : nullptr,
                           .all = plan_.all});
    };
    // There is one scratch buffer: all parts that are added go through it one after another.
    const auto added = static_cast<std::size_t>(std::count(s.adds.begin(), s.adds.end(), true));
    if (added <= 1) {
      run();
      for (std::size_t k = 0; k < s.in.size(); ++k) {
        if (s.adds[k]) add_scratch(i, k, tile);
      }
      return;
    }
    const std::vector<T*> all = work.dx;
    for (std::size_t only = 0; only < s.in.size(); ++only) {
      if (!s.adds[only]) continue;
      for (std::size_t k = 0; k < s.in.size(); ++k)
        work.dx[k] = k == only || !s.adds[k] ? all[k] : nullptr;
      run();
      add_scratch(i, only, tile);
    }
  }

  void add_scratch(std::size_t i, std::size_t input, std::size_t tile) {
    T* const sum = gradients_[step(i).in[input]].tile(tile);
    kernels::add(sum, scratch_.tile(tile), sum, node(i).ins[input].size() * tile_images);
  }

  /// Backward passes of the nodes from end - 1 down to `stop`. If there are nodes before, stop - 1
  /// is a batch norm, and its sums are taken.
  template <class Visit>
  void backward_nodes(std::size_t end, std::size_t stop, std::size_t tile, Visit& visit) {
    for (std::size_t i = end; i > stop; --i) {
      if (!step(i - 1).active) continue;
      visit_node(i - 1, tile, visit);
      backward_node(i - 1, tile,
                    [&](const BackwardTile<T>& work) { node(i - 1).layer.backward(work); });
    }
    if (stop == plan_.first) return;
    const detail::PassStep& s = step(stop - 1);
    visit_node(stop - 1, tile, visit);
    statistics_[stop - 1]->gather_gradient(
        tile, valid(tile), values_[s.in[0]].tile(tile), gradients_[s.out].tile(tile),
        parts_[tile].data() + s.weight, parts_[tile].data() + s.bias);
  }

  template <class Visit>
  void visit_node(std::size_t i, std::size_t tile, Visit& visit) {
    visit(i, tile, valid(tile), std::as_const(values_)[step(i).out].tile(tile),
          std::as_const(gradients_)[step(i).out].tile(tile));
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
        backward_node(norm, tile, [&](const BackwardTile<T>& work) {
          if (work.dx[0] == nullptr) return;
          statistics_[norm]->input_gradient(node(norm), valid(tile), work.x[0], work.dy,
                                            work.dx[0]);
        });
        backward_nodes(norm, cut, tile, visit);
      });
    }
  }

  /// Lists of what a node works on, for each tile.
  struct TileWork {
    std::vector<const T*> x;
    std::vector<T*> dx;
    std::vector<Channels> channels;
  };

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
  Tensor<T> scratch_;                    // gradients that are added to others
  std::vector<TileWork> work_;           // by tile
  std::vector<AlignedVector<T>> parts_;  // gradients by the parameters, by tile
  std::vector<double> losses_;           // by tile
  std::size_t used_tiles_ = 0;
  std::size_t images_ = 0;
  Tensor<T> targets_;
};

}  // namespace gtap::nn
