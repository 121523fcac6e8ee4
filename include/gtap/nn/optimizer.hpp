#pragma once

#include <gtap/nn/shape.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace gtap::nn {

/// Kingma and Ba 2015. Weight decay is decoupled from the gradient (Loshchilov and Hutter 2019).
struct Adam {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
};

/// Stochastic gradient descent with heavy-ball momentum, as PyTorch's: v = momentum v + g,
/// w -= learning_rate v. Weight decay is added to the gradient.
struct Sgd {
  double learning_rate = 0.01;
  double momentum = 0.0;
  double weight_decay = 0.0;
};

/// The settings of an optimizer. Weight decay acts on weights of Dense and Conv2d, not on biases
/// and batch norm.
using Optimizer = std::variant<Adam, Sgd>;

namespace detail {

inline void check_setting(bool holds, std::string_view name, std::string_view expected,
                          double came) {
  if (!holds) fail(name, expected, text(came));
}

/// Larger settings make no sense, and products of them must not leave float.
inline constexpr double most_setting = 1e6;

inline void check_optimizer(const Optimizer& optimizer) {
  const auto rate = std::visit([](const auto& o) { return o.learning_rate; }, optimizer);
  const auto decay = std::visit([](const auto& o) { return o.weight_decay; }, optimizer);
  check_setting(rate > 0.0 && rate <= most_setting, "learning_rate", "a number in (0, 1e6]", rate);
  check_setting(decay >= 0.0 && decay <= most_setting, "weight_decay", "a number in [0, 1e6]",
                decay);
  if (const auto* adam = std::get_if<Adam>(&optimizer)) {
    check_setting(adam->beta1 >= 0.0 && adam->beta1 < 1.0, "beta1", "a number in [0, 1)",
                  adam->beta1);
    check_setting(adam->beta2 >= 0.0 && adam->beta2 < 1.0, "beta2", "a number in [0, 1)",
                  adam->beta2);
    check_setting(adam->epsilon > 0.0 && adam->epsilon <= most_setting, "epsilon",
                  "a number in (0, 1e6]", adam->epsilon);
  } else {
    const double momentum = std::get<Sgd>(optimizer).momentum;
    check_setting(momentum >= 0.0 && momentum < 1.0, "momentum", "a number in [0, 1)", momentum);
  }
}

}  // namespace detail

/// What an optimizer remembers of a run: moments of each parameter's gradient.
template <class T>
class OptimizerState {
 public:
  /// Throws gtap::Error when a setting is out of its range.
  OptimizerState(const Optimizer& optimizer, std::size_t parameters) : optimizer_(optimizer) {
    detail::check_optimizer(optimizer);
    first_.resize(parameters);
    if (std::holds_alternative<Adam>(optimizer)) second_.resize(parameters);
  }

  /// One step on the parameters from number `begin` on, whose gradient is given. `step` counts from
  /// 1, `rate` multiplies the learning rate, `decays` says whether weight decay acts. Different
  /// parameters may be updated by different threads.
  void update(std::size_t begin, std::span<const T> gradient, T* values, std::uint64_t step,
              double rate, bool decays) {
    if (const auto* adam = std::get_if<Adam>(&optimizer_)) {
      update_adam(*adam, begin, gradient, values, step, rate, decays);
    } else {
      update_sgd(std::get<Sgd>(optimizer_), begin, gradient, values, rate, decays);
    }
  }

 private:
  void update_adam(const Adam& adam, std::size_t begin, std::span<const T> gradient, T* values,
                   std::uint64_t step, double rate, bool decays) {
    const double t = static_cast<double>(step);
    const double correction = std::sqrt(1.0 - std::pow(adam.beta2, t));
    const double learning_rate = adam.learning_rate * rate;
    const T factor = static_cast<T>(learning_rate * correction / (1.0 - std::pow(adam.beta1, t)));
    const T epsilon = static_cast<T>(adam.epsilon * correction);
    const T keep = static_cast<T>(1.0 - (decays ? learning_rate * adam.weight_decay : 0.0));
    const T beta1 = static_cast<T>(adam.beta1);
    const T beta2 = static_cast<T>(adam.beta2);
    T* const first = first_.data() + begin;
    T* const second = second_.data() + begin;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const T g = gradient[i];
      const T m = beta1 * first[i] + (T(1) - beta1) * g;
      const T v = beta2 * second[i] + (T(1) - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      values[i] = keep * values[i] - factor * m / (std::sqrt(v) + epsilon);
    }
  }

  void update_sgd(const Sgd& sgd, std::size_t begin, std::span<const T> gradient, T* values,
                  double rate, bool decays) {
    const T momentum = static_cast<T>(sgd.momentum);
    const T decay = static_cast<T>(decays ? sgd.weight_decay : 0.0);
    const T learning_rate = static_cast<T>(sgd.learning_rate * rate);
    T* const velocity = first_.data() + begin;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      velocity[i] = momentum * velocity[i] + gradient[i] + decay * values[i];
      values[i] -= learning_rate * velocity[i];
    }
  }

  Optimizer optimizer_;
  std::vector<T> first_;
  std::vector<T> second_;
};

}  // namespace gtap::nn
