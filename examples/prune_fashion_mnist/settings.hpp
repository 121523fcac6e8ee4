#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// What the program was asked for, and the sizes that follow from it.
struct Settings {
  std::uint64_t seed = 1;
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  std::filesystem::path out = "out";
  std::filesystem::path json;  ///< a second copy of the figures; empty: none
  std::size_t threads = 0;
  bool quick = false;

  /// Kept fractions of all hidden units, largest first.
  std::vector<double> fractions{0.75, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05};

  std::size_t training_images() const { return quick ? 10'000 : 50'000; }
  std::size_t validation_images() const { return quick ? 2'000 : 10'000; }
  std::size_t test_images() const { return quick ? 2'000 : 10'000; }
  std::size_t value_images() const { return quick ? 256 : 1'024; }
  std::size_t calibration_images() const { return quick ? 2'048 : 8'192; }
  std::size_t fine_tuning_images() const { return quick ? 1'024 : 10'000; }
  std::size_t epochs() const { return quick ? 2 : 10; }
  /// The part of the units that leaves in a round of an iterated procedure.
  double part_of_round() const { return quick ? 0.25 : 0.05; }
  /// What an estimate may spend in each of many rounds: so many times the value of one coalition
  /// and of all its neighbours. Ten times as much where there is only one round.
  std::size_t stars() const { return quick ? 2 : 10; }
};
