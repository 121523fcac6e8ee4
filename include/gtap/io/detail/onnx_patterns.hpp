#pragma once

#include <gtap/io/detail/onnx_model.hpp>
#include <gtap/io/detail/onnx_tensor.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace gtap::detail {

// Functions that ONNX, or one of its versions, has no operator for are written as expressions of
// several. What is written as here is read as one layer.

struct OnnxPattern {
  std::string_view layer;
  std::string_view expression;
};

/// Operators with their inputs; small letters stand for any value, the same letter for the same
/// value; numbers for constants of one number. Inputs of Add and Mul may be swapped. HardSigmoid is
/// the one with slope 1/6, the means are over the channels.
inline constexpr std::array<OnnxPattern, 12> onnx_patterns{{
    {"HardSwish", "Div(Mul(x,Clip(Add(x,3),0,6)),6)"},
    {"HardSwish", "Mul(Mul(x,Clip(Add(x,3),0,6)),0.16666667)"},
    {"HardSwish", "Mul(x,Div(Clip(Add(x,3),0,6),6))"},
    {"HardSwish", "Mul(x,Mul(Clip(Add(x,3),0,6),0.16666667))"},
    {"HardSwish", "Mul(x,HardSigmoid(x))"},
    {"HardSigmoid", "Div(Clip(Add(x,3),0,6),6)"},
    {"HardSigmoid", "Mul(Clip(Add(x,3),0,6),0.16666667)"},
    {"SiLU", "Mul(x,Sigmoid(x))"},
    {"Gelu", "Mul(Mul(x,Add(Erf(Div(x,1.4142135)),1)),0.5)"},
    {"Gelu", "Mul(x,Mul(Add(Erf(Div(x,1.4142135)),1),0.5))"},
    {"LayerNorm",
     "Add(Mul(Div(Sub(x,ReduceMean(x)),Sqrt(Add(ReduceMean(Mul(Sub(x,ReduceMean(x)),Sub(x,"
     "ReduceMean(x)))),e))),w),b)"},
    {"LayerNorm",
     "Add(Mul(Div(Sub(x,ReduceMean(x)),Sqrt(Add(ReduceMean(Pow(Sub(x,ReduceMean(x)),2)),e))),w),"
     "b)"},
}};

/// Stands among the letters when means are over the last axis, which only of a flat vector is that
/// of the channels.
inline constexpr char last_axis = '-';

/// Compares a graph with patterns. `producer(name)` gives the node that makes a value, or null;
/// `constant(name)` a constant, or null.
template <class Producer, class Constant>
class OnnxMatcher {
 public:
  OnnxMatcher(Producer producer, Constant constant) : producer_(producer), constant_(constant) {}

  /// What the letters stand for, if the node is written like the pattern; else nothing.
  std::map<char, std::string> match(const OnnxNode& node, std::string_view expression) const {
    Letters letters;
    std::string_view rest = expression;
    if (!matches(node.outputs[0], rest, letters)) return {};
    return letters;
  }

 private:
  using Letters = std::map<char, std::string>;

  /// Takes one expression off the front of `pattern`, whether it matches or not only when it does.
  bool matches(const std::string& value, std::string_view& pattern, Letters& letters) const {
    const char first = pattern.front();
    if (first >= 'a' && first <= 'z') {
      pattern.remove_prefix(1);
      return letters.emplace(first, value).first->second == value;
    }
    if (first >= '0' && first <= '9') return matches_number(value, pattern);
    const std::size_t open = pattern.find('(');
    const std::string_view op = pattern.substr(0, open);
    const OnnxNode* const node = producer_(value);
    if (node == nullptr || node->op != op || !right_attributes(*node, letters)) return false;
    pattern.remove_prefix(open + 1);
    const bool commutes = op == "Add" || op == "Mul";
    if (commutes && node->inputs.size() == 2) {
      std::string_view swapped = pattern;
      Letters before = letters;
      if (inputs_match(*node, {0, 1}, pattern, letters)) return true;
      letters = std::move(before);
      pattern = swapped;
      return inputs_match(*node, {1, 0}, pattern, letters);
    }
    return inputs_match(*node, {0, 1, 2}, pattern, letters);
  }

  bool inputs_match(const OnnxNode& node, std::initializer_list<std::size_t> order,
                    std::string_view& pattern, Letters& letters) const {
    std::size_t count = 0;
    for (const std::size_t k : order) {
      if (pattern.front() == ')') break;
      if (count > 0) pattern.remove_prefix(1);
      if (k >= node.inputs.size()) {
        if (!limit_matches(node, k, pattern)) return false;
      } else if (!matches(node.inputs[k], pattern, letters)) {
        return false;
      }
      ++count;
    }
    if (pattern.empty() || pattern.front() != ')') return false;
    pattern.remove_prefix(1);
    return count >= node.inputs.size();
  }

  static double number(std::string_view& pattern) {
    double value = 0.0;
    const auto read = std::from_chars(pattern.data(), pattern.data() + pattern.size(), value);
    pattern.remove_prefix(static_cast<std::size_t>(read.ptr - pattern.data()));
    return value;
  }
  static bool near(double a, double b) { return std::fabs(a - b) <= 1e-6 * std::fabs(b); }

  bool matches_number(const std::string& value, std::string_view& pattern) const {
    const double wanted = number(pattern);
    const OnnxTensor* const constant = constant_(value);
    return constant != nullptr && constant->size() == 1 && constant->is_real() &&
           near(constant->real(0), wanted);
  }

  /// The limits of Clip, which are attributes in older versions.
  static bool limit_matches(const OnnxNode& node, std::size_t k, std::string_view& pattern) {
    if (node.op != "Clip") return false;
    const OnnxAttribute* const limit = node.find(k == 1 ? "min" : "max");
    return limit != nullptr && near(limit->f, number(pattern));
  }

  static bool right_attributes(const OnnxNode& node, Letters& letters) {
    if (node.op == "HardSigmoid") {
      const OnnxAttribute* const alpha = node.find("alpha");
      const OnnxAttribute* const beta = node.find("beta");
      return alpha != nullptr && near(alpha->f, 1.0 / 6.0) && (beta == nullptr || beta->f == 0.5f);
    }
    if (node.op == "ReduceMean") {
      const OnnxAttribute* const axes = node.find("axes");
      const OnnxAttribute* const keep = node.find("keepdims");
      if (axes == nullptr || axes->is.size() != 1 || (keep != nullptr && keep->i != 1))
        return false;
      if (axes->is[0] == -1) letters.emplace(last_axis, "");
      return axes->is[0] == 1 || axes->is[0] == -1;
    }
    return true;
  }

  Producer producer_;
  Constant constant_;
};

}  // namespace gtap::detail
