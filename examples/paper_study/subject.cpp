#include "subject.hpp"

#include <gtap/io/mnist.hpp>
#include <gtap/network/layer_constraints.hpp>
#include <gtap/network/network_game.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/train.hpp>

#include "../support/networks.hpp"
#include "../support/progress_line.hpp"
#include "../support/stages.hpp"

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

using namespace gtap;

Data load_data(const Settings& settings) {
  const MnistLike all = load_mnist_like(settings.data);
  if (all.test.size() < settings.common_test_images()) {
    throw std::runtime_error(settings.data.string() + ": expected at least " +
                             std::to_string(settings.common_test_images()) + " test images, got " +
                             std::to_string(all.test.size()));
  }
  const nn::Dataset<float> training = all.train.subset(0, settings.training_images());
  std::vector<std::uint32_t> spread(settings.common_test_images());
  for (std::size_t i = 0; i < spread.size(); ++i) {
    spread[i] = static_cast<std::uint32_t>(i * (all.test.size() / spread.size()));
  }
  return {.training = training,
          .values = training.subset(0, settings.value_images()),
          .calibration = training.subset(0, settings.calibration_images()),
          .fine_tuning = training.subset(0, settings.fine_tuning_images()),
          .validation = all.train.subset(50'000, settings.validation_images()),
          .common_test = all.test.subset(spread),
          .test = settings.quick ? all.test.subset(spread) : all.test};
}

Subject make_subject(bool wide, bool dropout, std::uint64_t seed, const Data& data,
                     const Settings& settings) {
  const double drop = dropout ? 0.5 : 0.0;
  Subject subject{.net = wide ? "20-50-500" : "6-16-120-84",
                  .training = dropout ? "dropout" : "plain",
                  .seed = seed,
                  .network = wide ? support::lenet5_caffe(drop) : support::lenet5(drop)};
  nn::initialize(subject.network, seed);
  const std::size_t epochs = settings.epochs(wide);
  support::ProgressLine line(subject.net + ", " + subject.training + ": training",
                             epochs * data.training.size());
  subject.train_seconds = nn::train(subject.network, data.training,
                                    {.epochs = epochs,
                                     .final_rate = 0.01,
                                     .seed = seed,
                                     .threads = settings.threads,
                                     .progress = line.callback()})
                              .seconds;
  subject.full_accuracy = nn::evaluate(subject.network, data.test, settings.threads).accuracy;
  subject.units = Units(subject.network);
  subject.constraints = layer_constraints(subject.units);
  const NetworkGame game(subject.network, data.values, Accuracy{}, subject.units);
  subject.band = uncertainty_band(
      game, {.coalitions = settings.quick ? 8u : 64u, .seed = seed, .threads = settings.threads});
  return subject;
}

namespace {

/// The first nodes of a network by themselves.
nn::Network<float> beginning(const nn::Network<float>& network, std::size_t nodes) {
  std::vector<nn::Layer<float>> layers;
  for (const nn::Node<float>& node : network.nodes().first(nodes))
    layers.push_back(node.layer);
  nn::Network<float> result(network.input(), layers);
  for (std::size_t i = 0; i < nodes; ++i) {
    result.edit_nodes()[i].weight = network.nodes()[i].weight;
    result.edit_nodes()[i].bias = network.nodes()[i].bias;
    result.edit_nodes()[i].running_mean = network.nodes()[i].running_mean;
    result.edit_nodes()[i].running_var = network.nodes()[i].running_var;
  }
  return result;
}

}  // namespace

nn::Network<float> centred(const nn::Network<float>& network, const nn::Tensor<float>& images) {
  // A batch norm at the end of each hidden stage (before the pixels become channels) takes the
  // means off.
  const support::Stages cut = support::stages(network);
  std::vector<nn::Layer<float>> layers;
  std::vector<std::size_t> ends;  // nodes that a batch norm comes after
  for (std::size_t s = 0; s < cut.hidden(); ++s) {
    std::size_t end = cut.stages[s].end;
    while (nn::as<nn::Flatten>(network.nodes()[end - 1].layer))
      --end;
    ends.push_back(end - 1);
  }
  for (std::size_t i = 0, s = 0; i < network.nodes().size(); ++i) {
    layers.push_back(network.nodes()[i].layer);
    if (s < ends.size() && ends[s] == i) {
      layers.push_back(nn::BatchNorm{});
      ++s;
    }
  }
  nn::Network<float> result(network.input(), layers);
  const auto to = result.edit_nodes();
  nn::Vector<float> means;  // of the stage before the node
  for (std::size_t i = 0, t = 0, s = 0; i < network.nodes().size(); ++i, ++t) {
    const nn::Node<float>& from = network.nodes()[i];
    to[t].weight = from.weight;
    to[t].bias = from.bias;
    if (from.layer.is_mixing() && means.size() > 0) {
      const Eigen::Index taps = from.weight.cols() / means.size();
      for (Eigen::Index c = 0; c < means.size(); ++c)
        to[t].bias += from.weight.middleCols(c * taps, taps).rowwise().sum() * means[c];
    }
    if (s == ends.size() || ends[s] != i) continue;
    const std::vector<float> outputs =
        nn::forward(beginning(network, i + 1), images, 1).to_images();
    means = nn::Vector<float>::Zero(static_cast<Eigen::Index>(from.out.channels));
    const std::size_t pixels = from.out.pixels();
    for (std::size_t k = 0; k < outputs.size(); ++k)
      means[static_cast<Eigen::Index>(k / pixels % from.out.channels)] += outputs[k];
    means *= static_cast<float>(from.out.channels) / static_cast<float>(outputs.size());
    ++t;
    ++s;
    const auto epsilon = static_cast<float>(nn::as<nn::BatchNorm>(to[t].layer)->epsilon);
    to[t].weight.setOnes();
    to[t].bias.setZero();
    to[t].running_mean = means;
    to[t].running_var.setConstant(1.0f - epsilon);
  }
  return result;
}
