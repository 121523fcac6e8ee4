#pragma once

#include <gtap/core/intrinsics.hpp>
#include <gtap/math/cholesky.hpp>
#include <gtap/math/matrix.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/network/detail/layer_input.hpp>
#include <gtap/network/detail/node_values.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/plan.hpp>
#include <gtap/nn/tensor.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
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
  math::Matrix gram;   ///< [inputs, inputs]; with an intercept the last input is the constant 1
  math::Matrix cross;  ///< [inputs, outputs]
  double samples = 0.0;

  NormalEquations(std::size_t inputs, std::size_t outputs)
      : gram(inputs, inputs), cross(inputs, outputs) {}

  /// inputs [inputs, samples], targets [outputs, samples]; products in T, sums in double.
  template <class Inputs, class Targets>
  void add(const Inputs& inputs, const Targets& targets) {
    const auto sum = [](math::Matrix& to) {
      return Eigen::Map<Eigen::MatrixXd>(to.column(0).data(), static_cast<Eigen::Index>(to.rows()),
                                         static_cast<Eigen::Index>(to.columns()));
    };
    sum(gram) += (inputs * inputs.transpose()).template cast<double>();
    sum(cross) += (inputs * targets.transpose()).template cast<double>();
    samples += static_cast<double>(inputs.cols());
  }

  /// The change of weights [inputs, outputs] that brings `before` [outputs, inputs] nearest to the
  /// targets.
  math::Matrix change(const math::Matrix& before, double ridge) const {
    const std::size_t n = gram.rows();
    double trace = 0.0;
    for (std::size_t i = 0; i < n; ++i)
      trace += gram(i, i);
    math::Matrix regular = gram;
    for (std::size_t i = 0; i < n; ++i)
      regular(i, i) += ridge * trace / static_cast<double>(n) + 1e-12 * samples;
    math::Matrix change = cross;
    math::add_product(-1.0, gram, {0, 0, n, n}, before, {0, 0, before.rows(), n}, change, 0, 0);
    const math::Cholesky factor(std::move(regular));
    for (std::size_t o = 0; o < change.columns(); ++o)
      factor.solve(change.column(o));
    return change;
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
    if (nn::as<nn::BatchNorm>(node.layer)) return &node;
    const auto* average = nn::as<nn::AvgPool2d>(node.layer);
    const bool hands_on =
        nn::as<nn::Flatten>(node.layer) || nn::as<nn::Dropout>(node.layer) ||
        nn::as<nn::MaxPool2d>(node.layer) || nn::as<nn::GlobalMaxPool>(node.layer) ||
        nn::as<nn::GlobalAvgPool>(node.layer) || nn::as<nn::Upsample>(node.layer) ||
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
  const std::size_t inputs_fitted = samples.features() + (intercept ? 1 : 0);
  for (std::size_t g = 0; g < samples.groups(); ++g) {
    NormalEquations equations(inputs_fitted, group_outputs);
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
      equations.add(x.topLeftCorner(static_cast<Eigen::Index>(inputs_fitted), valid),
                    y.leftCols(valid));
    }
    const auto first = static_cast<Eigen::Index>(g * group_outputs);
    math::Matrix before(group_outputs, inputs_fitted);
    for (std::size_t o = 0; o < group_outputs; ++o) {
      const auto row = first + static_cast<Eigen::Index>(o);
      for (std::size_t k = 0; k < samples.features(); ++k)
        before(o, k) = node.weight(row, static_cast<Eigen::Index>(k));
      if (node.bias.size() > 0) before(o, samples.features()) = node.bias[row];
    }
    const math::Matrix change = equations.change(before, options.ridge);
    for (std::size_t o = 0; o < group_outputs; ++o) {
      const auto row = first + static_cast<Eigen::Index>(o);
      for (std::size_t k = 0; k < samples.features(); ++k) {
        node.weight(row, static_cast<Eigen::Index>(k)) =
            static_cast<T>(before(o, k) + change(k, o));
      }
      if (!intercept) continue;
      const double constant = before(o, samples.features()) + change(samples.features(), o);
      if (node.bias.size() > 0) {
        node.bias[row] = static_cast<T>(constant);
      } else {
        // A flattened channel is as many of the batch norm's.
        const Eigen::Index each = norm->running_mean.size() / node.weight.rows();
        norm->running_mean.segment(row * each, each).array() -= static_cast<T>(constant);
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
  bool same = smaller.network.input() == net.input() && smaller.kept.size() == after.size();
  std::size_t i = 0;  // nodes are left out, but stay in order
  for (std::size_t k = 0; same && k < after.size(); ++k, ++i) {
    while (i < before.size() && before[i].name != after[k].name)
      ++i;
    same = i < before.size() && smaller.kept[k].size() == after[k].out.channels &&
           (smaller.kept[k].empty() || smaller.kept[k].back() < before[i].out.channels) &&
           after[k].layer.is_mixing() == before[i].layer.is_mixing() &&
           after[k].inputs.size() <= before[i].inputs.size();
    for (std::size_t input = 0; same && input < after[k].inputs.size(); ++input) {
      const std::size_t from = after[k].inputs[input];
      same = std::any_of(before[i].inputs.begin(), before[i].inputs.end(), [&](std::size_t old) {
        return from == nn::network_input || old == nn::network_input
                   ? from == old
                   : after[from].name == before[old].name;
      });
    }
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
  const auto pruned_readers = nn::detail::readers(result);
  detail::NodeValues<T> unpruned(net, images);
  detail::NodeValues<T> pruned(result, images);
  std::vector<bool> changed(net.nodes().size(), false);  // what leaves the node
  std::size_t k = 0;                                     // the next node of the smaller network
  for (std::size_t i = 0; i < nn::logit_nodes(net); ++i) {
    const nn::Node<T>& before = net.nodes()[i];
    const bool left = k < nodes.size() && nodes[k].name == before.name;
    bool other_inputs = false;
    for (const std::size_t from : before.inputs)
      other_inputs = other_inputs || (from != nn::network_input && changed[from]);
    if (left && other_inputs && before.layer.is_mixing()) {
      nn::Node<T>* const norm =
          nodes[k].bias.size() > 0 ? nullptr : detail::intercept_taker(nodes, pruned_readers, k);
      detail::refit(nodes[k], norm, *pruned.input(k, 0), before, *unpruned.input(i, 0),
                    smaller.kept[k], options);
    }
    changed[i] = !left || other_inputs || smaller.kept[k].size() < before.out.channels;
    if (!readers[i].empty()) {
      const auto values = unpruned.run(i);
      if (left && changed[i]) {
        pruned.run(k);
      } else if (left) {
        pruned.take(k, values);
      }
    }
    unpruned.step(i);
    if (left) pruned.step(k++);
  }
  result.check_finite();
  smaller.network = std::move(result);
}

}  // namespace gtap
