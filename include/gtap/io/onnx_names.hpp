#pragma once

#include <gtap/core/target.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace gtap {

/// What the parts of a network are called in an ONNX file, where not as here. By the name of a
/// node: its result, and its parameters in the order weight, bias, running mean, running variance.
struct OnnxNames {
  std::string graph = "gtap";
  std::string input = "input";
  std::string output = "output";
  std::string batch = "batch";  ///< the dimension of any size
  std::size_t input_rank = 0;   ///< dimensions with the batch: 2, 3 or 4; 0: by the shape
  std::map<std::string, std::string> results = {};
  std::map<std::string, std::vector<std::string>> parameters = {};
};

}  // namespace gtap
