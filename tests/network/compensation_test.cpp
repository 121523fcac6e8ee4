#include <gtap/core/random.hpp>
#include <gtap/network/compensation.hpp>

#include "catch.hpp"

#include <Eigen/QR>

#include <cmath>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace gtap;
using namespace gtap::nn;

// What compensation gives a layer next to the least squares of its definition, solved by QR.

namespace {

Network<double> random_network(Shape input, std::vector<Layer<double>> layers, std::uint64_t seed) {
  Network<double> net(input, std::move(layers));
  RandomStream random(seed, 0);
  for (auto& node : net.edit_nodes()) {
    for (double& x : std::span(node.weight.data(), static_cast<std::size_t>(node.weight.size())))
      x = random.normal();
    for (double& x : node.bias)
      x = random.normal();
    for (double& x : node.running_mean)
      x = random.normal();
    for (double& x : node.running_var)
      x = 0.5 + random.uniform();
  }
  return net;
}

Tensor<double> random_images(Shape shape, std::size_t count, std::uint64_t seed) {
  RandomStream random(seed, 1);
  std::vector<double> plain(count * shape.size());
  for (double& x : plain)
    x = random.normal();
  return Tensor<double>::from_images(shape, plain);
}

/// What each output of a mixing node (of one group) reads, a row for each image and pixel.
Eigen::MatrixXd inputs_of(const Node<double>& node, const Tensor<double>& in) {
  const auto* conv = as<Conv2d>(node.layer);
  const auto rows = static_cast<Eigen::Index>(in.images() * node.out.pixels());
  Eigen::MatrixXd matrix(rows, node.weight.cols());
  Eigen::Index row = 0;
  for (std::size_t i = 0; i < in.images(); ++i) {
    for (std::size_t p = 0; p < node.out.pixels(); ++p, ++row) {
      Eigen::Index column = 0;
      for (std::size_t c = 0; c < node.in.channels; ++c) {
        if (conv == nullptr) {
          matrix(row, column++) = in.get(i, c);
          continue;
        }
        for (std::size_t ky = 0; ky < conv->kernel.height; ++ky) {
          for (std::size_t kx = 0; kx < conv->kernel.width; ++kx) {
            const auto y = static_cast<int>(p / node.out.width * conv->stride.height + ky) -
                           static_cast<int>(conv->padding.height);
            const auto x = static_cast<int>(p % node.out.width * conv->stride.width + kx) -
                           static_cast<int>(conv->padding.width);
            const bool inside = y >= 0 && x >= 0 && y < static_cast<int>(node.in.height) &&
                                x < static_cast<int>(node.in.width);
            matrix(row, column++) =
                inside ? in.get(i, c, static_cast<std::size_t>(y), static_cast<std::size_t>(x))
                       : 0.0;
          }
        }
      }
    }
  }
  return matrix;
}

/// What nodes up to, not including, `end` make of the images.
Tensor<double> run_to(const Network<double>& net, std::size_t end, const Tensor<double>& images) {
  return nn::detail::run_nodes("test", net, end, images, nullptr, 1);
}

enum class Intercept { none, bias, mean };

/// Prunes the first layer of a network whose node `at` is the second that mixes, compensates, and
/// compares that node with the least squares.
void check_fit(const std::string& name, const Network<double>& net, std::size_t at,
               Intercept intercept) {
  CAPTURE(name);
  const Units units(net);
  Coalition kept = Coalition::grand(units.size());
  kept.erase(1);
  kept.erase(2);
  const auto images = random_images(net.input(), 150, 7);
  const auto pruned = compact(net, units, kept);
  auto fitted = pruned;
  compensate(fitted, net, images, {.ridge = 0.0, .samples = 1'000'000});

  const auto& node = pruned.network.nodes()[at];
  Eigen::MatrixXd a = inputs_of(node, run_to(pruned.network, at, images));
  const Eigen::MatrixXd full = inputs_of(net.nodes()[at], run_to(net, at, images));
  Eigen::MatrixXd targets = full * net.nodes()[at].weight.transpose();
  if (net.nodes()[at].bias.size() > 0) targets.rowwise() += net.nodes()[at].bias.transpose();
  const Eigen::Index features = a.cols();
  if (intercept != Intercept::none) {
    a.conservativeResize(Eigen::NoChange, features + 1);
    a.col(features).setOnes();
  }
  const Eigen::MatrixXd best = a.householderQr().solve(targets);  // [features, outputs]

  const auto close = [](const auto& came, const auto& right) {
    return (came - right).cwiseAbs().maxCoeff() < 1e-7;
  };
  const auto& came = fitted.network.nodes()[at];
  CHECK(close(came.weight, best.topRows(features).transpose()));
  CHECK_FALSE(close(came.weight, node.weight));
  if (intercept == Intercept::bias) {
    CHECK(close(came.bias, best.row(features).transpose()));
  }
  for (std::size_t i = 0; i < net.nodes().size(); ++i) {
    const auto& before = pruned.network.nodes()[i];
    const auto& after = fitted.network.nodes()[i];
    CAPTURE(before.name);
    if (as<BatchNorm>(before.layer)) {
      CHECK(after.running_var == before.running_var);
      CHECK(after.weight == before.weight);
      CHECK(after.bias == before.bias);
      if (intercept == Intercept::mean) {
        const Eigen::Index each = before.running_mean.size() / came.weight.rows();
        for (Eigen::Index c = 0; c < before.running_mean.size(); ++c) {
          CHECK(before.running_mean[c] - after.running_mean[c] ==
                Approx(best(features, c / each)).margin(1e-7));
        }
        CHECK_FALSE(close(after.running_mean, before.running_mean));
      } else {
        CHECK(after.running_mean == before.running_mean);
      }
    }
  }
  // No fit of the same form is nearer than this one, the one without compensation among them.
  const auto error = [&](const Eigen::MatrixXd& weight) {
    return (a * weight - targets).squaredNorm();
  };
  Eigen::MatrixXd without = Eigen::MatrixXd::Zero(a.cols(), best.cols());
  without.topRows(features) = node.weight.transpose();
  CHECK(error(best) < error(without));
}

}  // namespace

