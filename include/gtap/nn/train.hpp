#pragma once

#include <gtap/core/random.hpp>
#include <gtap/execution/progress.hpp>
#include <gtap/execution/thread_pool.hpp>
#include <gtap/nn/backpropagation.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/evaluate.hpp>
#include <gtap/nn/optimizer.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace gtap::nn {

struct TrainOptions {
  std::size_t epochs = 10;  ///< passes over the training images, at most
  std::size_t batch = 128;  ///< images in a mini-batch; the last one of an epoch may be smaller
  Optimizer optimizer = Adam{};
  double final_rate =
      1.0;  ///< the learning rate falls along half a cosine to this share, in (0, 1]
  Loss loss = Loss::cross_entropy;  ///< mean_squared_error wants targets in the data
  std::size_t shift = 0;     ///< move each image by chance, by up to so many pixels each way; zeros
                             ///< come in
  bool mirror = false;       ///< exchange left and right of each image with probability 1/2
  std::size_t patience = 0;  ///< stop after so many epochs without better validation; 0: never
  std::uint64_t seed = 0;    ///< of the order of images, what is done to them, and of dropout;
                             ///< not of initial weights
  std::size_t threads = 0;   ///< 0: those of the machine; the result does not depend on it
  ProgressCallback progress = {};  ///< counts images, over all epochs
  std::stop_token stop = {};       ///< looked at after each mini-batch
};

/// What a training run did.
struct TrainResult {
  std::vector<double> losses;          ///< mean training loss of each finished epoch
  std::vector<Evaluation> validation;  ///< after each epoch, when there is a validation set
  std::size_t best_epoch = 0;          ///< counted from 0; its weights are what the network has
  double seconds = 0.0;
  bool stopped = false;  ///< by the stop token
};

namespace detail {

inline void check_options(const TrainOptions& options) {
  if (options.epochs == 0) fail("train", "at least 1 epoch", "0");
  if (options.batch == 0) fail("train", "a batch of at least 1 image", "0");
  check_setting(options.final_rate > 0.0 && options.final_rate <= 1.0, "final_rate",
                "a share in (0, 1]", options.final_rate);
  check_optimizer(options.optimizer);
}

/// A run of consecutive parameters of one node, small enough to share the work among threads.
template <class T>
struct ParameterBlock {
  T* values;
  std::size_t begin;  // in the order of Backpropagation
  std::size_t count;
  bool decays;
};

template <class T>
std::vector<ParameterBlock<T>> parameter_blocks(Network<T>& net, const Backpropagation<T>& passes) {
  constexpr std::size_t largest = 16384;
  std::vector<ParameterBlock<T>> blocks;
  const auto cut = [&](T* values, std::size_t begin, std::size_t count, bool decays) {
    for (std::size_t at = 0; at < count; at += largest)
      blocks.push_back({values + at, begin + at, std::min(largest, count - at), decays});
  };
  const auto nodes = net.edit_nodes();
  for (std::size_t i = 0; i < passes.nodes(); ++i) {
    Node<T>& n = nodes[i];
    cut(n.weight.data(), passes.weight_begin(i), static_cast<std::size_t>(n.weight.size()),
        n.layer.is_mixing());
    cut(n.bias.data(), passes.bias_begin(i), static_cast<std::size_t>(n.bias.size()), false);
  }
  return blocks;
}

/// One training run: the images in plain order, the moments, and the position.
template <class T>
class Trainer {
 public:
  Trainer(Network<T>& net, const Dataset<T>& data, const TrainOptions& options)
      : net_(net),
        options_(options),
        data_(data),
        plain_(data.images.to_images()),
        order_(data.size()),
        batch_(std::min(options.batch, data.size())),
        batch_labels_(batch_),
        pool_(std::min(thread_count(options.threads), (batch_ + tile_images - 1) / tile_images)),
        passes_(net, batch_, Mode::training, derive_seed(options.seed, 1), options.loss),
        state_(options.optimizer, passes_.parameters()),
        gradient_(passes_.parameters()),
        blocks_(parameter_blocks(net, passes_)),
        meter_(options.progress, options.epochs * data.size()) {
    std::iota(order_.begin(), order_.end(), std::uint32_t{0});
  }

  /// The mean loss of an epoch; nothing when the stop token ended it.
  std::optional<double> epoch(std::size_t number) {
    RandomStream(options_.seed, number).shuffle(std::span(order_));
    double sum = 0.0;
    for (std::size_t begin = 0; begin < order_.size(); begin += batch_) {
      const auto images = std::span(order_).subspan(begin, std::min(batch_, order_.size() - begin));
      const double loss = mini_batch(images, number);
      sum += loss * static_cast<double>(images.size());
      meter_.report(number * order_.size() + begin + images.size());
      if (options_.stop.stop_requested()) return std::nullopt;
    }
    return sum / static_cast<double>(order_.size());
  }

