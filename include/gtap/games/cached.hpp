#pragma once

#include <gtap/core/value_function.hpp>
#include <gtap/games/detail/sharded_map.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace gtap {
namespace detail {

/// Values by coalition, up to a number of them, shared by threads.
class ValueCache {
 public:
  explicit ValueCache(std::size_t capacity) : capacity_(capacity) {}

  std::optional<double> find(const Coalition& coalition) {
    return values_.with(coalition, [&](auto& values) -> std::optional<double> {
      const auto found = values.find(coalition);
      if (found == values.end()) return std::nullopt;
      ++hits_;
      return found->second;
    });
  }

  void insert(const Coalition& coalition, double value) {
    values_.with(coalition, [&](auto& values) {
      const bool room = held_.fetch_add(1) < capacity_;
      if (!room || !values.emplace(coalition, value).second) --held_;
    });
  }

  std::size_t hits() const { return hits_; }

 private:
  std::size_t capacity_;
  std::atomic<std::size_t> held_ = 0;
  std::atomic<std::size_t> hits_ = 0;
  ShardedMap<double> values_;
};

template <Evaluator Inner>
class CachedEvaluator {
 public:
  CachedEvaluator(ValueCache& cache, Inner inner) : cache_(&cache), inner_(std::move(inner)) {}

  std::size_t players() const { return inner_.players(); }

  double operator()(const Coalition& coalition) {
    if (const auto known = cache_->find(coalition)) return *known;
    const double value = static_cast<double>(inner_(coalition));
    cache_->insert(coalition, value);
    return value;
  }

  void batch(std::span<const Coalition> coalitions,
             std::span<double> out) requires BatchEvaluator<Inner> {
    missing_.clear();
    places_.clear();
    for (std::size_t k = 0; k < coalitions.size(); ++k) {
      if (const auto known = cache_->find(coalitions[k])) {
        out[k] = *known;
      } else {
        missing_.push_back(coalitions[k]);
        places_.push_back(k);
      }
    }
    if (missing_.empty()) return;
    values_.resize(missing_.size());
    inner_.batch(std::span<const Coalition>(missing_), std::span<double>(values_));
    for (std::size_t k = 0; k < missing_.size(); ++k) {
      out[places_[k]] = values_[k];
      cache_->insert(missing_[k], values_[k]);
    }
  }

  // Steps of a chain or star may differ from a fresh value by rounding. Were they mixed with the
  // cache, a result would depend on who came first: they go past it.
  void chain(const Coalition& start, std::span<const Player> toggles,
             std::span<double> out) requires ChainEvaluator<Inner> {
    inner_.chain(start, toggles, out);
  }

  void star(const Coalition& centre, std::span<const Player> players,
            std::span<double> out) requires StarEvaluator<Inner> {
    inner_.star(centre, players, out);
  }

 private:
  ValueCache* cache_;
  Inner inner_;
  std::vector<Coalition> missing_;
  std::vector<std::size_t> places_;
  std::vector<double> values_;
};

}  // namespace detail

/// The same game, remembering up to `capacity` values (about 64 bytes and a coalition each) for
/// all its evaluators together; later ones are evaluated anew. Values are those of the inner
/// game's single evaluations and batches; chains and stars go to the inner game as they are.
/// The inner game must outlive it, and must not change.
template <ValueFunction Game>
class Cached {
 public:
  explicit Cached(const Game& inner, std::size_t capacity = std::size_t{1} << 20)
      : inner_(&inner), cache_(std::make_unique<detail::ValueCache>(capacity)) {}

  std::size_t players() const { return static_cast<std::size_t>(inner_->players()); }

  double operator()(const Coalition& coalition) const {
    return detail::CachedEvaluator<detail::EvaluatorReference<Game>>(
        *cache_, detail::EvaluatorReference<Game>(*inner_))(coalition);
  }

  auto evaluator() const requires ConcurrentGame<Game> {
    return detail::CachedEvaluator<evaluator_t<Game>>(*cache_, gtap::evaluator(*inner_));
  }

  Abilities abilities() const { return gtap::abilities(*inner_); }

  /// How many values were answered without the inner game, so far.
  std::size_t cache_hits() const { return cache_->hits(); }

 private:
  const Game* inner_;
  std::unique_ptr<detail::ValueCache> cache_;
};

template <ValueFunction Game>
Cached<Game> cached(const Game& inner, std::size_t capacity = std::size_t{1} << 20) {
  return Cached<Game>(inner, capacity);
}

}  // namespace gtap
