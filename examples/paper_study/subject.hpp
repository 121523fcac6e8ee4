#pragma once

#include <gtap/estimators/uncertainty_band.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/pruning/constraints.hpp>

#include "settings.hpp"

#include <cstdint>
#include <string>

/// The images, and what each part is for.
struct Data {
  gtap::nn::Dataset<float> training;
  gtap::nn::Dataset<float> values;       // of the training images: coalitions are valued on them
  gtap::nn::Dataset<float> calibration;  // of the training images: compensation is fitted on them
  gtap::nn::Dataset<float> fine_tuning;  // of the training images
  gtap::nn::Dataset<float> validation;   // chooses recipes
  gtap::nn::Dataset<float> common_test;  // all recipes are reported on them
  gtap::nn::Dataset<float> test;         // chosen recipes are reported on them
};

Data load_data(const Settings& settings);

/// A trained network: what is pruned.
struct Subject {
  std::string net;       // "6-16-120-84" or "20-50-500"
  std::string training;  // "plain" or "dropout"
  std::uint64_t seed = 0;
  gtap::nn::Network<float> network;
  gtap::Units units{};
  gtap::Constraints constraints{};  // no layer is emptied
  gtap::UncertaintyBand band{};     // of the accuracy
  double full_accuracy = 0.0;       // on all test images
  double train_seconds = 0.0;

  bool wide() const { return net == "20-50-500"; }
};

/// Trains a network and measures its uncertainty band.
Subject make_subject(bool wide, bool dropout, std::uint64_t seed, const Data& data,
                     const Settings& settings);

/// The same function, whose units have mean output zero on these images: the next layer's biases
/// hold the means. So a unit that is ablated to zero there is one ablated to its mean here.
gtap::nn::Network<float> centred(const gtap::nn::Network<float>& network,
                                 const gtap::nn::Tensor<float>& images);
