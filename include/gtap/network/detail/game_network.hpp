#pragma once

#include <gtap/network/detail/presence.hpp>
#include <gtap/network/detail/step_runner.hpp>
#include <gtap/network/detail/steps.hpp>
#include <gtap/network/detail/toggle_plan.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/aligned.hpp>
#include <gtap/nn/forward.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace gtap::detail {

/// The tiles first .. last - 1, and how many images they hold.
struct TileRange {
  std::size_t first;
  std::size_t last;
  std::size_t images;
};

/// Where the numbers of a step are: at what no coalition changes, or in a tile's state.
template <class T>
struct StepMemory {
  const T* known = nullptr;     ///< what leaves the step, tile after tile; null: in the state
  std::size_t tile_size = 0;    ///< of `known`
  std::size_t z = 0;            ///< the head's sums in the state, if they are updated
  std::size_t a = 0;            ///< what leaves the step in the state
  std::size_t source_size = 0;  ///< numbers that one channel of the head becomes
  bool updated = false;     ///< some player's toggle updates the sums, so that they are to be kept
  std::uint32_t fused = 0;  ///< the step behind if an update can be run through it to the logits
};

/// A player's plan as evaluators read it: close together in memory for all players.
struct PlayerPlan {
  std::span<const ToggleAction> own;    ///< own_channels
  std::span<const ToggleAction> later;  ///< the others
  std::span<const Place> sources;
  const StepState* states;
  const std::uint32_t* own_channels;
  std::uint32_t first_stale;
  bool may_vanish;
};

/// What a network game needs of a network and its images: a snapshot of the weights in steps, what
/// each player's toggle does to them, and the numbers that no coalition changes, computed once.
/// Immutable, so all threads share it. Evaluators own one state for each tile they work on.
template <class T>
class GameNetwork {
 public:
  GameNetwork(const nn::Network<T>& net, const Units& units, const nn::Tensor<T>& images)
      : images_(images.images()),
        tiles_(images.tiles()),
        steps_(make_steps(net, nn::logit_nodes(net))) {
    const char* const where = "NetworkGame";
    units.check_network(net, where);
    if (units.size() == 0) fail(where, "at least one unit", "none");
    runners_.reserve(steps_.size());
    for (std::size_t s = 1; s < steps_.size(); ++s) {
      std::vector<nn::Node<T>> rest;
      for (std::size_t k = 1; k < steps_[s].nodes.size(); ++k)
        rest.push_back(net.nodes()[steps_[s].nodes[k]]);
      runners_.emplace_back(net.nodes()[steps_[s].head()], rest);
    }
    const auto updates = [&](std::size_t s, std::size_t channels) {
      return runner(s).updates(channels);
    };
    for (Player p = 0; p < units.size(); ++p)
      plans_.emplace_back(net, units, steps_, p, updates);
    find_known();
    set_presence(net, units);
    lay_out(net);
    run_known(net, images);
    fuse();
    find_spoilt();
    for (std::size_t s = 1; s < steps_.size(); ++s)
      memory_[s].source_size = runner(s).rows() * nn::tile_images;
    gather_plans();
  }

  // Plans refer to memory of it.
  GameNetwork(const GameNetwork&) = delete;
  GameNetwork& operator=(const GameNetwork&) = delete;

  std::size_t players() const { return plans_.size(); }
  std::size_t images() const { return images_; }
  std::size_t tiles() const { return tiles_; }
  /// Part `index` of `parts`, which have as many tiles each as whole tiles allow.
  TileRange part(std::size_t index, std::size_t parts) const {
    const std::size_t first = index * tiles() / parts;
    const std::size_t last = (index + 1) * tiles() / parts;
    return {first, last, std::min(images_, last * nn::tile_images) - first * nn::tile_images};
  }

  /// Steps, the network's input among them, which is number 0 and has no runner.
  std::size_t steps() const { return steps_.size(); }
  const Step& step(std::size_t s) const { return steps_[s]; }
  const StepRunner<T>& runner(std::size_t s) const { return runners_[s - 1]; }
  const PlayerPlan& plan(Player p) const { return compact_plans_[p]; }
  /// Steps whose numbers depend on the coalition, in their order.
  std::span<const std::uint32_t> live() const { return live_; }
  const StepMemory<T>& memory(std::size_t s) const { return memory_[s]; }
  /// Whether one player's star may write over what those before it in the order need.
  bool spoils() const { return spoils_; }

