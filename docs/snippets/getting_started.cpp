// The code of docs/getting_started.md and of README.md.

#include <gtap/gtap.hpp>
#if __has_include(<nlohmann/json.hpp>) && __has_include(<zlib.h>)
#include <gtap/io/mnist.hpp>

#include "io/idx_bytes.hpp"
#include "temporary_folder.hpp"
#endif

#include "catch.hpp"

#include <cstdint>
#include <iostream>
#include <vector>

namespace {

/// Small images with one bright row, whose number is the class.
gtap::nn::Dataset<float> stripes(std::size_t count, std::uint64_t seed) {
  gtap::nn::Dataset<float> data{gtap::nn::Tensor<float>({1, 8, 8}, count), {}};
  gtap::RandomStream random(seed, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t label = random.below(4);
    for (std::size_t y = 0; y < 8; ++y) {
      for (std::size_t x = 0; x < 8; ++x) {
        const float bright = y / 2 == label ? 1.0f : 0.0f;
        data.images.set(i, 0, y, x, bright + 0.3f * static_cast<float>(random.normal()));
      }
    }
    data.labels.push_back(label);
  }
  return data;
}

}  // namespace

TEST_CASE("any model, as in the manual") {
  const std::size_t n = 10;
  const auto my_accuracy = [](const gtap::Coalition& kept) {
    return static_cast<double>(kept.size()) + (kept.contains(3) ? 2.0 : 0.0);
  };
  // [any_model]
  auto game = gtap::make_game(n, [&](const gtap::Coalition& kept) { return my_accuracy(kept); });

  const gtap::Estimate indices =
      gtap::estimate(game, gtap::Dropout{.retention = 0.3}, {.evaluations = 20'000, .seed = 7});

  for (const gtap::Player p : gtap::ranking(indices))
    std::cout << p << ": " << indices.values[p] << " +- " << indices.standard_errors[p] << '\n';

  const gtap::PruningPath path = gtap::top_n(indices, {.keep = gtap::Budget::fraction(0.5)});
  const gtap::Coalition kept = path.back().kept;
  // [any_model]
  CHECK(kept.size() == 5);
  CHECK(kept.contains(3));
}

TEST_CASE("arrays as data, as in the manual") {
  const std::vector<float> pixels(1000 * 64, 0.5f);
  const std::vector<std::uint32_t> labels(1000, 3);
  // [arrays]
  // pixels: image after image, in each [channel][row][column]; labels: the class of each image.
  const gtap::nn::Dataset<float> all{gtap::nn::Tensor<float>::from_images({1, 8, 8}, pixels),
                                     labels};
  const gtap::nn::Dataset<float> training = all.subset(0, 700);      // from image 0 on, 700
  const gtap::nn::Dataset<float> validation = all.subset(700, 200);  // the next 200
  const gtap::nn::Dataset<float> test = all.subset(900, 100);
  // [arrays]
  CHECK(training.size() == 700);
  CHECK(validation.size() == 200);
  CHECK(test.labels == std::vector<std::uint32_t>(100, 3));
  CHECK(test.images.get(99, 0, 7, 7) == 0.5f);
}

#if __has_include(<nlohmann/json.hpp>) && __has_include(<zlib.h>)
TEST_CASE("MNIST, as in the manual") {
  const TemporaryFolder folder;
  for (const std::string part : {"train", "t10k"}) {
    const std::uint32_t images = part == "train" ? 60'000 : 10'000;
    write_bytes(folder / (part + "-images-idx3-ubyte"),
                idx(8, {images, 2, 2}, std::vector<std::uint8_t>(images * 4, 255)));
    write_bytes(folder / (part + "-labels-idx1-ubyte"),
                idx(8, {images}, std::vector<std::uint8_t>(images, 9)));
  }
  const std::filesystem::path mnist_folder = folder.path();
  // [mnist]
  const gtap::MnistLike data = gtap::load_mnist_like(mnist_folder);
  const gtap::nn::Dataset<float> training = data.train.subset(0, 50'000);
  const gtap::nn::Dataset<float> validation = data.train.subset(50'000, 10'000);
  // [mnist]
  CHECK(training.size() == 50'000);
  CHECK(validation.labels.back() == 9);
  CHECK(data.test.size() == 10'000);
}
#endif

TEST_CASE("a network, as in the manual") {
  const gtap::nn::Dataset<float> training = stripes(600, 1);
  const gtap::nn::Dataset<float> validation = stripes(300, 2);

  // [network]
  gtap::nn::Network<float> net(
      {1, 8, 8}, {gtap::nn::Conv2d{.out = 6, .kernel = 3, .padding = 1}, gtap::nn::Relu{},
                  gtap::nn::MaxPool2d{.size = 2}, gtap::nn::Flatten{}, gtap::nn::Dense{.out = 24},
                  gtap::nn::Relu{}, gtap::nn::Dense{.out = 4}});
  gtap::nn::initialize(net, 1);
  gtap::nn::train(net, training, validation, {.epochs = 5, .seed = 2});
  // [network]

  // [game]
  const gtap::NetworkGame game(net, validation, gtap::CrossEntropy{});
  for (gtap::Player p = 0; p < 3; ++p)
    std::cout << game.units().label(p) << '\n';  // conv1/0, conv1/1, conv1/2
  // [game]
  CHECK(game.players() == 30);

  // [estimate]
  const gtap::Estimate indices =
      gtap::estimate(game, gtap::Shapley{}, {.evaluations = 5'000, .seed = 3});
  std::cout << "best: " << game.units().label(gtap::ranking(indices).front()) << '\n';
  // [estimate]

  // [prune]
  const gtap::PruningPath path =
      gtap::iterated_pruning(game, gtap::Shapley{},
                             {.keep = gtap::Budget::fraction(0.4),
                              .constraints = gtap::layer_constraints(game.units()),
                              .estimate = {.evaluations = 2'000, .seed = 4}});
  std::cout << path.report;
  // [prune]
  CHECK(path.report.met());

  // [costs]
  const gtap::PruningPath halved = gtap::iterated_pruning(
      game, gtap::Shapley{},
      {.keep = gtap::Budget::cost("parameters", gtap::parameter_cost(net, game.units()),
                                  0.5 * static_cast<double>(net.parameters())) &&
               gtap::Budget::cost("multiply-adds", gtap::mac_cost(net, game.units()),
                                  0.5 * static_cast<double>(net.macs())),
       .constraints = gtap::layer_constraints(game.units()),
       .estimate = {.evaluations = 2'000, .seed = 4}});
  // [costs]
  CHECK(halved.report.met());
  const gtap::Compacted<float> half = gtap::compact(net, game.units(), halved.back().kept);
  CHECK(half.network.parameters() <= net.parameters() / 2);
  CHECK(half.network.macs() <= net.macs() / 2);

  // [prune_network]
  const gtap::PruningPath recommended =
      gtap::prune_network(net, validation, {.keep = gtap::Budget::fraction(0.4), .seed = 4});
  // [prune_network]
  CHECK(recommended.report.met());

  // [compact]
  const gtap::Coalition kept = path.back().kept;
  gtap::Compacted<float> smaller = gtap::compact(net, game.units(), kept);
  gtap::compensate(smaller, net, training.images);
  std::cout << net.parameters() << " parameters became " << smaller.network.parameters()
            << ", accuracy " << gtap::nn::accuracy(net, validation) << " became "
            << gtap::nn::accuracy(smaller.network, validation) << '\n';
  // [compact]
  CHECK(smaller.network.parameters() < net.parameters() / 2);
}
