// Seconds of a training epoch, with Adam at batch 128, and the accuracy that a run reaches.

#include <gtap/io/mnist.hpp>
#include <gtap/nn/evaluate.hpp>
#include <gtap/nn/initialize.hpp>
#include <gtap/nn/train.hpp>

#include "../examples/support/networks.hpp"
#include "../examples/support/option_check.hpp"
#include "../examples/support/run_program.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

using namespace gtap::nn;

namespace {

using support::Net;

/// LeNet-5 with dropout on inputs of layers.
Net lenet5_dropout() {
  return Net({1, 28, 28}, {Conv2d{.out = 6, .kernel = 5, .padding = 2}, Relu{}, MaxPool2d{},
                           Dropout{.drop = 0.1}, Conv2d{.out = 16, .kernel = 5}, Relu{},
                           MaxPool2d{}, Flatten{}, Dropout{.drop = 0.2}, Dense{.out = 120}, Relu{},
                           Dropout{.drop = 0.2}, Dense{.out = 84}, Relu{}, Dense{.out = 10}});
}

Net conv_batchnorm() {
  return Net({1, 28, 28}, {Conv2d{.out = 16, .padding = 1, .bias = false}, BatchNorm{}, Relu{},
                           MaxPool2d{}, Conv2d{.out = 32, .padding = 1, .bias = false}, BatchNorm{},
                           Relu{}, MaxPool2d{}, Flatten{}, Dense{.out = 10}});
}

struct Candidate {
  std::string name;
  Net net;
};

std::vector<Candidate> candidates() {
  return {{"784-300-100-10", support::mlp()},
          {"lenet5", support::lenet5()},
          {"lenet5_dropout", lenet5_dropout()},
          {"lenet5_caffe", support::lenet5_caffe()},
          {"conv_batchnorm", conv_batchnorm()}};
}

}  // namespace

int main(int count, char** values) {
  CLI::App app("Seconds of a training epoch of 50,000 images.");
  std::string data = "/usr/share/datasets/fashion-mnist";
  std::string only;
  std::vector<Candidate> all_candidates = candidates();
  std::vector<std::string> names;
  for (const Candidate& candidate : all_candidates)
    names.push_back(candidate.name);
  std::size_t epochs = 1;
  std::size_t threads = 2;
  double rate = 2e-3;
  app.add_option("--data", data, "Folder with MNIST's four files")->capture_default_str();
  app.add_option("--net", only, "Only the net of this name")->check(CLI::IsMember(names));
  app.add_option("--epochs", epochs, "Epochs of each run")
      ->capture_default_str()
      ->transform(support::whole_number(1, 1000));
  app.add_option("--threads", threads, "Threads, 0 for all")
      ->capture_default_str()
      ->transform(support::whole_number(0, gtap::most_threads));
  app.add_option("--rate", rate, "Adam's learning rate at the start")
      ->capture_default_str()
      ->check(support::positive_number);
  return support::run_program(app, count, values, [&] {
    const gtap::MnistLike all = gtap::load_mnist_like(data);
    const std::size_t images = std::min<std::size_t>(50'000, all.train.size() * 5 / 6);
    const auto train_set = all.train.subset(0, images);
    const auto validation = all.train.subset(images, all.train.size() - images);
    std::printf("%-16s %12s %14s %12s %12s\n", "net", "parameters", "s per epoch", "images/s",
                "test acc.");
    for (auto& [name, net] : all_candidates) {
      if (!only.empty() && only != name) continue;
      initialize(net, 1);
      const TrainResult result = train(net, train_set, validation,
                                       {.epochs = epochs,
                                        .batch = 128,
                                        .optimizer = Adam{.learning_rate = rate},
                                        .final_rate = 0.02,
                                        .seed = 1,
                                        .threads = threads});
      const double epoch = result.seconds / static_cast<double>(result.losses.size());
      std::printf("%-16s %12zu %14.2f %12.0f %12.4f\n", name.c_str(), net.parameters(), epoch,
                  static_cast<double>(images) / epoch, accuracy(net, all.test, threads));
    }
  });
}
