#pragma once

#include <gtap/network/units.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gtap::detail {

/// Where a player stands in a staged network.
struct Place {
  std::uint32_t stage = 0;
  std::uint32_t channel = 0;
};

/// Which channels each stage of a network has at the moment: sorted lists, because kernels walk
/// them, kept up to date one toggle at a time.
class Presence {
 public:
  /// `units[s]` channels in stage s, of `rows_per_unit[s]` rows each; `places` has one for each
  /// player. Channels that are no player's are always present.
  Presence(std::vector<Place> places, std::span<const std::size_t> units,
           std::span<const std::size_t> rows_per_unit)
      : places_(std::move(places)), lists_(units.size()) {
    for (std::size_t s = 0; s < units.size(); ++s) {
      lists_[s].rows_per_unit = static_cast<std::uint32_t>(rows_per_unit[s]);
      lists_[s].player_of.assign(units[s], nobody);
      lists_[s].channels.reserve(units[s]);
      lists_[s].rows.reserve(units[s] * rows_per_unit[s]);
    }
    for (std::size_t p = 0; p < places_.size(); ++p) {
      lists_[places_[p].stage].player_of[places_[p].channel] = static_cast<Player>(p);
    }
  }

  const Place& place(Player p) const { return places_[p]; }

  /// Channels present in a stage, increasing.
  std::span<const std::uint32_t> channels(std::size_t stage) const {
    return lists_[stage].channels;
  }

  /// Rows of the channels present in a stage's output, increasing.
  std::span<const std::uint32_t> rows(std::size_t stage) const {
    const List& list = lists_[stage];
    return list.rows_per_unit == 1 ? list.channels : list.rows;
  }

  void reset(const Coalition& kept) {
    for (List& list : lists_) {
      list.channels.clear();
      list.rows.clear();
      for (std::size_t c = 0; c < list.player_of.size(); ++c) {
        if (list.player_of[c] == nobody || kept.contains(list.player_of[c])) {
          list.channels.push_back(static_cast<std::uint32_t>(c));
          if (list.rows_per_unit > 1) {
            for (std::uint32_t r = 0; r < list.rows_per_unit; ++r) {
              list.rows.push_back(static_cast<std::uint32_t>(c) * list.rows_per_unit + r);
            }
          }
        }
      }
    }
  }

  bool contains(const Place& place) const {
    const auto& channels = lists_[place.stage].channels;
    return std::binary_search(channels.begin(), channels.end(), place.channel);
  }

  void toggle(const Place& place) {
    List& list = lists_[place.stage];
    const auto at = std::lower_bound(list.channels.begin(), list.channels.end(), place.channel);
    const auto row = list.rows.begin() + (at - list.channels.begin()) *
                                             (list.rows_per_unit > 1 ? list.rows_per_unit : 0);
    if (at != list.channels.end() && *at == place.channel) {
      list.channels.erase(at);
      if (list.rows_per_unit > 1) list.rows.erase(row, row + list.rows_per_unit);
    } else {
      list.channels.insert(at, place.channel);
      if (list.rows_per_unit > 1) {
        const auto first = list.rows.insert(row, list.rows_per_unit, 0);
        for (std::uint32_t r = 0; r < list.rows_per_unit; ++r) {
          first[r] = place.channel * list.rows_per_unit + r;
        }
      }
    }
  }

 private:
  static constexpr Player nobody = ~Player{0};

  struct List {
    std::uint32_t rows_per_unit = 1;
    std::vector<Player> player_of;
    std::vector<std::uint32_t> channels;
    std::vector<std::uint32_t> rows;
  };

  std::vector<Place> places_;
  std::vector<List> lists_;
};

}  // namespace gtap::detail
