#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>
#include <gtap/nn/channel_ties.hpp>
#include <gtap/nn/kept_channels.hpp>
#include <gtap/nn/network.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap {

/// What stands or falls as a whole: a neuron or a filter, with the channels that are tied to it.
struct Unit {
  std::size_t node = 0;     ///< the first node that makes it: dense, convolution
  std::size_t channel = 0;  ///< and its channel there
  std::size_t more = 0;     ///< other channels of such nodes that are tied to it
  friend bool operator==(const Unit&, const Unit&) = default;
};

/// The units that one node is the first to make: players `first` up to, not including,
/// `first + count`.
struct UnitLayer {
  std::string name;
  std::size_t node = 0;
  Player first = 0;
  std::size_t count = 0;
};

/// Which unit of a network each player of its game is: node after node, channel after channel.
///
/// Inputs, outputs and what must be whole are never units (nn::ChannelTies).
class Units {
 public:
  /// Stands for a channel that is no player's, and so is always present.
  static constexpr Player nobody = ~Player{0};

  Units() = default;

  /// All units of the network.
  template <class T>
  explicit Units(const nn::Network<T>& net) {
    collect(net);
  }

  /// The units that the nodes of these names are the first to make, in the network's order.
  template <class T>
  Units(const nn::Network<T>& net, std::span<const std::string> layers) {
    Units all(net);
    std::vector<bool> chosen(net.nodes().size(), false);
    for (const std::string& name : layers) {
      const auto found = std::find_if(all.layers_.begin(), all.layers_.end(),
                                      [&](const UnitLayer& layer) { return layer.name == name; });
      if (found == all.layers_.end()) {
        std::string names;
        for (const UnitLayer& layer : all.layers_)
          names += " " + layer.name;
        detail::fail("Units", "the name of a hidden layer out of:" + names, "\"" + name + "\"");
      }
      chosen[found->node] = true;
    }
    all.choose(chosen);
    *this = std::move(all);
  }

  /// Lets these nodes lose all of their channels; see removable_branches().
  void let_go(std::vector<bool> nodes) { may_be_empty_ = std::move(nodes); }
  bool branches_may_go() const { return !may_be_empty_.empty(); }
  /// Whether a node may lose all of its channels.
  bool may_be_empty(std::size_t node) const { return branches_may_go() && may_be_empty_[node]; }

  /// Number of units, which is the number of players.
  std::size_t size() const { return units_.size(); }

  const Unit& operator[](Player p) const {
    check(p);
    return units_[p];
  }

  /// The layers that hold units, in the network's order.
  std::span<const UnitLayer> layers() const { return layers_; }

  /// The layer of a player.
  const UnitLayer& layer(Player p) const {
    check(p);
    return *std::find_if(layers_.begin(), layers_.end(),
                         [&](const UnitLayer& layer) { return p < layer.first + layer.count; });
  }

  /// A name to read: layer and channel, as in "conv2/7", of tied channels the first one and how
  /// many more, as in "stem/7 and 3 more".
  std::string label(Player p) const {
    const UnitLayer& home = layer(p);
    std::string text = home.name + "/" + std::to_string(units_[p].channel);
    if (units_[p].more > 0) text += " and " + std::to_string(units_[p].more) + " more";
    return text;
  }

  /// The player of each channel of a node's output, or `nobody`.
  std::span<const Player> players(std::size_t node) const { return players_[node]; }
  /// Nodes of the network, and what they are called.
  std::size_t nodes() const { return players_.size(); }
  const std::string& node_name(std::size_t node) const { return names_[node]; }

  /// The coalition as lists of channels by node, which forward passes, evaluations and compaction
  /// take. Channels of nobody are present.
  nn::KeptChannels mask(const Coalition& kept) const {
    check(kept, "Units::mask");
    nn::KeptChannels lists(players_.size());
    for (std::size_t i = 0; i < players_.size(); ++i) {
      for (std::size_t c = 0; c < players_[i].size(); ++c) {
        if (players_[i][c] == nobody || kept.contains(players_[i][c])) {
          lists[i].push_back(static_cast<std::uint32_t>(c));
        }
      }
    }
    return lists;
  }

