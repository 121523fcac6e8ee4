#include <gtap/nn/initialize.hpp>
#include <gtap/nn/train.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "reference.hpp"

#include <cmath>
#include <limits>
#include <stop_token>
#include <vector>

using namespace gtap::nn;

namespace {

/// Images of three kinds: noise with a bright pixel row at the place of the class.
Dataset<float> bars(std::size_t images, std::uint64_t seed) {
  auto data = reference::random_data<float>({1, 6, 6}, images, 3, seed);
  for (std::size_t i = 0; i < images; ++i) {
    for (std::size_t x = 0; x < 6; ++x) {
      const std::size_t y = 2 * data.labels[i];
      data.images.set(i, 0, y, x, data.images.get(i, 0, y, x) + 2.0f);
    }
  }
  return data;
}

Network<float> small_net(std::uint64_t seed) {
  Network<float> net({1, 6, 6},
                     {Conv2d{.out = 4, .padding = 1}, BatchNorm{}, Relu{}, MaxPool2d{}, Flatten{},
                      Dense{.out = 12}, Relu{}, gtap::nn::Dropout{.drop = 0.2}, Dense{.out = 3}});
  initialize(net, seed);
  return net;
}

/// All parameters and running statistics.
std::vector<float> numbers(const Network<float>& net) {
  std::vector<float> all;
  const auto add = [&](const auto& values) {
    all.insert(all.end(), values.data(), values.data() + values.size());
  };
  for (const auto& node : net.nodes()) {
    add(node.weight);
    add(node.bias);
    add(node.running_mean);
    add(node.running_var);
  }
  return all;
}

}  // namespace

TEST_CASE("training learns what can be learnt", "[train]") {
  const auto data = bars(600, 1);
  const auto test = bars(400, 2);
  const std::vector<Optimizer> optimizers{Adam{.learning_rate = 0.01},
                                          Adam{.learning_rate = 0.01, .weight_decay = 0.1},
                                          Sgd{.learning_rate = 0.05, .momentum = 0.9}};
  for (const Optimizer& optimizer : optimizers) {
    Network<float> net = small_net(3);
    const auto result = train(net, data, {.epochs = 6, .batch = 50, .optimizer = optimizer});
    CHECK(result.losses.size() == 6);
    CHECK(result.losses.back() < 0.2 * result.losses.front());
    CHECK(accuracy(net, test) > 0.95);
  }
}

TEST_CASE("a seed gives the same bits for any number of threads", "[train][threads]") {
  const auto data = bars(333, 1);
  const auto validation = bars(100, 2);
  const auto run = [&](std::size_t threads, std::uint64_t seed) {
    Network<float> net = small_net(3);
    train(net, data, validation,
          {.epochs = 2, .batch = 150, .final_rate = 0.1, .seed = seed, .threads = threads});
    return numbers(net);
  };
  const auto one = run(1, 7);
  CHECK((run(2, 7) == one));
  CHECK((run(3, 7) == one));
  CHECK((run(1, 8) != one));
}

TEST_CASE("the best epoch's weights come back and patience ends a run", "[train]") {
  const auto data = bars(100, 1);
  const auto validation = bars(200, 2);
  Network<float> net = small_net(3);
  const TrainOptions options{
      .epochs = 60, .batch = 25, .optimizer = Adam{.learning_rate = 0.05}, .patience = 3};
  const auto result = train(net, data, validation, options);
  REQUIRE(result.validation.size() == result.losses.size());
  REQUIRE(result.losses.size() < 60);
  CHECK(result.losses.size() == result.best_epoch + 1 + 3);
  const Evaluation best = result.validation[result.best_epoch];
  for (const Evaluation& epoch : result.validation)
    CHECK(epoch.accuracy <= best.accuracy);
  CHECK(evaluate(net, validation).accuracy == best.accuracy);
  CHECK(evaluate(net, validation).cross_entropy == best.cross_entropy);
}

