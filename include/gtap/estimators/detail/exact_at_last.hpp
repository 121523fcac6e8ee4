#pragma once

#include <gtap/estimators/designs/exact.hpp>
#include <gtap/estimators/detail/erased_run.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace gtap::detail {

/// A design's run that rules may end, where the budget pays for all coalitions: they are asked for
/// once the design has spent as much without an end. `All` is ExactRun, compiled where it is used.
template <class All>
class ExactAtLast final : public ErasedRun {
 public:
  ExactAtLast(std::unique_ptr<ErasedRun> sampled, const LawTable& law, const RunContext& context)
      : sampled_(std::move(sampled)),
        exact_(All(law, context.covariance_of)),
        all_(std::size_t{1} << context.players),
        budget_(context.evaluations) {}

  AnyStatistics statistics() const override {
    return AnyStatistics::of(Both{sampled_->statistics(), exact_.statistics()});
  }
  std::unique_ptr<ErasedScratch> scratch() const override {
    return std::make_unique<HeldScratch<Scratch>>(Scratch{sampled_->scratch(), exact_.scratch()});
  }
  std::size_t chunk() const override { return switched() ? exact_.chunk() : sampled_->chunk(); }
  void begin(Worker& worker) override { sampled_->begin(worker); }

  std::uint64_t plan(const AnyStatistics& merged, std::size_t evaluations) override {
    const Both& both = merged.as<Both>();
    const bool affordable = !sampled_->finished() && asked_ + all_ <= budget_;
    if (switched() || (asked_ >= all_ && affordable)) {
      if (evaluations < all_) return 0;
      switch_ = std::min(switch_, planned_);
      return exact_.plan(both.all, evaluations);
    }
    const std::size_t share =
        affordable ? std::min<std::size_t>(evaluations, all_ - asked_) : evaluations;
    const std::uint64_t samples = sampled_->plan(both.sampled, share);
    planned_ += samples;
    if (samples != 0 || share < evaluations) asked_ += share;
    return samples;
  }

  void samples(std::uint64_t first, std::uint64_t last, std::uint64_t seed, Worker& worker,
               ErasedScratch& scratch, AnyStatistics& statistics) const override {
    auto& own = static_cast<HeldScratch<Scratch>&>(scratch).inner;
    Both& both = statistics.as<Both>();
    if (first < switch_)
      return sampled_->samples(first, last, seed, worker, *own.sampled, both.sampled);
    exact_.samples(first - switch_, last - switch_, seed, worker, *own.all, both.all);
  }

  void summarise(const AnyStatistics& merged, Estimate& estimate) const override {
    const Both& both = merged.as<Both>();
    Estimate exact;
    exact_.summarise(both.all, exact);
    if (exact.standard_errors.front() != 0.0) return sampled_->summarise(both.sampled, estimate);
    estimate = std::move(exact);
    estimate.design = Exact{}.name();
  }

  void archive(Archive& fields) override {
    sampled_->archive(fields);
    exact_.archive(fields);
    fields(asked_);
    fields(planned_);
    fields(switch_);
  }
  bool finished() const override { return switched() || sampled_->finished(); }
  bool planned_by_budget() const override { return sampled_->planned_by_budget(); }
  bool merges_exactly() const override { return !switched() && sampled_->merges_exactly(); }
  bool in_ranges() const override { return !switched() && sampled_->in_ranges(); }

 private:
  /// Whether samples that come next are blocks of all coalitions.
  bool switched() const { return switch_ != never; }

  static constexpr std::uint64_t never = ~std::uint64_t{0};
  struct Both {
    AnyStatistics sampled;
    AnyStatistics all;
    void merge(const Both& other) {
      sampled.merge(other.sampled);
      all.merge(other.all);
    }
    void archive(Archive& fields) {
      sampled.archive(fields);
      all.archive(fields);
    }
  };
  struct Scratch {
    std::unique_ptr<ErasedScratch> sampled;
    std::unique_ptr<ErasedScratch> all;
  };

  std::unique_ptr<ErasedRun> sampled_;
  HeldRun<All> exact_;
  std::uint64_t all_;  // coalitions
  std::uint64_t budget_;
  std::uint64_t asked_ = 0;       // evaluations of the design, at most
  std::uint64_t planned_ = 0;     // its samples
  std::uint64_t switch_ = never;  // the first sample that is a block of all coalitions
};

}  // namespace gtap::detail