  /// The labels of all players, in order.
  std::vector<std::string> labels() const {
    std::vector<std::string> all;
    for (Player p = 0; p < size(); ++p)
      all.push_back(label(p));
    return all;
  }

  /// How many members of the coalition each layer has, in the order of layers().
  std::vector<std::size_t> count(const Coalition& kept) const {
    check(kept, "Units::count");
    std::vector<std::size_t> counts(layers_.size());
    std::size_t l = 0;
    kept.for_each([&](Player p) {
      while (p >= layers_[l].first + layers_[l].count)
        ++l;
      ++counts[l];
    });
    return counts;
  }

  /// Refuses a coalition of another number of players.
  void check(const Coalition& kept, std::string_view where) const {
    detail::require_players(where, size(), kept.players());
  }

  /// Refuses a network that has other nodes than the one of these units.
  template <class T>
  void check_network(const nn::Network<T>& net, std::string_view where) const {
    bool same = players_.size() == net.nodes().size();
    for (std::size_t i = 0; same && i < players_.size(); ++i)
      same = players_[i].size() == net.nodes()[i].out.channels;
    if (!same) detail::fail(where, "units of this network", "units of another one");
  }

 private:
  template <class T>
  void collect(const nn::Network<T>& net) {
    const nn::ChannelTies ties(net);
    std::vector<Player> player(ties.places(), nobody);  // by group
    for (std::size_t i = 0; i < net.nodes().size(); ++i) {
      const nn::Node<T>& node = net.nodes()[i];
      if (!nn::ChannelTies::makes(node)) continue;
      const auto first = static_cast<Player>(units_.size());
      for (std::size_t c = 0; c < node.out.channels; ++c) {
        const std::size_t group = ties.group(i, c);
        if (!ties.removable(group)) continue;
        if (player[group] == nobody) {
          player[group] = static_cast<Player>(units_.size());
          units_.push_back({i, c, 0});
        } else {
          ++units_[player[group]].more;
        }
      }
      const std::size_t count = units_.size() - first;
      if (count > 0) layers_.push_back({node.name, i, first, count});
    }
    for (std::size_t i = 0; i < net.nodes().size(); ++i) {
      names_.push_back(net.nodes()[i].name);
      players_.emplace_back(net.nodes()[i].out.channels, nobody);
      for (std::size_t c = 0; c < players_[i].size(); ++c)
        players_[i][c] = player[ties.group(i, c)];
    }
  }

  /// Keeps the units of the chosen nodes as players.
  void choose(const std::vector<bool>& chosen) {
    std::vector<Player> renamed(units_.size(), nobody);
    std::vector<Unit> units;
    std::vector<UnitLayer> layers;
    for (const UnitLayer& layer : layers_) {
      if (!chosen[layer.node]) continue;
      layers.push_back({layer.name, layer.node, static_cast<Player>(units.size()), layer.count});
      for (std::size_t k = 0; k < layer.count; ++k) {
        renamed[layer.first + k] = static_cast<Player>(units.size());
        units.push_back(units_[layer.first + k]);
      }
    }
    units_ = std::move(units);
    layers_ = std::move(layers);
    for (auto& list : players_) {
      for (Player& p : list) {
        if (p != nobody) p = renamed[p];
      }
    }
  }

  void check(Player p) const {
    if (p >= size()) {
      detail::fail("Units", detail::text("a player below ", size()), detail::text("player ", p));
    }
  }

  std::vector<Unit> units_;
  std::vector<UnitLayer> layers_;
  std::vector<std::vector<Player>> players_;  // by node and channel
  std::vector<std::string> names_;            // by node
  std::vector<bool> may_be_empty_;            // by node, where branches may go
};

}  // namespace gtap