  double seconds() const { return meter_.seconds(); }

 private:
  double mini_batch(std::span<const std::uint32_t> images, std::size_t epoch) {
    const auto load_images = [&](std::size_t tile, T* rows) {
      if (options_.shift > 0 || options_.mirror) {
        load_moved(images, tile, epoch, rows);
      } else {
        load(images, tile, rows);
      }
    };
    const auto nobody = [](auto&&...) {};
    double loss = 0.0;
    if (options_.loss == Loss::cross_entropy) {
      for (std::size_t i = 0; i < images.size(); ++i)
        batch_labels_[i] = data_.labels[images[i]];
      const auto labels = std::span<const std::uint32_t>(batch_labels_).first(images.size());
      loss = passes_.run(pool_, labels, step_, load_images, nobody);
    } else {
      const auto load_targets = [&](std::size_t tile, T* rows) { load_target(images, tile, rows); };
      loss = passes_.run_regression(pool_, images.size(), step_, load_images, load_targets, nobody);
    }
    if (!std::isfinite(loss)) {
      fail("train", "a finite loss (a smaller learning rate may help)",
           text(loss, " in epoch ", epoch, ", step ", step_));
    }
    ++step_;
    const double rate = learning_rate();
    pool_.run(blocks_.size(), [&](std::size_t b, std::size_t) {
      const ParameterBlock<T>& block = blocks_[b];
      const auto gradient = std::span(gradient_).subspan(block.begin, block.count);
      passes_.gradient(block.begin, gradient);
      state_.update(block.begin, gradient, block.values, step_, rate, block.decays);
    });
    passes_.update_running(net_);
    return loss;
  }

  /// Fills a tile from plain images: a transposition.
  void load(std::span<const std::uint32_t> images, std::size_t tile, T* rows) const {
    const std::size_t size = net_.input().size();
    const std::size_t begin = tile * tile_images;
    const T* lanes[tile_images];
    const std::size_t valid = std::min(tile_images, images.size() - begin);
    for (std::size_t l = 0; l < valid; ++l)
      lanes[l] = plain_.data() + images[begin + l] * size;
    constexpr std::size_t block = 16;
    for (std::size_t r0 = 0; r0 < size; r0 += block) {
      for (std::size_t r = r0; r < std::min(size, r0 + block); ++r) {
        T* row = rows + r * tile_images;
        for (std::size_t l = 0; l < valid; ++l)
          row[l] = lanes[l][r];
        std::fill(row + valid, row + tile_images, T(0));
      }
    }
  }

  /// The same of images that are moved and mirrored by chance. Each image of each epoch draws from
  /// a stream of its own.
  void load_moved(std::span<const std::uint32_t> images, std::size_t tile, std::size_t epoch,
                  T* rows) const {
    const Shape shape = net_.input();
    const std::size_t begin = tile * tile_images;
    const std::size_t valid = std::min(tile_images, images.size() - begin);
    std::fill_n(rows, shape.size() * tile_images, T(0));
    for (std::size_t l = 0; l < valid; ++l) {
      const std::uint32_t image = images[begin + l];
      RandomStream random(derive_seed(derive_seed(options_.seed, 2), epoch), image);
      const auto places = static_cast<std::uint32_t>(2 * options_.shift + 1);
      const std::size_t down = random.below(places);  // counted from -shift
      const std::size_t right = random.below(places);
      const bool mirrored = options_.mirror && random.below(2) == 1;
      const T* from = plain_.data() + image * shape.size();
      for (std::size_t c = 0; c < shape.channels; ++c) {
        for (std::size_t y = 0; y < shape.height; ++y) {
          const std::size_t to_y = y + down - options_.shift;  // wraps outside
          if (to_y >= shape.height) continue;
          for (std::size_t x = 0; x < shape.width; ++x) {
            const std::size_t to_x = x + right - options_.shift;
            if (to_x >= shape.width) continue;
            const std::size_t source = mirrored ? shape.width - 1 - x : x;
            rows[((c * shape.height + to_y) * shape.width + to_x) * tile_images + l] =
                from[(c * shape.height + y) * shape.width + source];
          }
        }
      }
    }
  }

  void load_target(std::span<const std::uint32_t> images, std::size_t tile, T* rows) const {
    const std::size_t size = data_.targets.shape().size();
    const std::size_t begin = tile * tile_images;
    for (std::size_t l = 0; l < std::min(tile_images, images.size() - begin); ++l) {
      const std::size_t image = images[begin + l];
      const T* from = data_.targets.tile(image / tile_images) + image % tile_images;
      for (std::size_t r = 0; r < size; ++r)
        rows[r * tile_images + l] = from[r * tile_images];
    }
  }

