#pragma once

#include <gtap/network/compaction.hpp>
#include <gtap/network/detail/unit_statistics.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/evaluate.hpp>
#include <gtap/nn/network.hpp>

#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace gtap {

/// What a baseline scores a unit by. Weights of a unit are those that make it, without biases, of
/// tied channels all of them; its activations are those that layers with weights read.
enum class Baseline {
  magnitude_l1,     ///< sum of absolute weights
  magnitude_l2,     ///< root of the sum of squared weights
  weight_gradient,  ///< sum of |weight x gradient of the mean cross-entropy|
  taylor,           ///< mean over images of |mean over pixels of activation x gradient|
                    ///< (Molchanov et al. 2017)
  apoz,             ///< share of activations that are not zero, 1 - APoZ (Hu et al. 2016)
  mean_activation,  ///< mean absolute activation
  rms_outgoing      ///< root mean square of activations x norm of the outgoing weights
};

/// A pruning scorer: a cheap score of each kept unit in the network without the others. One-shot by
/// top_n, iterated by iterated_pruning, like any other.
///
/// A call costs one pass over the images, forward or, for those with gradients, forward and
/// backward; the magnitudes cost none. Layers must keep a unit. Activations are looked at where the
/// next layers read them, after activation, batch norm and pooling. Takes a snapshot of the
/// network; the data must outlive it. Not thread-safe. Throws gtap::Error for weights that are not
/// finite, for images that the network does not take unless it is a magnitude, and with gradients
/// for outputs and labels that nn::evaluate() would not take.
template <class T>
class BaselineScorer {
 public:
  BaselineScorer(Baseline baseline, const nn::Network<T>& net, Units units,
                 const nn::Dataset<T>& data)
      : baseline_(baseline), net_(net), units_(std::move(units)), data_(&data) {
    const char* const where = "BaselineScorer";
    if (uses_gradients()) nn::detail::check_data(where, net, data);
    if (uses_data()) {
      nn::detail::check_images(where, net, data.images);
      data.images.check_finite(where);
    }
    net.check_finite();
  }

  /// One score for each member of `kept`, in increasing order.
  std::vector<double> operator()(const Coalition& kept) {
    const Compacted<T> smaller = compact(net_, units_, kept);
    const detail::ChannelPlayers player(units_, net_, smaller);
    if (uses_data()) ++evaluations_;
    const std::vector<double> all = scores(smaller.network, player);
    std::vector<double> result;
    kept.for_each([&](Player p) { result.push_back(all[p]); });
    return result;
  }

  /// Passes over the images so far.
  std::size_t evaluations() const { return evaluations_; }

 private:
  bool uses_gradients() const {
    return baseline_ == Baseline::weight_gradient || baseline_ == Baseline::taylor;
  }
  bool uses_data() const {
    return baseline_ != Baseline::magnitude_l1 && baseline_ != Baseline::magnitude_l2;
  }

  std::vector<double> scores(const nn::Network<T>& net,
                             const detail::ChannelPlayers& player) const {
    switch (baseline_) {
      case Baseline::magnitude_l1:
        return incoming(net, player, [](const auto& row) { return row.cwiseAbs().sum(); });
      case Baseline::magnitude_l2:
        return roots(incoming(net, player, [](const auto& row) { return row.squaredNorm(); }));
      case Baseline::weight_gradient:
        return detail::gradient_statistics(net, player, *data_).weight_gradient;
      case Baseline::taylor:
        return detail::gradient_statistics(net, player, *data_).taylor;
      case Baseline::apoz:
        return detail::activation_statistics(net, player, data_->images).nonzero;
      case Baseline::mean_activation:
        return detail::activation_statistics(net, player, data_->images).absolute;
      case Baseline::rms_outgoing:
        break;
    }
    return roots(detail::activation_statistics(net, player, data_->images).outgoing);
  }

  /// Sums of a measure of the weights that make each unit.
  template <class Measure>
  static std::vector<double> incoming(const nn::Network<T>& net,
                                      const detail::ChannelPlayers& player, Measure measure) {
    std::vector<double> sums(player.size(), 0.0);
    for (std::size_t i = 0; i < net.nodes().size(); ++i) {
      const nn::Node<T>& node = net.nodes()[i];
      if (!nn::ChannelTies::makes(node) || node.weight.size() == 0) continue;
      for (std::size_t c = 0; c < node.out.channels; ++c) {
        const Player p = player(i, c);
        if (p == Units::nobody) continue;
        sums[p] += static_cast<double>(measure(node.weight.row(static_cast<Eigen::Index>(c))));
      }
    }
    return sums;
  }

  static std::vector<double> roots(std::vector<double> squares) {
    for (double& value : squares)
      value = std::sqrt(value);
    return squares;
  }

  Baseline baseline_;
  nn::Network<T> net_;
  Units units_;
  const nn::Dataset<T>* data_;
  std::size_t evaluations_ = 0;
};

}  // namespace gtap
