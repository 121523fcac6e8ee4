#pragma once

#include <gtap/network/network_game.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/dataset.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/pruning/constraints.hpp>

#include <string>

/// A trained network with its data: what is pruned, and by what it is judged.
struct Problem {
  std::string name;
  gtap::nn::Network<float> net;
  gtap::Units units;
  gtap::Constraints constraints;             // no layer is emptied
  gtap::nn::Dataset<float> values;           // images that coalitions are valued on
  gtap::nn::Dataset<float> calibration;      // images that compensation is fitted on
  gtap::nn::Dataset<float> fine_tuning;      // images of the one pass of fine-tuning
  gtap::nn::Dataset<float> validation_data;  // chooses the recipe
  gtap::nn::Dataset<float> test_data;        // is only reported
  double full_accuracy = 0.0;                // on the test images
  double train_seconds = 0.0;
};
