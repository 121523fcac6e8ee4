#pragma once

#include <gtap/core/intrinsics.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/network/detail/layer_input.hpp>
#include <gtap/network/detail/node_values.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/plan.hpp>
#include <gtap/nn/tensor.hpp>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace gtap {

struct CompensationOptions {
  /// Pull towards the weights before, relative to the mean square of an input; 0 or more.
  double ridge = 1e-3;
  /// Most samples of a layer: for a dense layer images, for a convolution images x pixels. At
  /// least 1; whole tiles of 64 images are taken.
  std::size_t samples = 20'000;
};

namespace detail {

/// The sums of a least-squares problem: inputs with themselves and with what they shall give.
struct NormalEquations {
  Eigen::MatrixXd gram;   ///< [inputs, inputs]; with an intercept the last input is the constant 1
  Eigen::MatrixXd cross;  ///< [inputs, outputs]
  double samples = 0.0;

  NormalEquations(Eigen::Index inputs, Eigen::Index outputs)
      : gram(Eigen::MatrixXd::Zero(inputs, inputs)),
        cross(Eigen::MatrixXd::Zero(inputs, outputs)) {}

  /// inputs [inputs, samples], targets [outputs, samples]; products in T, sums in double.
  template <class Inputs, class Targets>
  void add(const Inputs& inputs, const Targets& targets) {
    gram += (inputs * inputs.transpose()).template cast<double>();
    cross += (inputs * targets.transpose()).template cast<double>();
    samples += static_cast<double>(inputs.cols());
  }

  /// The change of weights [inputs, outputs] that brings `before` nearest to the targets.
  Eigen::MatrixXd change(const Eigen::MatrixXd& before, double ridge) const {
    Eigen::MatrixXd regular = gram;
    const double pull = ridge * gram.diagonal().mean() + 1e-12 * samples;
    regular.diagonal().array() += pull;
    return regular.ldlt().solve(cross - gram * before);
  }
};

/// The batch norm that takes the intercepts of a mixing node without bias, or null. What stands
/// between them hands on a constant that is added to a channel, and nothing else reads it.
template <class T>
nn::Node<T>* intercept_taker(std::span<nn::Node<T>> nodes,
                             const std::vector<std::vector<std::size_t>>& readers, std::size_t i) {
  while (readers[i].size() == 1) {
    i = readers[i][0];
    nn::Node<T>& node = nodes[i];
    if (std::holds_alternative<nn::BatchNorm>(node.layer)) return &node;
    const auto* average = std::get_if<nn::AvgPool2d>(&node.layer);
    const bool hands_on = std::holds_alternative<nn::Flatten>(node.layer) ||
                          std::holds_alternative<nn::Dropout>(node.layer) ||
                          std::holds_alternative<nn::MaxPool2d>(node.layer) ||
                          std::holds_alternative<nn::GlobalMaxPool>(node.layer) ||
                          std::holds_alternative<nn::GlobalAvgPool>(node.layer) ||
                          std::holds_alternative<nn::Upsample>(node.layer) ||
                          (average != nullptr && average->padding == nn::Extent(0));
    if (!hands_on) return nullptr;
  }
  return nullptr;
}

/// Refits a mixing node of the smaller network: what it gives shall be what the unpruned node gave.
/// An intercept becomes its bias, or else is taken off the mean of a batch norm: the
/// channel's own mean is lower by that much (`norm`, null without one). Where there is neither,
/// none is fitted.
template <class T>
void refit(nn::Node<T>& node, nn::Node<T>* norm, const nn::Tensor<T>& inputs,
           const nn::Node<T>& unpruned, const nn::Tensor<T>& unpruned_inputs,
           const std::vector<std::uint32_t>& outputs, const CompensationOptions& options) {
  const bool intercept = node.bias.size() > 0 || norm != nullptr;
  const LayerInput<T> samples(node, inputs);
  const LayerInput<T> unpruned_samples(unpruned, unpruned_inputs);
  const std::size_t places = inputs.tiles() * samples.positions();
  const std::size_t wanted = std::max<std::size_t>(1, options.samples / nn::tile_images);
  std::size_t step = std::max<std::size_t>(1, places / wanted);
  while (std::gcd(step, samples.positions()) != 1)
    ++step;  // or steps would fall on the same few pixels of every image
  const std::size_t group_outputs = outputs.size() / samples.groups();
  const std::size_t unpruned_group = unpruned.out.channels / unpruned_samples.groups();
  const auto features = static_cast<Eigen::Index>(samples.features());
  const auto count = static_cast<Eigen::Index>(group_outputs);
  const Eigen::Index fitted = features + (intercept ? 1 : 0);
  for (std::size_t g = 0; g < samples.groups(); ++g) {
    NormalEquations equations(fitted, count);
    nn::Matrix<T> x(features + 1, nn::tile_images);
    nn::Matrix<T> full_x(static_cast<Eigen::Index>(unpruned_samples.features()) + 1,
                         nn::tile_images);
    nn::Matrix<T> y(count, nn::tile_images);
    for (std::size_t place = 0; place < places; place += step) {
      const std::size_t tile = place / samples.positions();
      const std::size_t position = place % samples.positions();
      const auto valid = static_cast<Eigen::Index>(inputs.tile_valid(tile));
      samples.gather(g, tile, position, x);
      std::size_t gathered = unpruned_samples.groups();
      for (std::size_t o = 0; o < group_outputs; ++o) {
        const std::size_t old = outputs[g * group_outputs + o];
        if (old / unpruned_group != gathered) {
          gathered = old / unpruned_group;
          unpruned_samples.gather(gathered, tile, position, full_x);
        }
        const auto row = static_cast<Eigen::Index>(old);
        y.row(static_cast<Eigen::Index>(o)) =
            unpruned.weight.row(row) * full_x.topRows(full_x.rows() - 1);
        if (unpruned.bias.size() > 0) {
          y.row(static_cast<Eigen::Index>(o)).array() += unpruned.bias[row];
        }
      }
      equations.add(x.topLeftCorner(fitted, valid), y.leftCols(valid));
    }
    const auto first = static_cast<Eigen::Index>(g * group_outputs);
    Eigen::MatrixXd before = Eigen::MatrixXd::Zero(fitted, count);
    before.topRows(features) =
        node.weight.middleRows(first, count).transpose().template cast<double>();
    if (node.bias.size() > 0) {
      before.row(features) = node.bias.segment(first, count).transpose().template cast<double>();
    }
    const Eigen::MatrixXd after = before + equations.change(before, options.ridge);
    node.weight.middleRows(first, count) = after.topRows(features).transpose().template cast<T>();
    if (node.bias.size() > 0) {
      node.bias.segment(first, count) = after.row(features).transpose().template cast<T>();
    } else if (norm != nullptr) {
      // A flattened channel is as many of the batch norm's.
      const Eigen::Index each = norm->running_mean.size() / node.weight.rows();
      for (Eigen::Index o = 0; o < count; ++o) {
        norm->running_mean.segment((first + o) * each, each).array() -=
            static_cast<T>(after(features, o));
      }
    }
  }
}

/// Throws unless `smaller` can have come from `net` and be refitted on these images.
template <class T>
void check_compensation(const Compacted<T>& smaller, const nn::Network<T>& net,
                        const nn::Tensor<T>& images, const CompensationOptions& options) {
  const char* const where = "compensate";
  const auto before = net.nodes();
  const auto after = smaller.network.nodes();
  bool same = smaller.network.input() == net.input() && after.size() == before.size() &&
              smaller.kept.size() == before.size();
  for (std::size_t i = 0; same && i < before.size(); ++i) {
    same = smaller.kept[i].size() == after[i].out.channels &&
           (smaller.kept[i].empty() || smaller.kept[i].back() < before[i].out.channels) &&
           after[i].inputs == before[i].inputs &&
           nn::is_mixing(after[i].layer) == nn::is_mixing(before[i].layer);
  }
  if (!same) fail(where, "the network that was compacted", "another one");
  if (!(options.ridge >= 0.0 && std::isfinite(options.ridge))) {
    fail(where, "a ridge of 0 or more", text(options.ridge));
  }
  if (options.samples == 0) fail(where, "at least 1 sample", "0");
  nn::detail::check_images(where, net, images);
  images.check_finite(where);
  net.check_finite();
  smaller.network.check_finite();
}

}  // namespace detail

