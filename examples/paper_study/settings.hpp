#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// What the program was asked for, and the sizes that follow from it.
struct Settings {
  std::uint64_t seed = 1;
  std::size_t seeds = 0;  ///< networks of each kind; 0: 3, and 1 of a quick run
  std::vector<std::string> nets{"20-50-500", "6-16-120-84"};
  std::vector<std::string> trainings{"dropout", "plain"};
  std::filesystem::path data = "mnist";
  std::filesystem::path out = "paper_study";
  std::filesystem::path json;  ///< a second copy of the figures; empty: none
  std::size_t threads = 0;
  bool quick = false;

  std::size_t networks() const { return seeds > 0 ? seeds : (quick ? 1 : 3); }
  std::size_t training_images() const { return quick ? 6'000 : 50'000; }
  std::size_t value_images() const { return quick ? 128 : 512; }
  std::size_t calibration_images() const { return quick ? 512 : 4'096; }
  std::size_t fine_tuning_images() const { return quick ? 512 : 20'000; }
  std::size_t validation_images() const { return quick ? 300 : 1'000; }
  /// Of the test images, those that every recipe is judged on, evenly spread; a chosen recipe is
  /// judged on all.
  std::size_t common_test_images() const { return quick ? 300 : 1'000; }
  std::size_t epochs(bool wide) const { return quick ? 1 : (wide ? 5 : 8); }
  /// Random coalitions that an estimate takes, each with all its neighbours.
  std::size_t coalitions_once() const { return quick ? 3 : 40; }
  std::size_t coalitions_a_round() const { return quick ? 2 : 6; }
  std::size_t coalitions_a_large_round() const { return quick ? 2 : 16; }
  std::size_t coalitions_a_small_round() const { return quick ? 2 : 4; }
  /// The part of the kept units that leaves in a round.
  double large_round() const { return quick ? 0.5 : 0.25; }
  double small_round() const { return quick ? 0.3 : 0.05; }
};
