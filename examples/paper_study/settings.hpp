#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

/// What the program was asked for, and the sizes that follow from it.
struct Settings {
  std::uint64_t seed = 1;
  std::size_t seeds = 3;
  std::filesystem::path data = "mnist";
  std::filesystem::path out = "paper_study";
  std::filesystem::path json;  ///< a second copy of the figures; empty: none
  std::size_t threads = 0;
  bool quick = false;

  std::size_t training_images() const { return quick ? 6'000 : 50'000; }
  std::size_t value_images() const { return quick ? 128 : 512; }
  std::size_t calibration_images() const { return quick ? 512 : 4'096; }
  std::size_t fine_tuning_images() const { return quick ? 1'024 : 10'000; }
  std::size_t validation_images() const { return quick ? 300 : 1'000; }
  /// Of the test images, those that every recipe is judged on, evenly spread; a chosen recipe is
  /// judged on all.
  std::size_t common_test_images() const { return quick ? 300 : 1'000; }
  std::size_t epochs(bool wide) const { return quick ? 1 : (wide ? 3 : 8); }
  /// What an estimate may spend: so many times the value of one coalition and all its neighbours;
  /// once for top-n, in each round of an iterated procedure.
  std::size_t stars_once(bool wide) const { return quick ? 3 : (wide ? 20 : 60); }
  std::size_t stars_a_round(bool wide) const { return quick ? 2 : (wide ? 4 : 8); }
  double part_of_round() const { return quick ? 0.3 : 0.06; }
};