TEST_CASE("a dense layer is refitted by least squares, with intercept where it has a bias",
          "[compensation]") {
  const auto with = [](Dense second, std::vector<Layer<double>> after = {Relu{}}) {
    std::vector<Layer<double>> layers{Dense{.out = 6}, Sigmoid{}, std::move(second)};
    layers.insert(layers.end(), after.begin(), after.end());
    layers.push_back(Dense{.out = 3});
    return random_network({5}, std::move(layers), 1);
  };
  check_fit("bias", with(Dense{.out = 4}), 2, Intercept::bias);
  check_fit("no bias", with(Dense{.out = 4, .bias = false}), 2, Intercept::none);
  check_fit("batch norm", with(Dense{.out = 4, .bias = false}, {BatchNorm{}, Relu{}}), 2,
            Intercept::mean);
  check_fit("dropout, batch norm",
            with(Dense{.out = 4, .bias = false}, {nn::Dropout{}, BatchNorm{}}), 2, Intercept::mean);
  check_fit("bias and batch norm", with(Dense{.out = 4}, {BatchNorm{}}), 2, Intercept::bias);
  check_fit("activation first", with(Dense{.out = 4, .bias = false}, {Relu{}, BatchNorm{}}), 2,
            Intercept::none);
  check_fit("last",
            random_network({5}, {Dense{.out = 6}, Tanh{}, Dense{.out = 2, .bias = false}}, 2), 2,
            Intercept::none);
}

TEST_CASE("a convolution is refitted by least squares, with intercept where one has a place",
          "[compensation]") {
  const Conv2d bare{.out = 3, .kernel = 3, .padding = 1, .bias = false};
  const auto with = [](Conv2d second, std::vector<Layer<double>> after) {
    std::vector<Layer<double>> layers{Conv2d{.out = 5, .kernel = 2}, Sigmoid{}, std::move(second)};
    layers.insert(layers.end(), after.begin(), after.end());
    layers.push_back(Dense{.out = 3});
    return random_network({2, 7, 6}, std::move(layers), 3);
  };
  check_fit("bias", with(Conv2d{.out = 3, .kernel = 3, .stride = 2}, {Relu{}, Flatten{}}), 2,
            Intercept::bias);
  check_fit("no bias", with(bare, {Relu{}, Flatten{}}), 2, Intercept::none);
  check_fit("batch norm", with(bare, {BatchNorm{}, Relu{}, Flatten{}}), 2, Intercept::mean);
  check_fit("max pooling first", with(bare, {MaxPool2d{.padding = 1}, BatchNorm{}, Flatten{}}), 2,
            Intercept::mean);
  check_fit("mean pooling first", with(bare, {AvgPool2d{}, BatchNorm{}, Flatten{}}), 2,
            Intercept::mean);
  check_fit("padded mean first", with(bare, {AvgPool2d{.padding = 1}, BatchNorm{}, Flatten{}}), 2,
            Intercept::none);
  check_fit("flat batch norm", with(bare, {Flatten{}, BatchNorm{}}), 2, Intercept::mean);
  check_fit("mean of all first", with(bare, {GlobalAvgPool{}, BatchNorm{}}), 2, Intercept::mean);
  check_fit("activation first", with(bare, {Relu{}, BatchNorm{}, Flatten{}}), 2, Intercept::none);
}

TEST_CASE("a batch norm that takes an intercept gives what the unpruned one gave",
          "[compensation]") {
  // Unit 1 is constant, so without it the convolution lacks a constant and nothing else.
  auto net = random_network(
      {1, 6, 6},
      {Conv2d{.out = 3, .kernel = 3}, Sigmoid{}, Conv2d{.out = 4, .kernel = 2, .bias = false},
       BatchNorm{}, Tanh{}, Flatten{}, Dense{.out = 2}},
      4);
  net.edit_nodes()[0].weight.row(1).setZero();
  const Units units(net);
  Coalition kept = Coalition::grand(units.size());
  kept.erase(1);
  const auto images = random_images(net.input(), 100, 8);
  auto smaller = compact(net, units, kept);
  const auto difference = [&] {
    const auto a = forward(net, images).to_images();
    const auto b = forward(smaller.network, images).to_images();
    double largest = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i)
      largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
  };
  CHECK(difference() > 0.1);
  compensate(smaller, net, images, {.ridge = 0.0});
  CHECK(difference() < 1e-6);
}