  double learning_rate() const {
    const auto steps = options_.epochs * ((order_.size() + batch_ - 1) / batch_);
    const double part = static_cast<double>(step_ - 1) / static_cast<double>(steps);
    const double fall = 0.5 * (1.0 + std::cos(std::numbers::pi * part));
    return options_.final_rate + (1.0 - options_.final_rate) * fall;
  }

  Network<T>& net_;
  const TrainOptions& options_;
  const Dataset<T>& data_;
  std::vector<T> plain_;  // [image][channel][row][column]: any order of images is cheap to read
  std::vector<std::uint32_t> order_;
  std::size_t batch_;
  std::vector<std::uint32_t> batch_labels_;
  ThreadPool pool_;
  Backpropagation<T> passes_;
  OptimizerState<T> state_;
  AlignedVector<T> gradient_;
  std::vector<ParameterBlock<T>> blocks_;
  ProgressMeter meter_;
  std::uint64_t step_ = 0;
};

/// More accurate; among equals, which all are in regression, nearer to the labels or targets.
inline bool is_better(const Evaluation& now, const Evaluation& best) {
  if (now.accuracy != best.accuracy) return now.accuracy > best.accuracy;
  return now.cross_entropy + now.mean_squared_error < best.cross_entropy + best.mean_squared_error;
}

template <class T>
TrainResult train(Network<T>& net, const Dataset<T>& data, const Dataset<T>* validation,
                  const TrainOptions& options) {
  check_options(options);
  const auto check = [&](const char* where, const Dataset<T>& set) {
    if (options.loss == Loss::cross_entropy) {
      check_data(where, net, set);
    } else {
      set.check_targets(where, net.output());
      check_images(where, net, set.images);
      set.images.check_finite(where);
    }
  };
  check("train", data);
  if (options.patience > 0 && validation == nullptr) {
    fail("train", "a validation set to be patient about", text("patience ", options.patience));
  }
  if (validation != nullptr) check("train, validation set", *validation);
  if (net.parameters() == 0) fail("train", "a network with parameters", "none");
  net.check_finite();
  Trainer<T> trainer(net, data, options);
  TrainResult result;
  std::vector<Node<T>> best;
  while (result.losses.size() < options.epochs) {
    const std::size_t epoch = result.losses.size();
    const auto loss = trainer.epoch(epoch);
    result.stopped = !loss.has_value();
    if (result.stopped) break;
    result.losses.push_back(*loss);
    if (validation == nullptr) {
      result.best_epoch = epoch;
      continue;
    }
    Evaluation now;
    if (options.loss == Loss::cross_entropy) {
      now = evaluate(net, *validation, options.threads);
    } else {
      now.mean_squared_error = mean_squared_error(net, *validation, options.threads);
    }
    const bool better =
        result.validation.empty() || is_better(now, result.validation[result.best_epoch]);
    result.validation.push_back(now);
    if (better) {
      result.best_epoch = epoch;
      best.assign(net.nodes().begin(), net.nodes().end());
    } else if (options.patience > 0 && epoch - result.best_epoch >= options.patience) {
      break;
    }
  }
  if (!best.empty()) {
    const auto nodes = net.edit_nodes();
    std::copy(best.begin(), best.end(), nodes.begin());
  }
  net.check_finite();  // the loss that would tell of the last step is not computed
  result.seconds = trainer.seconds();
  return result;
}

}  // namespace detail

/// Trains a network from the weights that it has, by the cross-entropy of its logits (before a last
/// Softmax) or the mean squared error of its outputs. Throws gtap::Error for wrong options, for the
/// cross-entropy outputs that are not flat or only one, an empty data set, images of another shape
/// or of numbers that are not finite, labels that are no class or targets of another shape, and
/// weights that are not finite; also when the loss or the weights become so, which leaves the
/// network with the weights of the step that did it. Memory: a second copy of the images.
template <class T>
TrainResult train(Network<T>& net, const Dataset<T>& data, const TrainOptions& options = {}) {
  return detail::train<T>(net, data, nullptr, options);
}

/// The same with a validation set, on which the network is evaluated after each epoch. In the end
/// it has the weights of the epoch with the highest validation accuracy, the lower cross-entropy
/// among equals, or the lowest mean squared error; a run that the stop token ends, those of the
/// best finished epoch, if any.
template <class T>
TrainResult train(Network<T>& net, const Dataset<T>& data, const Dataset<T>& validation,
                  const TrainOptions& options = {}) {
  return detail::train<T>(net, data, &validation, options);
}

}  // namespace gtap::nn
