#pragma once

#include <gtap/execution/thread_pool.hpp>
#include <gtap/nn/aligned.hpp>
#include <gtap/nn/kept_channels.hpp>
#include <gtap/nn/layer_forward.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/plan.hpp>
#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace gtap::nn {

/// Number of nodes that lead to the logits: all but a Softmax at the end.
template <class T>
std::size_t logit_nodes(const Network<T>& net) {
  const auto nodes = net.nodes();
  return nodes.size() - (as<Softmax>(nodes.back().layer) ? 1 : 0);
}

/// One thread's way of running a network at inference, tile by tile, with memory of its own that
/// is allocated once. Refers to the network, which must outlive it and may change its weights.
template <class T>
class ForwardPass {
 public:
  /// Runs up to the output of node `nodes` - 1.
  ForwardPass(const Network<T>& net, std::size_t nodes)
      : net_(&net), plan_(net, nodes), present_(nodes) {
    input_ = detail::all_channels(net.input().channels);
    for (const std::size_t numbers : plan_.buffers)
      buffers_.emplace_back(numbers * tile_images);
    for (std::size_t i = 0; i < nodes; ++i)
      present_[i] = detail::all_channels(net.nodes()[i].out.channels);
  }

  explicit ForwardPass(const Network<T>& net) : ForwardPass(net, net.nodes().size()) {}

  /// From here on, only these channels are there; the others are neither computed nor read, as if
  /// they were zero. Throws when check_kept() does.
  void keep(const KeptChannels& kept) {
    check_kept(*net_, kept);
    std::copy_n(kept.begin(), present_.size(), present_.begin());
  }

  /// The last node's output for a tile of inputs; valid until the next call. Channels that are
  /// absent there have unspecified values.
  const T* run(const T* tile) {
    for (const PlanStep& step : plan_.steps) {
      const Node<T>& node = net_->nodes()[step.node];
      rows_.clear();
      channels_.clear();
      for (std::size_t k = 0; k < step.in.size(); ++k) {
        const std::size_t from = node.inputs[k];
        rows_.push_back(step.in[k] == Plan::input ? tile : buffers_[step.in[k]].data());
        channels_.push_back(from == network_input ? input_ : present_[from]);
      }
      forward_tile(node, std::span<const Channels>(channels_), Channels(present_[step.node]),
                   std::span<const T* const>(rows_), buffers_[step.out].data(), step.then);
    }
    return plan_.result == Plan::input ? tile : buffers_[plan_.result].data();
  }

 private:
  const Network<T>* net_;
  Plan plan_;
  std::vector<std::uint32_t> input_;
  std::vector<std::vector<std::uint32_t>> present_;  // channels of each node's output
  std::vector<AlignedVector<T>> buffers_;
  std::vector<const T*> rows_;
  std::vector<Channels> channels_;
};

namespace detail {

/// Number of outputs. Throws unless they are flat.
template <class T>
std::size_t flat_outputs(const char* where, const Network<T>& net) {
  require(net.output().pixels() == 1, where, "a network with flat outputs (Flatten{} flattens)",
          text("outputs of ", net.output()));
  return net.output().channels;
}

/// Refuses one output: as the only class it would always be right.
inline void require_classes(const char* where, std::size_t outputs) {
  require(outputs >= 2, where,
          "a network with at least 2 outputs, one for each class (a regression has none)", "1");
}

/// Number of classes: what labels and losses take the outputs for.
template <class T>
std::size_t classes(const char* where, const Network<T>& net) {
  const std::size_t outputs = flat_outputs(where, net);
  require_classes(where, outputs);
  return outputs;
}

template <class T>
void check_images(const char* where, const Network<T>& net, const Tensor<T>& images) {
  if (images.images() == 0) fail(where, "at least one image", "none");
  if (!(images.shape() == net.input())) {
    fail(where, text("images of ", net.input()), text(images.shape()));
  }
}

/// Runs the first `nodes` nodes on all tiles; visit(tile, output rows, worker) gets each result.
template <class T, class Visit>
void for_each_tile(const char* where, const Network<T>& net, std::size_t nodes,
                   const Tensor<T>& images, const KeptChannels* kept, std::size_t threads,
                   Visit&& visit) {
  check_images(where, net, images);
  net.check_finite();
  const std::size_t workers = std::min(thread_count(threads), images.tiles());
  std::vector<ForwardPass<T>> passes(workers, ForwardPass<T>(net, nodes));
  for (auto& pass : passes) {
    if (kept != nullptr) pass.keep(*kept);
  }
  parallel_chunks(workers, images.tiles(), [&](std::size_t tile, std::size_t worker) {
    images.check_finite(where, tile);
    visit(tile, passes[worker].run(images.tile(tile)));
  });
}

template <class T>
Tensor<T> run_nodes(const char* where, const Network<T>& net, std::size_t nodes,
                    const Tensor<T>& images, const KeptChannels* kept, std::size_t threads) {
  const Shape shape = nodes == 0 ? net.input() : net.nodes()[nodes - 1].out;
  Tensor<T> out(shape, images.images());
  for_each_tile(where, net, nodes, images, kept, threads, [&](std::size_t t, const T* rows) {
    const std::size_t valid = images.tile_valid(t);
    for (std::size_t r = 0; r < shape.size(); ++r)
      std::copy_n(rows + r * tile_images, valid, out.tile(t) + r * tile_images);
  });
  return out;
}

}  // namespace detail

/// What the network makes of the images at inference: [images] of net.output(). `threads` 0 means
/// those of the machine; the result does not depend on it. Throws gtap::Error for images of another
/// shape, no image, or weights that are not finite.
template <class T>
Tensor<T> forward(const Network<T>& net, const Tensor<T>& images, std::size_t threads = 0) {
  return detail::run_nodes("forward", net, net.nodes().size(), images, nullptr, threads);
}

/// The same with only the kept channels of each node's output (Units::mask); the others are zero.
template <class T>
Tensor<T> forward(const Network<T>& net, const Tensor<T>& images, const KeptChannels& kept,
                  std::size_t threads = 0) {
  return detail::run_nodes("forward", net, net.nodes().size(), images, &kept, threads);
}

}  // namespace gtap::nn
