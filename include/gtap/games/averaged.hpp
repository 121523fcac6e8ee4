#pragma once

#include <gtap/core/value_function.hpp>
#include <gtap/games/detail/sharded_map.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace gtap {
namespace detail {

/// The parts' values of coalitions, shared by threads. Steps of chains may differ from fresh values
/// by rounding; of two, the smaller stays, whoever came first.
class PartValues {
 public:
  template <class Values>
  void insert(const Coalition& coalition, const Values& values) {
    values_.with(coalition, [&](auto& all) {
      const auto known = all.try_emplace(coalition, values.begin(), values.end());
      for (std::size_t b = 0; !known.second && b < values.size(); ++b)
        known.first->second[b] = std::min(known.first->second[b], values[b]);
    });
  }

  /// Null when it was not evaluated. Only while nothing is inserted.
  const std::vector<double>* find(const Coalition& coalition) const {
    return values_.find(coalition);
  }

 private:
  ShardedMap<std::vector<double>> values_;
};

/// Asks every part and writes down what each said.
template <Evaluator Part>
class AveragedEvaluator {
 public:
  AveragedEvaluator(std::vector<Part> parts, std::span<const double> weights, PartValues& values)
      : parts_(std::move(parts)), weights_(weights.begin(), weights.end()), values_(&values) {}

  std::size_t players() const { return parts_.front().players(); }

  double operator()(const Coalition& coalition) {
    double value = 0.0;
    ask(std::span(&value, 1),
        [&](Part& part, std::span<double> out) { out[0] = static_cast<double>(part(coalition)); });
    note(0, coalition, 1);
    return value;
  }

  void batch(std::span<const Coalition> coalitions,
             std::span<double> out) requires BatchEvaluator<Part> {
    ask(out, [&](Part& part, std::span<double> own) { part.batch(coalitions, own); });
    for (std::size_t k = 0; k < coalitions.size(); ++k)
      note(k, coalitions[k], coalitions.size());
  }

  void chain(const Coalition& start, std::span<const Player> toggles,
             std::span<double> out) requires ChainEvaluator<Part> {
    ask(out, [&](Part& part, std::span<double> own) { part.chain(start, toggles, own); });
    note_toggles(start, toggles, false);
  }

  void star(const Coalition& centre, std::span<const Player> players,
            std::span<double> out) requires StarEvaluator<Part> {
    ask(out, [&](Part& part, std::span<double> own) { part.star(centre, players, own); });
    note_toggles(centre, players, true);
  }

 private:
  /// Each part's answers one after another in own_; their weighted sum in `out`.
  template <class Ask>
  void ask(std::span<double> out, Ask&& ask_part) {
    std::fill(out.begin(), out.end(), 0.0);
    own_.resize(parts_.size() * out.size());
    for (std::size_t b = 0; b < parts_.size(); ++b) {
      const std::span<double> own = std::span(own_).subspan(b * out.size(), out.size());
      ask_part(parts_[b], own);
      for (std::size_t k = 0; k < out.size(); ++k)
        out[k] += weights_[b] * own[k];
    }
  }

  void note(std::size_t k, const Coalition& coalition, std::size_t count) {
    row_.resize(parts_.size());
    for (std::size_t b = 0; b < parts_.size(); ++b)
      row_[b] = own_[b * count + k];
    values_->insert(coalition, row_);
  }

  /// Notes the start and what comes after each toggle, which is taken back for a star.
  void note_toggles(const Coalition& start, std::span<const Player> toggles, bool back) {
    state_ = start;
    note(0, state_, toggles.size() + 1);
    for (std::size_t k = 0; k < toggles.size(); ++k) {
      state_.toggle(toggles[k]);
      note(k + 1, state_, toggles.size() + 1);
      if (back) state_.toggle(toggles[k]);
    }
  }

  std::vector<Part> parts_;
  std::vector<double> weights_;
  PartValues* values_;
  std::vector<double> own_;
  std::vector<double> row_;
  Coalition state_;
};

}  // namespace detail

/// The weighted mean of games of the same players, such as one network on blocks of its images. It
/// remembers what each part said of every coalition that its evaluators were asked for (8 bytes a
/// part and about 100 + n / 8 a coalition), so that a run can be told apart by parts
/// (estimate_averaged).
template <ConcurrentGame Part>
class Averaged {
 public:
  /// `weights`, one a part, are scaled to sum to 1; none: all alike.
  explicit Averaged(std::vector<Part> parts, std::vector<double> weights = {})
      : parts_(std::move(parts)),
        weights_(std::move(weights)),
        values_(std::make_unique<detail::PartValues>()) {
    if (parts_.empty()) detail::fail("Averaged", "at least 1 part", "none");
    if (weights_.empty()) weights_.assign(parts_.size(), 1.0);
    detail::require_size("Averaged", parts_.size(), weights_.size());
    double total = 0.0;
    for (std::size_t b = 0; b < parts_.size(); ++b) {
      if (static_cast<std::size_t>(parts_[b].players()) != players()) {
        detail::fail("Averaged", detail::text("parts of ", players(), " players"),
                     detail::text("part ", b, " of ", parts_[b].players()));
      }
      if (!(weights_[b] > 0.0) || std::isinf(weights_[b]))
        detail::fail("Averaged", "positive weights", detail::text(weights_[b]));
      total += weights_[b];
    }
    for (double& weight : weights_)
      weight /= total;
  }

  std::size_t players() const { return static_cast<std::size_t>(parts_.front().players()); }
  Abilities abilities() const { return gtap::abilities(parts_.front()); }
  const std::vector<Part>& parts() const { return parts_; }
  const std::vector<double>& weights() const { return weights_; }

  /// What the parts said of a coalition; null when no evaluator was asked. Not while one is.
  const std::vector<double>* remembered(const Coalition& coalition) const {
    return values_->find(coalition);
  }

  double operator()(const Coalition& coalition) const {
    double value = 0.0;
    for (std::size_t b = 0; b < parts_.size(); ++b)
      value += weights_[b] * static_cast<double>(parts_[b](coalition));
    return value;
  }

  auto evaluator() const {
    std::vector<evaluator_t<Part>> evaluators;
    for (const Part& part : parts_)
      evaluators.push_back(gtap::evaluator(part));
    return detail::AveragedEvaluator<evaluator_t<Part>>(std::move(evaluators), weights_, *values_);
  }

 private:
  std::vector<Part> parts_;
  std::vector<double> weights_;
  std::unique_ptr<detail::PartValues> values_;
};

}  // namespace gtap
