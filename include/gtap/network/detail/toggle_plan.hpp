#pragma once

#include <gtap/network/detail/presence.hpp>
#include <gtap/network/detail/steps.hpp>
#include <gtap/network/units.hpp>
#include <gtap/nn/network.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gtap::detail {

/// What a toggled player makes of what leaves a step.
enum class StepState : std::uint8_t {
  constant,  ///< nothing changes
  touched,   ///< only the player's own channels come or go; the others' numbers stay
  stale      ///< any number may change
};

/// Something to do when a player is toggled.
struct ToggleAction {
  enum Work : std::uint8_t {
    own_channels,  ///< of the step, if the player enters
    update,        ///< by the player's channels of the only input
    recompute      ///< all that is present
  };
  std::uint32_t step = 0;
  Work work = recompute;
  std::uint32_t first = 0;  ///< own_channels: among TogglePlan::own; update: input channel
  std::uint32_t count = 0;
};

/// How one player's coming and going runs through the steps of a network. Which channels change is
/// found out once, for each player, from the channel maps.
struct TogglePlan {
  std::vector<StepState> states;      ///< by step
  std::vector<ToggleAction> actions;  ///< in the order of steps; own_channels come first
  std::size_t own_actions = 0;        ///< how many of them are own_channels
  std::vector<std::uint32_t> own;     ///< the channels of these
  std::vector<Place> places;          ///< all channels of the player
  std::vector<Place> sources;         ///< of these, what updates and recomputations read
  bool may_vanish = true;  ///< nothing else changes where the numbers of all sources are zero
  std::uint32_t first_stale = 0;  ///< step; as many as there are: none

  /// `updates(step, channels)` says whether a step's sums take some input channels by themselves.
  template <class T, class Updates>
  TogglePlan(const nn::Network<T>& net, const Units& units, const std::vector<Step>& steps,
             Player player, Updates&& updates)
      : states(steps.size(), StepState::constant),
        first_stale(static_cast<std::uint32_t>(steps.size())) {
    std::vector<ToggleAction> later;
    std::vector<std::vector<std::uint32_t>> changed(steps.size());  // channels that leave steps
    for (std::size_t s = 1; s < steps.size(); ++s) {
      const auto mine = channels(units, steps[s].head(), player);
      changed[s] = channels(units, steps[s].end(), player);
      const auto step = static_cast<std::uint32_t>(s);
      for (const std::uint32_t c : mine)
        places.push_back({step, c});
      const nn::Node<T>& head = net.nodes()[steps[s].head()];
      bool stale = false;
      bool touched = !mine.empty();
      bool sums = false;  // of toggled channels
      for (std::size_t k = 0; k < steps[s].in.size(); ++k) {
        const std::size_t from = steps[s].in[k];
        stale = stale || states[from] == StepState::stale;
        if (states[from] != StepState::touched) continue;
        const nn::ChannelMap map = head.channel_map(k);
        if (map.kind == nn::ChannelMap::mixes) {
          sums = true;
        } else if (map.kind == nn::ChannelMap::selects) {
          stale = stale || selects(map, changed[from], mine);
        } else if (!map.ties()) {
          stale = true;
        }
      }
      if (stale || sums) {
        states[s] = StepState::stale;
        ToggleAction action{.step = step};
        if (!stale && mine.empty() && steps[s].in.size() == 1) {
          const auto& list = changed[steps[s].in[0]];
          const bool row = list.back() - list.front() + 1 == list.size();
          if (row && updates(s, list.size())) {
            action.work = ToggleAction::update;
            action.first = list.front();
            action.count = static_cast<std::uint32_t>(list.size());
          }
        }
        later.push_back(action);
        first_stale = std::min(first_stale, step);
        may_vanish = may_vanish && mine.empty();
      } else if (touched) {
        states[s] = StepState::touched;
        actions.push_back({.step = step,
                           .work = ToggleAction::own_channels,
                           .first = static_cast<std::uint32_t>(own.size()),
                           .count = static_cast<std::uint32_t>(mine.size())});
        own.insert(own.end(), mine.begin(), mine.end());
      }
    }
    own_actions = actions.size();
    for (const ToggleAction& action : later) {
      for (const std::size_t from : steps[action.step].in) {
        if (states[from] != StepState::touched) continue;
        for (const Place& place : places) {
          if (place.step == from) sources.push_back(place);
        }
      }
    }
    actions.insert(actions.end(), later.begin(), later.end());
  }

  /// Leaves out what need not be done because a step's numbers are known from the beginning.
  void skip(const std::vector<bool>& known) {
    const auto begin = actions.begin();
    const auto end = begin + static_cast<std::ptrdiff_t>(own_actions);
    const auto left =
        std::remove_if(begin, end, [&](const ToggleAction& action) { return known[action.step]; });
    own_actions = static_cast<std::size_t>(left - begin);
    actions.erase(left, end);
  }

 private:
  static std::vector<std::uint32_t> channels(const Units& units, std::size_t node, Player player) {
    std::vector<std::uint32_t> list;
    const auto players = units.players(node);
    for (std::size_t c = 0; c < players.size(); ++c) {
      if (players[c] == player) list.push_back(static_cast<std::uint32_t>(c));
    }
    return list;
  }

  /// Whether a selected channel that is not the player's own gets other numbers.
  static bool selects(const nn::ChannelMap& map, const std::vector<std::uint32_t>& changed,
                      const std::vector<std::uint32_t>& mine) {
    for (std::size_t c = 0; c < map.from.size(); ++c) {
      const bool reads =
          map.from[c] >= 0 && std::binary_search(changed.begin(), changed.end(),
                                                 static_cast<std::uint32_t>(map.from[c]));
      if (reads && !std::binary_search(mine.begin(), mine.end(), static_cast<std::uint32_t>(c))) {
        return true;
      }
    }
    return false;
  }
};

}  // namespace gtap::detail