  /// Numbers in a tile's state.
  std::size_t state_size() const { return state_size_; }
  std::size_t scratch_size() const { return scratch_size_; }
  /// The largest z of a step.
  std::size_t spare_size() const { return spare_size_; }
  std::size_t most_inputs() const { return most_inputs_; }

  const Presence& presence() const { return *presence_; }

 private:
  /// Steps that no toggle makes stale: all their channels are computed once.
  void find_known() {
    is_known_.assign(steps_.size(), true);
    memory_.resize(steps_.size());
    for (const TogglePlan& plan : plans_) {
      for (std::size_t s = 0; s < steps_.size(); ++s) {
        if (plan.states[s] == StepState::stale) is_known_[s] = false;
      }
      for (const ToggleAction& action : plan.actions) {
        if (action.work == ToggleAction::update) memory_[action.step].updated = true;
      }
    }
    for (TogglePlan& plan : plans_)
      plan.skip(is_known_);
    for (std::size_t s = 1; s < steps_.size(); ++s) {
      if (!is_known_[s]) live_.push_back(static_cast<std::uint32_t>(s));
    }
    read_.assign(steps_.size(), false);
    read_.back() = true;
    for (const std::uint32_t s : live_) {
      for (const std::size_t from : steps_[s].in)
        read_[from] = true;
      most_inputs_ = std::max(most_inputs_, steps_[s].in.size());
    }
  }

  void set_presence(const nn::Network<T>& net, const Units& units) {
    std::vector<MadeChannels> channels(steps_.size());
    channels[0].player_of.assign(net.input().channels, Units::nobody);
    for (std::size_t s = 1; s < steps_.size(); ++s) {
      if (is_known_[s] && !read_[s]) continue;
      const auto players = units.players(steps_[s].head());
      channels[s].player_of.assign(players.begin(), players.end());
      const std::size_t leaving = net.nodes()[steps_[s].end()].out.channels;
      channels[s].spread = leaving / channels[s].player_of.size();
    }
    std::vector<std::vector<Place>> places;
    for (const TogglePlan& plan : plans_) {
      places.emplace_back();
      for (const Place& place : plan.places) {
        if (!is_known_[place.step] || read_[place.step]) places.back().push_back(place);
      }
    }
    presence_ = std::make_unique<Presence>(places, std::move(channels));
  }

  void lay_out(const nn::Network<T>& net) {
    for (std::size_t s = 1; s < steps_.size(); ++s) {
      const std::size_t z = runner(s).units() * runner(s).rows_z() * nn::tile_images;
      spare_size_ = std::max(spare_size_, z);
      scratch_size_ = std::max(scratch_size_, runner(s).scratch());
      if (is_known_[s]) continue;
      if (memory_[s].updated) {
        memory_[s].z = state_size_;
        state_size_ += z;
      }
      memory_[s].a = state_size_;
      state_size_ += net.nodes()[steps_[s].end()].out.size() * nn::tile_images;
    }
  }

