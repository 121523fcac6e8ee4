#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/channels.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace gtap::detail {

/// A channel that a step of a network's game makes.
struct Place {
  std::uint32_t step = 0;
  std::uint32_t channel = 0;
};

/// What a step makes: the player of each channel, and how many channels, of one row each, one of
/// them becomes before others read it (by a flattening), else 1.
struct MadeChannels {
  std::vector<Player> player_of;
  std::size_t spread = 1;
};

/// Which channels each step has at the moment: sorted lists, because kernels walk them, kept up to
/// date one toggle at a time.
class Presence {
 public:
  /// `places[p]` are the channels of player p, in the order of steps.
  Presence(const std::vector<std::vector<Place>>& places, std::vector<MadeChannels> steps)
      : layout_(std::make_shared<const Layout>(places, std::move(steps))),
        lists_(layout_->steps.size()) {
    // Steps without players are whole from here on.
    for (std::size_t s = 0; s < lists_.size(); ++s) {
      for (std::size_t c = 0; c < layout_->steps[s].player_of.size(); ++c)
        lists_[s].push_back(c, layout_->steps[s].spread);
    }
    reserve();
  }
  // A plain copy would come without its reserved memory.
  Presence(const Presence& other) : layout_(other.layout_), lists_(other.lists_) { reserve(); }
  Presence& operator=(const Presence&) = default;

  /// Channels that a step makes and that are present, increasing.
  std::span<const std::uint32_t> made(std::size_t step) const { return lists_[step].channels; }

  /// The same as what reads the step counts them: one for each row after a flattening.
  std::span<const std::uint32_t> read(std::size_t step) const {
    const List& list = lists_[step];
    return layout_->steps[step].spread == 1 ? list.channels : list.rows;
  }

  void reset(const Coalition& kept) {
    for (const std::size_t s : layout_->varying) {
      const MadeChannels& step = layout_->steps[s];
      lists_[s].clear();
      for (std::size_t c = 0; c < step.player_of.size(); ++c) {
        const Player p = step.player_of[c];
        if (p == Units::nobody || kept.contains(p)) lists_[s].push_back(c, step.spread);
      }
    }
  }

  /// Whether the player is present from now on.
  bool toggle(Player p) {
    bool enters = false;
    for (std::uint32_t k = layout_->first[p]; k < layout_->first[p + 1]; ++k)
      enters = toggle(layout_->places[k]);
    return enters;
  }

 private:
  struct List {
    std::vector<std::uint32_t> channels;
    std::vector<std::uint32_t> rows;  // only where a channel becomes several

    void clear() {
      channels.clear();
      rows.clear();
    }
    void push_back(std::size_t channel, std::size_t spread) {
      channels.push_back(static_cast<std::uint32_t>(channel));
      for (std::size_t r = 0; spread > 1 && r < spread; ++r)
        rows.push_back(static_cast<std::uint32_t>(channel * spread + r));
    }
  };

  struct Layout {
    std::vector<Place> places;  // of player p from first[p] up to, not including, first[p + 1]
    std::vector<std::uint32_t> first;
    std::vector<MadeChannels> steps;
    std::vector<std::size_t> varying;  // steps that have channels of players

    Layout(const std::vector<std::vector<Place>>& by_player, std::vector<MadeChannels> made)
        : steps(std::move(made)) {
      first.push_back(0);
      for (const auto& list : by_player) {
        places.insert(places.end(), list.begin(), list.end());
        first.push_back(static_cast<std::uint32_t>(places.size()));
      }
      for (std::size_t s = 0; s < steps.size(); ++s) {
        const auto& players = steps[s].player_of;
        if (std::any_of(players.begin(), players.end(),
                        [](Player p) { return p != Units::nobody; })) {
          varying.push_back(s);
        }
      }
    }
  };

  void reserve() {
    for (const std::size_t s : layout_->varying) {
      const MadeChannels& step = layout_->steps[s];
      lists_[s].channels.reserve(step.player_of.size());
      if (step.spread > 1) lists_[s].rows.reserve(step.player_of.size() * step.spread);
    }
  }

  bool toggle(const Place& place) {
    List& list = lists_[place.step];
    const auto spread = static_cast<std::uint32_t>(layout_->steps[place.step].spread);
    const auto at = std::lower_bound(list.channels.begin(), list.channels.end(), place.channel);
    const auto row = list.rows.begin() + (at - list.channels.begin()) * (spread > 1 ? spread : 0);
    if (at != list.channels.end() && *at == place.channel) {
      list.channels.erase(at);
      if (spread > 1) list.rows.erase(row, row + spread);
      return false;
    }
    list.channels.insert(at, place.channel);
    if (spread > 1) {
      const auto begin = list.rows.insert(row, spread, 0);
      for (std::uint32_t r = 0; r < spread; ++r)
        begin[r] = place.channel * spread + r;
    }
    return true;
  }

  std::shared_ptr<const Layout> layout_;
  std::vector<List> lists_;  // by step
};

}  // namespace gtap::detail
