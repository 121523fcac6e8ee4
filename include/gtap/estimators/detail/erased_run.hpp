#pragma once

#include <gtap/estimators/design.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace gtap::detail {

/// Statistics of any type, by virtual calls.
class ErasedStatistics {
 public:
  virtual ~ErasedStatistics() = default;
  virtual std::unique_ptr<ErasedStatistics> copy() const = 0;
  virtual void merge(const ErasedStatistics& other) = 0;
  virtual void archive(Archive& fields) = 0;
};

template <class Statistics>
class HeldStatistics final : public ErasedStatistics {
 public:
  explicit HeldStatistics(Statistics own) : inner(std::move(own)) {}
  std::unique_ptr<ErasedStatistics> copy() const override {
    return std::make_unique<HeldStatistics>(inner);
  }
  void merge(const ErasedStatistics& other) override {
    inner.merge(static_cast<const HeldStatistics&>(other).inner);
  }
  void archive(Archive& fields) override { inner.archive(fields); }

  Statistics inner;
};

/// Statistics that are copied as values are.
class AnyStatistics {
 public:
  template <class Statistics>
  static AnyStatistics of(Statistics statistics) {
    return AnyStatistics(std::make_unique<HeldStatistics<Statistics>>(std::move(statistics)));
  }
  AnyStatistics(const AnyStatistics& other) : held_(other.held_->copy()) {}
  AnyStatistics(AnyStatistics&&) = default;
  AnyStatistics& operator=(const AnyStatistics& other) {
    held_ = other.held_->copy();
    return *this;
  }
  AnyStatistics& operator=(AnyStatistics&&) = default;
  ~AnyStatistics() = default;

  void merge(const AnyStatistics& other) { held_->merge(*other.held_); }
  void archive(Archive& fields) { held_->archive(fields); }

  /// What is inside; the caller knows its type.
  template <class Statistics>
  Statistics& as() {
    return static_cast<HeldStatistics<Statistics>&>(*held_).inner;
  }
  template <class Statistics>
  const Statistics& as() const {
    return static_cast<const HeldStatistics<Statistics>&>(*held_).inner;
  }

 private:
  explicit AnyStatistics(std::unique_ptr<ErasedStatistics> held) : held_(std::move(held)) {}

  std::unique_ptr<ErasedStatistics> held_;
};

class ErasedScratch {
 public:
  virtual ~ErasedScratch() = default;
};

template <class Scratch>
class HeldScratch final : public ErasedScratch {
 public:
  explicit HeldScratch(Scratch own) : inner(std::move(own)) {}
  Scratch inner;
};

/// A run of any type, by virtual calls: one for each stretch of samples. So the engine is compiled
/// once, and a design compiles its own code only.
class ErasedRun {
 public:
  virtual ~ErasedRun() = default;
  virtual AnyStatistics statistics() const = 0;
  virtual std::unique_ptr<ErasedScratch> scratch() const = 0;
  virtual std::size_t chunk() const = 0;
  virtual void begin(Worker& worker) = 0;
  virtual std::uint64_t plan(const AnyStatistics& merged, std::size_t evaluations) = 0;
  /// Adds samples `first` to `last` - 1.
  virtual void samples(std::uint64_t first, std::uint64_t last, std::uint64_t seed, Worker& worker,
                       ErasedScratch& scratch, AnyStatistics& statistics) const = 0;
  virtual void summarise(const AnyStatistics& merged, Estimate& estimate) const = 0;
  virtual void archive(Archive& fields) = 0;
  virtual bool finished() const = 0;
  virtual bool planned_by_budget() const = 0;
  virtual bool merges_exactly() const = 0;
  virtual bool in_ranges() const = 0;  // a batch is worth more samples a call
};

template <SamplingRun Run>
class HeldRun final : public ErasedRun {
  using Statistics = typename Run::Statistics;
  using Scratch = typename Run::Scratch;

 public:
  explicit HeldRun(Run run) : run_(std::move(run)) {}
  const Run& run() const { return run_; }

  AnyStatistics statistics() const override { return AnyStatistics::of(run_.statistics()); }
  std::unique_ptr<ErasedScratch> scratch() const override {
    return std::make_unique<HeldScratch<Scratch>>(run_.scratch());
  }
  std::size_t chunk() const override { return static_cast<std::size_t>(run_.chunk()); }
  void begin(Worker& worker) override { run_.begin(worker); }
  std::uint64_t plan(const AnyStatistics& merged, std::size_t evaluations) override {
    return run_.plan(merged.as<Statistics>(), evaluations);
  }
  void samples(std::uint64_t first, std::uint64_t last, std::uint64_t seed, Worker& worker,
               ErasedScratch& scratch, AnyStatistics& statistics) const override {
    auto& own = static_cast<HeldScratch<Scratch>&>(scratch).inner;
    auto& sums = statistics.as<Statistics>();
    if constexpr (SamplesInRanges<Run>) {
      worker.begin_sample();
      run_.samples(first, last, seed, worker, own, sums);
    } else {
      for (std::uint64_t k = first; k < last; ++k) {
        RandomStream random(seed, k);
        worker.begin_sample();
        run_.sample(k, random, worker, own, sums);
      }
    }
  }
  void summarise([[maybe_unused]] const AnyStatistics& merged,
                 [[maybe_unused]] Estimate& estimate) const override {
    if constexpr (DesignRun<Run>) run_.summarise(merged.as<Statistics>(), estimate);
  }
  void archive(Archive& fields) override { run_.archive(fields); }
  bool finished() const override {
    if constexpr (requires {
                    { run_.finished() } -> std::convertible_to<bool>;
                  }) {
      return run_.finished();
    } else {
      return false;
    }
  }
  bool planned_by_budget() const override {
    if constexpr (requires {
                    { run_.planned_by_budget() } -> std::convertible_to<bool>;
                  }) {
      return run_.planned_by_budget();
    } else {
      return false;
    }
  }
  bool merges_exactly() const override {
    return requires {
      requires Statistics::merges_exactly;
    };
  }
  bool in_ranges() const override { return SamplesInRanges<Run>; }

 private:
  Run run_;
};

}  // namespace gtap::detail
