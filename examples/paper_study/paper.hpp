#pragma once

#include <string>
#include <utility>
#include <vector>

/// Test accuracies of LeNet-5 on MNIST without fine-tuning, read off figure 3 of the paper
/// (arXiv:2311.10468), to about .01. W.GMP is weight x gradient, WMP weight magnitude.
struct PaperTable {
  std::vector<double> kept;
  std::vector<std::pair<std::string, std::vector<double>>> gtap;
  std::vector<std::pair<std::string, std::vector<double>>> baselines;

  /// The best of the GTAP curves at each kept fraction.
  std::vector<double> best() const;
};

const PaperTable& paper_table(const std::string& procedure);  ///< "top-n", "iterated pruning"

/// The kept fractions of both tables, smallest first.
const std::vector<double>& all_fractions();
