#pragma once

#include <gtap/network/detail/presence.hpp>
#include <gtap/network/detail/stage_runner.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/aligned.hpp>
#include <gtap/nn/channels.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/stages.hpp>
#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace gtap::detail {

/// The tiles first .. last - 1, and how many images they hold.
struct TileRange {
  std::size_t first;
  std::size_t last;
  std::size_t images;
};

/// What a network game needs of a network and its images: a snapshot of the weights, and what
/// leaves the first stage that has players, which no coalition changes, computed once.
/// Immutable, so all threads share it. Evaluators own one state for each tile they work on.
template <class T>
class StagedNetwork {
 public:
  StagedNetwork(const nn::Network<T>& net, const Units& units, const nn::Tensor<T>& images)
      : images_(images.images()) {
    const nn::Stages cut = nn::stages(net);
    const nn::Node<T>& first_mixing = net.nodes()[cut.stages.front().mixing];
    std::size_t rows = 1;
    if (!std::holds_alternative<nn::Dense>(first_mixing.layer)) rows = first_mixing.in.pixels();
    for (const nn::Stage& stage : cut.stages) {
      stages_.emplace_back(net, stage, rows);
      rows = stage.rows_per_unit;
    }
    place(units, cut);
    run_prefix(net, cut, images);
    lay_out();
  }

  std::size_t players() const { return places_.size(); }
  std::size_t images() const { return images_; }
  std::size_t tiles() const { return prefix_.tiles(); }
  /// Part `index` of `parts`, which have as many tiles each as whole tiles allow.
  TileRange part(std::size_t index, std::size_t parts) const {
    const std::size_t first = index * tiles() / parts;
    const std::size_t last = (index + 1) * tiles() / parts;
    return {first, last, std::min(images_, last * nn::tile_images) - first * nn::tile_images};
  }

  std::size_t stages() const { return stages_.size(); }
  const StageRunner<T>& stage(std::size_t s) const { return stages_[s]; }
  bool has_players(std::size_t s) const { return has_players_[s]; }
  /// Whether a toggle that stage s reads can be run through it to the logits in one pass.
  bool fused(std::size_t s) const {
    return s + 2 == stages_.size() && stages_[s].fuses_with(stages_[s + 1]);
  }
  /// The first stage that has players.
  std::size_t first() const { return first_; }
  /// What leaves that stage, all its units present.
  const T* prefix(std::size_t t) const { return prefix_.tile(t); }

  /// Numbers in a tile's state, and where stage s (after the first) has its z and its a there.
  std::size_t state_size() const { return state_size_; }
  std::size_t z_size(std::size_t s) const {
    return stages_[s].units() * stages_[s].rows_z() * nn::tile_images;
  }
  T* z(T* state, std::size_t s) const { return state + z_at_[s]; }
  T* a(T* state, std::size_t s) const { return state + a_at_[s]; }
  const T* a(const T* state, std::size_t s) const { return state + a_at_[s]; }
  std::size_t scratch_size() const { return scratch_size_; }
  /// The largest z of a stage.
  std::size_t spare_size() const { return spare_size_; }

  Presence presence() const {
    std::vector<std::size_t> counts;
    std::vector<std::size_t> rows;
    for (const StageRunner<T>& stage : stages_) {
      counts.push_back(stage.units());
      rows.push_back(stage.rows());
    }
    return Presence(places_, counts, rows);
  }

 private:
  void place(const Units& units, const nn::Stages& cut) {
    has_players_.assign(stages_.size(), false);
    first_ = stages_.size() - 1;
    for (Player p = 0; p < units.size(); ++p) {
      std::size_t s = 0;
      while (s < cut.hidden() && cut.stages[s].mixing != units[p].node)
        ++s;
      if (s == cut.hidden() || units[p].channel >= cut.stages[s].units) {
        fail("NetworkGame", "units of this network",
             text("unit ", units.label(p), ", which it does not have"));
      }
      places_.push_back(
          {static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(units[p].channel)});
      has_players_[s] = true;
      first_ = std::min(first_, s);
    }
    if (units.size() == 0) fail("NetworkGame", "at least one unit", "none");
  }

  void run_prefix(const nn::Network<T>& net, const nn::Stages& cut, const nn::Tensor<T>& images) {
    const nn::Stage& last = cut.stages[first_];
    prefix_ = nn::Tensor<T>(net.nodes()[last.end - 1].out, images.images());
    const nn::Shape input = cut.prefix_end == 0 ? net.input() : net.nodes()[cut.prefix_end - 1].out;
    std::size_t largest = input.size();
    std::size_t scratch_size = 0;
    for (std::size_t s = 0; s <= first_; ++s) {
      const StageRunner<T>& stage = stages_[s];
      largest = std::max(largest, stage.units() * std::max(stage.rows_z(), stage.rows()));
      scratch_size = std::max(scratch_size, stage.scratch());
    }
    nn::AlignedVector<T> in(largest * nn::tile_images);
    nn::AlignedVector<T> z(in.size());
    nn::AlignedVector<T> a(in.size());
    nn::AlignedVector<T> scratch(scratch_size);
    nn::ForwardPass<T> before(net, cut.prefix_end);
    for (std::size_t t = 0; t < images.tiles(); ++t) {
      const T* rows_in = cut.prefix_end == 0 ? images.tile(t) : before.run(images.tile(t));
      std::copy_n(rows_in, input.size() * nn::tile_images, in.data());
      std::size_t channels = input.channels;
      std::size_t rows = input.size();
      for (std::size_t s = 0; s <= first_; ++s) {
        const auto in_channels = nn::detail::all_channels(channels);
        const auto in_rows = nn::detail::all_channels(rows);
        const auto units = nn::detail::all_channels(stages_[s].units());
        stages_[s].forward({in_channels, in_rows}, units, in.data(), z.data(), a.data(),
                           scratch.data());
        channels = stages_[s].units();
        rows = channels * stages_[s].rows();
        std::swap(in, a);
      }
      std::copy_n(in.data(), rows * nn::tile_images, prefix_.tile(t));
    }
  }

  void lay_out() {
    z_at_.assign(stages_.size(), 0);
    a_at_.assign(stages_.size(), 0);
    for (std::size_t s = first_ + 1; s < stages_.size(); ++s) {
      z_at_[s] = state_size_;
      state_size_ += z_size(s);
      spare_size_ = std::max(spare_size_, z_size(s));
      a_at_[s] = state_size_;
      state_size_ += stages_[s].units() * stages_[s].rows() * nn::tile_images;
      scratch_size_ = std::max(scratch_size_, stages_[s].scratch());
    }
  }

  std::size_t images_;
  std::vector<StageRunner<T>> stages_;
  std::vector<Place> places_;
  std::vector<bool> has_players_;
  std::size_t first_ = 0;
  nn::Tensor<T> prefix_;
  std::vector<std::size_t> z_at_;
  std::vector<std::size_t> a_at_;
  std::size_t state_size_ = 0;
  std::size_t scratch_size_ = 0;
  std::size_t spare_size_ = 0;
};

}  // namespace gtap::detail