  /// Computes all channels of the known steps, and keeps what live steps read of them.
  void run_known(const nn::Network<T>& net, const nn::Tensor<T>& images) {
    known_.resize(steps_.size());
    std::vector<nn::AlignedVector<T>> a(steps_.size());
    std::vector<std::vector<std::uint32_t>> made(steps_.size());
    std::vector<std::vector<std::uint32_t>> read(steps_.size());
    read[0] = nn::detail::all_channels(net.input().channels);
    if (read_[0]) known_[0] = images;
    for (std::size_t s = 1; s < steps_.size(); ++s) {
      if (!is_known_[s]) continue;
      const nn::Shape out = net.nodes()[steps_[s].end()].out;
      a[s].resize(out.size() * nn::tile_images);
      made[s] = nn::detail::all_channels(runner(s).units());
      read[s] = nn::detail::all_channels(out.channels);
      if (read_[s]) known_[s] = nn::Tensor<T>(out, images.images());
    }
    nn::AlignedVector<T> z(spare_size_);
    nn::AlignedVector<T> scratch(scratch_size_);
    for (std::size_t t = 0; t < images.tiles(); ++t) {
      for (std::size_t s = 1; s < steps_.size(); ++s) {
        if (!is_known_[s]) continue;
        std::vector<nn::Channels> channels;
        std::vector<const T*> rows;
        for (const std::size_t from : steps_[s].in) {
          channels.push_back(read[from]);
          rows.push_back(from == 0 ? images.tile(t) : a[from].data());
        }
        runner(s).forward({channels, rows}, made[s], z.data(), a[s].data(), scratch.data());
        if (read_[s]) std::copy(a[s].begin(), a[s].end(), known_[s].tile(t));
      }
    }
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      if (known_[s].images() == 0) continue;
      memory_[s].known = known_[s].tile(0);
      memory_[s].tile_size = known_[s].shape().size() * nn::tile_images;
    }
  }

  /// A last dense layer that reads only another one is run in one pass with it.
  void fuse() {
    const std::size_t last = steps_.size() - 1;
    const Step& end = steps_[last];
    if (end.in.size() != 1 || end.in[0] == 0 || is_known_[end.in[0]]) return;
    const std::size_t before = end.in[0];
    for (std::size_t s = 1; s < last; ++s) {
      if (std::count(steps_[s].in.begin(), steps_[s].in.end(), before) > 0) return;
    }
    if (runner(before).rows() == 1 && runner(before).fuses_with(runner(last))) {
      memory_[before].fused = static_cast<std::uint32_t>(last);
    }
  }

  /// Stars go from players that make late steps stale to those that make early ones so, and write
  /// over stale steps. That is right unless a later player needs a step that it does not make stale
  /// itself.
  void find_spoilt() {
    const auto needs = [&](const TogglePlan& plan, std::size_t s) {
      if (is_known_[s] || plan.states[s] == StepState::stale) return false;
      return std::any_of(plan.actions.begin(), plan.actions.end(), [&](const ToggleAction& action) {
        const auto& in = steps_[action.step].in;
        return std::find(in.begin(), in.end(), s) != in.end();
      });
    };
    std::vector<const TogglePlan*> kinds;
    for (const TogglePlan& plan : plans_) {
      const bool seen = std::any_of(kinds.begin(), kinds.end(), [&](const TogglePlan* kind) {
        return kind->states == plan.states;
      });
      if (!seen) kinds.push_back(&plan);
    }
    for (const TogglePlan* first : kinds) {
      for (const TogglePlan* second : kinds) {
        if (first->first_stale < second->first_stale) continue;
        for (const std::uint32_t s : live_) {
          spoils_ = spoils_ || (first->states[s] == StepState::stale && needs(*second, s));
        }
      }
    }
  }

  /// Copies what evaluators read of the plans one after another.
  void gather_plans() {
    std::size_t actions = 0;
    std::size_t sources = 0;
    for (const TogglePlan& plan : plans_) {
      actions += plan.actions.size();
      sources += plan.sources.size();
    }
    actions_.reserve(actions);
    sources_.reserve(sources);
    for (const TogglePlan& plan : plans_) {
      const ToggleAction* const first = actions_.data() + actions_.size();
      const Place* const source = sources_.data() + sources_.size();
      actions_.insert(actions_.end(), plan.actions.begin(), plan.actions.end());
      sources_.insert(sources_.end(), plan.sources.begin(), plan.sources.end());
      compact_plans_.push_back(
          {.own = {first, plan.own_actions},
           .later = {first + plan.own_actions, plan.actions.size() - plan.own_actions},
           .sources = {source, plan.sources.size()},
           .states = plan.states.data(),
           .own_channels = plan.own.data(),
           .first_stale = plan.first_stale,
           .may_vanish = plan.may_vanish});
    }
  }

  std::size_t images_;
  std::size_t tiles_;
  std::vector<Step> steps_;
  std::vector<StepRunner<T>> runners_;  // from step 1 on
  std::vector<TogglePlan> plans_;       // by player
  std::vector<PlayerPlan> compact_plans_;
  std::vector<ToggleAction> actions_;
  std::vector<Place> sources_;
  std::vector<bool> is_known_;
  std::vector<bool> read_;  // by live steps, or from outside
  std::vector<std::uint32_t> live_;
  bool spoils_ = false;
  std::unique_ptr<const Presence> presence_;
  std::vector<nn::Tensor<T>> known_;
  std::vector<StepMemory<T>> memory_;
  std::size_t state_size_ = 0;
  std::size_t scratch_size_ = 0;
  std::size_t spare_size_ = 0;
  std::size_t most_inputs_ = 1;
};

}  // namespace gtap::detail