/// Refits the smaller network's layers by least squares, first to last, so that each gives what the
/// unpruned layer gave on these images: no gradients, no labels. A layer without bias is fitted
/// without intercept, unless a batch norm follows whose mean can take it. Layers whose inputs no
/// pruning has reached stay as they are. `net` is the network that was compacted. Throws
/// gtap::Error for another network, images of another shape, no image, settings out of range and
/// numbers that are not finite, also as a result; `smaller` is then as it was.
///
/// Costs about samples x features^2 multiply-adds a layer, features being the inputs of one output.
template <class T>
void compensate(Compacted<T>& smaller, const nn::Network<T>& net, const nn::Tensor<T>& images,
                const CompensationOptions& options = {}) {
  detail::check_compensation(smaller, net, images, options);
  nn::Network<T> result = smaller.network;
  const auto nodes = result.edit_nodes();
  const auto readers = nn::detail::readers(net);
  detail::NodeValues<T> unpruned(net, images);
  detail::NodeValues<T> pruned(result, images);
  std::vector<bool> changed(nodes.size(), false);  // what leaves the node
  for (std::size_t i = 0; i < nn::logit_nodes(net); ++i) {
    const nn::Node<T>& before = net.nodes()[i];
    bool other_inputs = false;
    for (const std::size_t from : before.inputs)
      other_inputs = other_inputs || (from != nn::network_input && changed[from]);
    if (other_inputs && nn::is_mixing(before.layer)) {
      nn::Node<T>* const norm =
          nodes[i].bias.size() > 0 ? nullptr : detail::intercept_taker(nodes, readers, i);
      detail::refit(nodes[i], norm, *pruned.input(i, 0), before, *unpruned.input(i, 0),
                    smaller.kept[i], options);
    }
    changed[i] = other_inputs || smaller.kept[i].size() < before.out.channels;
    if (!readers[i].empty()) {
      const auto values = unpruned.run(i);
      if (changed[i]) {
        pruned.run(i);
      } else {
        pruned.take(i, values);
      }
    }
    unpruned.step(i);
    pruned.step(i);
  }
  result.check_finite();
  smaller.network = std::move(result);
}

}  // namespace gtap
