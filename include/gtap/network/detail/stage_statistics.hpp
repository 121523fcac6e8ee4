#pragma once

#include <gtap/execution/thread_pool.hpp>
#include <gtap/network/detail/apply_nodes.hpp>
#include <gtap/nn/backpropagation.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/stages.hpp>
#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace gtap::detail {

/// Means over images (and pixels) of what leaves each hidden stage, by stage and unit. Empty where
/// they were not asked for.
struct StageStatistics {
  std::vector<std::vector<double>> nonzero;          ///< share of activations that are not 0
  std::vector<std::vector<double>> absolute;         ///< mean |a|
  std::vector<std::vector<double>> square;           ///< mean a^2
  std::vector<std::vector<double>> taylor;           ///< mean over images of |mean of a x gradient|
  std::vector<std::vector<double>> weight_gradient;  ///< sum over weights of |w x gradient|
};

inline std::vector<std::vector<double>> zeros_by_unit(const nn::Stages& cut) {
  std::vector<std::vector<double>> zeros;
  for (std::size_t s = 0; s < cut.hidden(); ++s)
    zeros.emplace_back(cut.stages[s].units, 0.0);
  return zeros;
}

/// One forward pass over the images.
template <class T>
StageStatistics activation_statistics(const nn::Network<T>& net, const nn::Tensor<T>& images) {
  const nn::Stages cut = nn::stages(net);
  StageStatistics sums{zeros_by_unit(cut), zeros_by_unit(cut), zeros_by_unit(cut), {}, {}};
  nn::Tensor<T> values = apply_nodes(net, 0, cut.prefix_end, images);
  for (std::size_t s = 0; s < cut.hidden(); ++s) {
    const nn::Stage& stage = cut.stages[s];
    values = apply_nodes(net, stage.mixing, stage.end, values);
    const double count = static_cast<double>(images.images() * stage.rows_per_unit);
    for (std::size_t u = 0; u < stage.units; ++u) {
      for (std::size_t t = 0; t < values.tiles(); ++t) {
        const T* rows = values.tile(t) + u * stage.rows_per_unit * nn::tile_images;
        const std::size_t valid = values.tile_valid(t);
        for (std::size_t r = 0; r < stage.rows_per_unit; ++r) {
          T square = 0;
          T absolute = 0;
          T nonzero = 0;
          for (std::size_t i = 0; i < valid; ++i) {
            const T a = rows[r * nn::tile_images + i];
            square += a * a;
            absolute += std::abs(a);
            nonzero += a != T{0} ? T{1} : T{0};
          }
          sums.square[s][u] += static_cast<double>(square) / count;
          sums.absolute[s][u] += static_cast<double>(absolute) / count;
          sums.nonzero[s][u] += static_cast<double>(nonzero) / count;
        }
      }
    }
  }
  return sums;
}

/// One forward and backward pass over the data, of the mean cross-entropy at inference.
template <class T>
StageStatistics gradient_statistics(const nn::Network<T>& net, const nn::Dataset<T>& data) {
  constexpr std::size_t batch = 4 * nn::tile_images;
  const nn::Stages cut = nn::stages(net);
  StageStatistics result{{}, {}, {}, zeros_by_unit(cut), zeros_by_unit(cut)};
  nn::Backpropagation<T> passes(net, std::min(batch, data.size()), nn::Mode::inference);
  std::vector<double> gradient(passes.parameters());
  std::vector<T> part(passes.parameters());
  ThreadPool alone(1);
  for (std::size_t begin = 0; begin < data.size(); begin += batch) {
    const std::size_t count = std::min(batch, data.size() - begin);
    const auto labels = std::span(data.labels).subspan(begin, count);
    const auto load = [&](std::size_t t, T* rows) {
      std::copy_n(data.images.tile(begin / nn::tile_images + t),
                  data.images.shape().size() * nn::tile_images, rows);
    };
    const auto visit = [&](std::size_t node, std::size_t, std::size_t valid, const T* a,
                           const T* g) {
      for (std::size_t s = 0; s < cut.hidden(); ++s) {
        if (cut.stages[s].end != node + 1) continue;
        const std::size_t size = cut.stages[s].rows_per_unit * nn::tile_images;
        for (std::size_t u = 0; u < cut.stages[s].units; ++u) {
          T products[nn::tile_images] = {};
          for (std::size_t k = u * size; k < (u + 1) * size; ++k) {
            products[k % nn::tile_images] += a[k] * g[k];
          }
          double sum = 0.0;
          for (std::size_t i = 0; i < valid; ++i)
            sum += std::abs(static_cast<double>(products[i]));
          // The gradient is that of the batch's mean: `count` times smaller than an image's own.
          result.taylor[s][u] += sum * static_cast<double>(count) /
                                 static_cast<double>(data.size() * cut.stages[s].rows_per_unit);
        }
      }
    };
    passes.run(alone, labels, 0, load, visit);
    passes.gradient(0, part);
    const double share = static_cast<double>(count) / static_cast<double>(data.size());
    for (std::size_t k = 0; k < part.size(); ++k) {
      gradient[k] += share * static_cast<double>(part[k]);
    }
  }
  for (std::size_t s = 0; s < cut.hidden(); ++s) {
    const std::size_t mixing = cut.stages[s].mixing;
    const auto& weight = net.nodes()[mixing].weight;
    const double* g = gradient.data() + passes.weight_begin(mixing);
    for (Eigen::Index k = 0; k < weight.size(); ++k) {
      result.weight_gradient[s][static_cast<std::size_t>(k / weight.cols())] +=
          std::abs(static_cast<double>(weight.data()[k]) * g[k]);
    }
  }
  return result;
}

}  // namespace gtap::detail
