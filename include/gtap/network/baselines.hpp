#pragma once

#include <gtap/network/compaction.hpp>
#include <gtap/network/detail/stage_statistics.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/evaluate.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/stages.hpp>

#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace gtap {

/// What a baseline scores a unit by. Weights of a unit are those of its inputs, without the bias.
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
/// backward; the magnitudes cost none. Layers must keep a unit. Activations are those of the end of
/// a unit's stage, after activation, batch norm and pooling. Takes a snapshot of the network; the
/// data must outlive it. Not thread-safe. Throws gtap::Error for weights that are not finite, for
/// images that the network does not take unless it is a magnitude, and with gradients for outputs
/// and labels that nn::evaluate() would not take.
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
    const nn::Network<T> net = compact(net_, units_, kept).network;
    if (uses_data()) ++evaluations_;
    detail::StageStatistics statistics;
    if (uses_gradients()) {
      statistics = detail::gradient_statistics(net, *data_);
    } else if (uses_data()) {
      statistics = detail::activation_statistics(net, data_->images);
    }
    const nn::Stages cut = nn::stages(net);
    std::vector<double> scores;
    for (std::size_t s = 0; s < cut.hidden(); ++s) {
      if (!has_units(cut.stages[s].mixing)) continue;
      for (std::size_t u = 0; u < cut.stages[s].units; ++u) {
        scores.push_back(score(net, cut, s, u, statistics));
      }
    }
    return scores;
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

  bool has_units(std::size_t node) const {
    for (const UnitLayer& layer : units_.layers()) {
      if (layer.node == node) return true;
    }
    return false;
  }

  double score(const nn::Network<T>& net, const nn::Stages& cut, std::size_t s, std::size_t u,
               const detail::StageStatistics& statistics) const {
    const auto unit = static_cast<Eigen::Index>(u);
    const auto& weight = net.nodes()[cut.stages[s].mixing].weight;
    switch (baseline_) {
      case Baseline::magnitude_l1:
        return static_cast<double>(weight.row(unit).cwiseAbs().sum());
      case Baseline::magnitude_l2:
        return static_cast<double>(weight.row(unit).norm());
      case Baseline::weight_gradient:
        return statistics.weight_gradient[s][u];
      case Baseline::taylor:
        return statistics.taylor[s][u];
      case Baseline::apoz:
        return statistics.nonzero[s][u];
      case Baseline::mean_activation:
        return statistics.absolute[s][u];
      case Baseline::rms_outgoing:
        break;
    }
    return std::sqrt(statistics.square[s][u]) * outgoing_norm(net, cut, s, u);
  }

  /// Norm of all weights of the next mixing node that read this unit.
  static double outgoing_norm(const nn::Network<T>& net, const nn::Stages& cut, std::size_t s,
                              std::size_t u) {
    const nn::Node<T>& next = net.nodes()[cut.stages[s + 1].mixing];
    Eigen::Index first_row = 0;
    Eigen::Index rows = next.weight.rows();
    auto columns = static_cast<Eigen::Index>(cut.stages[s].rows_per_unit);
    std::size_t channel = u;
    if (const auto* conv = std::get_if<nn::Conv2d>(&next.layer)) {
      const std::size_t in_group = next.in.channels / conv->groups;
      rows /= static_cast<Eigen::Index>(conv->groups);
      first_row = static_cast<Eigen::Index>(u / in_group) * rows;
      columns = static_cast<Eigen::Index>(conv->kernel.height * conv->kernel.width);
      channel = u % in_group;
    }
    return static_cast<double>(
        next.weight.block(first_row, static_cast<Eigen::Index>(channel) * columns, rows, columns)
            .norm());
  }

  Baseline baseline_;
  nn::Network<T> net_;
  Units units_;
  const nn::Dataset<T>* data_;
  std::size_t evaluations_ = 0;
};

}  // namespace gtap
