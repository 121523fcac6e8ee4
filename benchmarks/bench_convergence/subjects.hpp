#pragma once

#include <gtap/games/any_game.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// A game of the study with the truth about it.
struct Subject {
  std::string name;
  std::vector<std::shared_ptr<const void>> owned;  ///< what the games refer to
  bool is_table;                                   ///< a value costs next to nothing
  gtap::AnyGame game;                              ///< errors are measured on it
  gtap::AnyGame timed;                             ///< seconds are measured on it: the model itself
  double retention;                                ///< of the dropout law
  std::vector<double> shapley;
  std::vector<double> banzhaf;
  std::vector<double> dropout;
};

struct SubjectMaker {
  std::string name;
  std::function<Subject()> make;
};

/// The four games; `data` is the folder of Fashion-MNIST, which only the network reads.
std::vector<SubjectMaker> subject_makers(const std::filesystem::path& data);