TEST_CASE("a trained network goes on from its weights", "[train]") {
  const auto data = bars(400, 1);
  Network<float> net = small_net(3);
  train(net, data, {.epochs = 5, .batch = 50, .optimizer = Adam{.learning_rate = 0.01}});
  const auto result = train(net, data.subset(0, 200), {.epochs = 1});
  CHECK(result.losses[0] < 0.5);  // a fresh network begins near ln 3
}

TEST_CASE("optimizers take the steps of their formulas", "[train]") {
  const std::vector<double> gradients{0.5, -2.0, 0.1};
  double w = 1.0;
  OptimizerState<double> sgd(Sgd{.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.01}, 1);
  double expected = 1.0;
  double velocity = 0.0;
  for (std::size_t t = 0; t < 3; ++t) {
    sgd.update(0, std::span(&gradients[t], 1), &w, t + 1, 0.5, true);
    velocity = 0.9 * velocity + gradients[t] + 0.01 * expected;
    expected -= 0.05 * velocity;
    CHECK(w == Approx(expected).epsilon(1e-14));
  }
  w = expected = 1.0;
  OptimizerState<double> adam(Adam{.learning_rate = 0.1, .weight_decay = 0.2}, 1);
  double m = 0.0;
  double v = 0.0;
  for (std::size_t t = 0; t < 3; ++t) {
    adam.update(0, std::span(&gradients[t], 1), &w, t + 1, 1.0, t != 1);
    m = 0.9 * m + 0.1 * gradients[t];
    v = 0.999 * v + 0.001 * gradients[t] * gradients[t];
    const double n = double(t + 1);
    if (t != 1) expected -= 0.1 * 0.2 * expected;
    expected -=
        0.1 * (m / (1 - std::pow(0.9, n))) / (std::sqrt(v / (1 - std::pow(0.999, n))) + 1e-8);
    CHECK(w == Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("progress counts images and a stop is obeyed", "[train]") {
  const auto data = bars(130, 1);
  Network<float> net = small_net(3);
  std::vector<std::size_t> done;
  std::stop_source source;
  const auto result = train(net, data,
                            {.epochs = 5,
                             .batch = 50,
                             .progress =
                                 [&](const gtap::Progress& p) {
                                   CHECK(p.total == 650);
                                   done.push_back(p.done);
                                   if (p.done == 180) source.request_stop();
                                 },
                             .stop = source.get_token()});
  CHECK(done == std::vector<std::size_t>{50, 100, 130, 180});
  CHECK(result.stopped);
  CHECK(result.losses.size() == 1);
}

TEST_CASE("images are moved and mirrored by the seed", "[train]") {
  // One bright pixel; a network that averages its neighbourhood learns nothing from where it is,
  // but its gradients say where it was: a dense layer without bias from zero weights.
  Dataset<float> data{Tensor<float>({1, 5, 5}, 64), std::vector<std::uint32_t>(64, 0)};
  for (std::size_t i = 0; i < 64; ++i)
    data.images.set(i, 0, 2, 1, 1.0f);
  const auto seen = [&](std::size_t shift, bool mirror, std::uint64_t seed, std::size_t threads) {
    Network<float> net({1, 5, 5}, {Flatten{}, Dense{.out = 2, .bias = false}});
    train(net, data,
          {.epochs = 1,
           .batch = 64,
           .optimizer = Sgd{.learning_rate = 1.0},
           .shift = shift,
           .mirror = mirror,
           .seed = seed,
           .threads = threads});
    // The gradient of a zero network is 1/2 for each image that has the pixel there.
    std::vector<double> images(25);
    for (std::size_t k = 0; k < 25; ++k)
      images[k] = 128.0 * double(net.weight("dense1")(0, Eigen::Index(k)));
    return images;
  };
  const auto still = seen(0, false, 1, 1);
  CHECK(still[11] == Approx(64.0));
  const auto mirrored = seen(0, true, 1, 1);
  CHECK(mirrored[11] + mirrored[13] == Approx(64.0));
  // Binomial with 64 draws: a standard deviation of 4.
  CHECK(std::abs(mirrored[11] - 32.0) <= 16.0);
  const auto moved = seen(1, false, 1, 1);
  double sum = 0.0;
  for (std::size_t k = 0; k < 25; ++k) {
    const bool near = k / 5 >= 1 && k / 5 <= 3 && k % 5 <= 2;
    CHECK((near || moved[k] == 0.0));
    sum += moved[k];
  }
  CHECK(sum == Approx(64.0));
  CHECK((seen(1, true, 1, 1) == seen(1, true, 1, 2)));
  CHECK((seen(1, true, 1, 1) != seen(1, true, 2, 1)));
  // What leaves the image is gone.
  double left = 0.0;
  for (const double images : seen(4, false, 1, 1))
    left += images;
  CHECK(left < 60.0);
}

TEST_CASE("a regression learns a linear function, and its gradient is that of the mean",
          "[train]") {
  auto data = reference::random_data<float>({3}, 400, 2, 5);
  data.labels.clear();
  data.targets = Tensor<float>({2}, 400);
  for (std::size_t i = 0; i < 400; ++i) {
    const auto x = [&](std::size_t c) { return data.images.get(i, c); };
    data.targets.set(i, 0, 0, 0, 2.0f * x(0) - x(1));
    data.targets.set(i, 1, 0, 0, 0.5f * x(2) + 1.0f);
  }
  Network<float> net({3}, {Dense{.out = 2}});
  const auto validation = data.subset(300, 100);
  const auto result = train(net, data.subset(0, 300), validation,
                            {.epochs = 30,
                             .batch = 50,
                             .optimizer = Adam{.learning_rate = 0.05},
                             .loss = Loss::mean_squared_error});
  CHECK(mean_squared_error(net, validation) < 1e-3);
  CHECK(result.validation[result.best_epoch].mean_squared_error ==
        mean_squared_error(net, validation, 1));
  CHECK(net.weight("dense1")(0, 0) == Approx(2.0f).margin(0.05));

  // One output of one image that is off by 3: the loss is 9 / 2, its slope by the bias 3.
  Dataset<float> one{Tensor<float>({3}, 1), {}, Tensor<float>({2}, 1)};
  one.targets.set(0, 0, 0, 0, -3.0f);
  Network<float> zero({3}, {Dense{.out = 2}});
  const auto step = train(
      zero, one,
      {.epochs = 1, .optimizer = Sgd{.learning_rate = 1.0}, .loss = Loss::mean_squared_error});
  CHECK(step.losses[0] == Approx(4.5));
  CHECK(zero.bias("dense1")(0) == Approx(-3.0f));
  CHECK(zero.bias("dense1")(1) == 0.0f);

  one.targets = Tensor<float>({3}, 1);
  CHECK(error_text([&] { train(zero, one, {.loss = Loss::mean_squared_error}); }) ==
        "train: expected targets of 2x1x1 for each of 1 images, got 1 of 3x1x1");
  CHECK(error_text([&] { mean_squared_error(zero, bars(5, 1)); }) ==
        "mean_squared_error: expected targets of 2x1x1 for each of 5 images, got 0 of 0x0x0");
}

TEST_CASE("a graph learns what can be learnt", "[train][graph]") {
  Network<float> net({1, 6, 6}, {Conv2d{.out = 4, .padding = 1, .bias = false},
                                 BatchNorm{},
                                 Relu{},
                                 Conv2d{.out = 4, .padding = 1, .bias = false},
                                 BatchNorm{},
                                 {Add{}, {"batchnorm2", "relu1"}},
                                 Relu{},
                                 MaxPool2d{},
                                 Flatten{},
                                 Dense{.out = 3}});
  initialize(net, 3);
  const auto result = train(net, bars(600, 1),
                            {.epochs = 6, .batch = 50, .optimizer = Adam{.learning_rate = 0.01}});
  CHECK(result.losses.back() < 0.5 * result.losses.front());
  CHECK(accuracy(net, bars(400, 2)) > 0.95);
}

TEST_CASE("what cannot be trained is named", "[train][error]") {
  Network<float> net = small_net(3);
  auto data = bars(20, 1);
  const auto message = [&](const TrainOptions& options) {
    return error_text([&] { train(net, data, options); });
  };
  CHECK(message({.epochs = 0}) == "train: expected at least 1 epoch, got 0");
  CHECK(message({.batch = 0}) == "train: expected a batch of at least 1 image, got 0");
  CHECK(message({.optimizer = Adam{.learning_rate = 0.0}}) ==
        "learning_rate: expected a number in (0, 1e6], got 0");
  CHECK(message({.optimizer = Sgd{.learning_rate = 1e300}}) ==
        "learning_rate: expected a number in (0, 1e6], got 1e+300");
  CHECK(message({.optimizer = Adam{.epsilon = 1e300}}) ==
        "epsilon: expected a number in (0, 1e6], got 1e+300");
  CHECK(message({.optimizer = Sgd{.momentum = 1.0}}) ==
        "momentum: expected a number in [0, 1), got 1");
  CHECK(message({.optimizer = Sgd{.weight_decay = -1.0}}) ==
        "weight_decay: expected a number in [0, 1e6], got -1");
  CHECK(message({.optimizer = Adam{.beta2 = 1.0}}) == "beta2: expected a number in [0, 1), got 1");
  CHECK(message({.final_rate = 0.0}) == "final_rate: expected a share in (0, 1], got 0");
  CHECK(message({.patience = 2}) ==
        "train: expected a validation set to be patient about, got patience 2");
  data.labels[4] = 3;
  CHECK(message({}) == "train: expected labels below 3, got label 3 of image 4");
  data.labels[4] = 0;
  CHECK(error_text([&] {
          train(net, Dataset<float>{Tensor<float>({1, 6, 6}, 0), {}});
        }) == "train: expected at least one image, got an empty data set");
  CHECK(error_text([&] {
          train(net, data, Dataset<float>{Tensor<float>({1, 6, 6}, 0), {}});
        }) == "train, validation set: expected at least one image, got an empty data set");
  CHECK(error_text([&] { train(net, reference::random_data<float>({36}, 20, 3, 1)); }) ==
        "train: expected images of 1x6x6, got 36x1x1");
  // Before the first epoch, not after it.
  const auto untouched = numbers(net);
  CHECK(error_text([&] { train(net, data, reference::random_data<float>({36}, 20, 3, 1)); }) ==
        "train, validation set: expected images of 1x6x6, got 36x1x1");
  auto holed = data;
  holed.images.set(7, 0, 0, 0, NAN);
  CHECK(error_text([&] { train(net, data, holed); }) ==
        "train, validation set: expected images of finite numbers, got image 7 with others");
  CHECK((numbers(net) == untouched));
  Network<float> fixed({1, 6, 6}, {Flatten{}});
  CHECK(error_text([&] { train(fixed, data); }) ==
        "train: expected a network with parameters, got none");
  CHECK(error_text([&] { train(net, holed); }) ==
        "train: expected images of finite numbers, got image 7 with others");
  Network<float> huge({1, 6, 6}, {Flatten{}, Dense{.out = 3}});
  huge.edit_node("dense1").weight.setConstant(3e38f);
  const auto before = numbers(huge);
  CHECK(mentions(error_text([&] { train(huge, data); }),
                 "train: expected a finite loss (a smaller learning rate may help), got"));
  CHECK((numbers(huge) == before));
  // One step that leaves float, after which no loss is computed.
  Network<float> last({1, 6, 6}, {Flatten{}, Dense{.out = 3}});
  initialize(last, 1);
  last.edit_node("dense1").weight.setConstant(3e32f);
  CHECK(error_text([&] {
          train(last, data,
                {.epochs = 1, .optimizer = Sgd{.learning_rate = 1e6, .weight_decay = 1e6}});
        }) == "dense1.weight: expected finite numbers, got -inf at 0");
  net.edit_node("conv1").weight(0, 0) = std::numeric_limits<float>::infinity();
  CHECK(message({}) == "conv1.weight: expected finite numbers, got inf at 0");
}
