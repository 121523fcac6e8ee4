// Trains LeNet-5 with dropout layers on Fashion-MNIST (or MNIST, in another folder), stopping early
// on a validation split. Dropout acts in training only, so the trained network can be pruned as any
// other.

#include <gtap/io/mnist.hpp>
#include <gtap/nn/evaluate.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/train.hpp>

#include "support/run_program.hpp"

#include <cstdio>
#include <string>

using namespace gtap::nn;

int main(int count, char** values) {
  CLI::App app("Trains LeNet-5 with dropout layers, stopping early on a validation split.");
  std::string folder = "/usr/share/datasets/fashion-mnist";
  app.add_option("folder,--data", folder,
                 "folder with the four IDX files of a data set like MNIST, gzip or plain")
      ->capture_default_str();
  return support::run_program(app, count, values, [&] {
    const gtap::MnistLike data = gtap::load_mnist_like(folder);
    const std::size_t images = data.train.size() / 6 * 5;
    const Dataset<float> fit = data.train.subset(0, images);
    const Dataset<float> validation = data.train.subset(images, data.train.size() - images);

    Network<float> net(data.train.images.shape(),
                       {Conv2d{.out = 6, .kernel = 5, .padding = 2}, Relu{}, MaxPool2d{},
                        Dropout{.drop = 0.1}, Conv2d{.out = 16, .kernel = 5}, Relu{}, MaxPool2d{},
                        Flatten{}, Dropout{.drop = 0.2}, Dense{.out = 120}, Relu{},
                        Dropout{.drop = 0.2}, Dense{.out = 84}, Relu{}, Dense{.out = 10}});
    initialize(net, 7);
    const TrainResult result = train(net, fit, validation,
                                     {.epochs = 12,
                                      .batch = 128,
                                      .optimizer = Adam{.learning_rate = 2e-3},
                                      .final_rate = 0.02,
                                      .patience = 3,
                                      .seed = 7});
    for (std::size_t e = 0; e < result.losses.size(); ++e) {
      std::printf("epoch %2zu  loss %.4f  validation accuracy %.4f%s\n", e + 1, result.losses[e],
                  result.validation[e].accuracy, e == result.best_epoch ? "  (best)" : "");
    }
    std::printf("test accuracy %.4f after %.1f s\n", accuracy(net, data.test), result.seconds);
  });
}
