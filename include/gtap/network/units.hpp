#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/error.hpp>
#include <gtap/nn/network.hpp>
#include <gtap/nn/stages.hpp>

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gtap {

/// A hidden neuron (of a dense node) or filter (of a convolution): an output channel of a node.
struct Unit {
  std::size_t node = 0;
  std::size_t channel = 0;
  friend bool operator==(const Unit&, const Unit&) = default;
};

/// The units of one layer: players `first` up to, not including, `first + count`.
struct UnitLayer {
  std::string name;
  std::size_t node = 0;
  Player first = 0;
  std::size_t count = 0;
};

/// Which unit of a network each player of its game is: layer after layer, channel after channel.
///
/// Hidden means that a later dense or convolution node reads it: outputs are never units.
class Units {
 public:
  Units() = default;

  /// All hidden units of the network.
  template <class T>
  explicit Units(const nn::Network<T>& net) {
    for (const std::size_t node : hidden_nodes(net))
      add(net.nodes()[node], node);
  }

  /// The hidden units of the layers of these names, in the network's order.
  template <class T>
  Units(const nn::Network<T>& net, std::span<const std::string> layers) {
    const std::vector<std::size_t> hidden = hidden_nodes(net);
    for (const std::string& name : layers) {
      const bool known = std::any_of(hidden.begin(), hidden.end(), [&](std::size_t node) {
        return net.nodes()[node].name == name;
      });
      if (!known) {
        std::string names;
        for (const std::size_t node : hidden)
          names += " " + net.nodes()[node].name;
        detail::fail("Units", "the name of a hidden layer out of:" + names, "\"" + name + "\"");
      }
    }
    for (const std::size_t node : hidden) {
      if (std::find(layers.begin(), layers.end(), net.nodes()[node].name) != layers.end()) {
        add(net.nodes()[node], node);
      }
    }
  }

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

  /// A name to read, such as "conv2/7": layer and channel.
  std::string label(Player p) const {
    const UnitLayer& home = layer(p);
    return home.name + "/" + std::to_string(p - home.first);
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

 private:
  template <class T>
  static std::vector<std::size_t> hidden_nodes(const nn::Network<T>& net) {
    const nn::Stages cut = nn::stages(net);
    std::vector<std::size_t> nodes;
    for (std::size_t s = 0; s < cut.hidden(); ++s)
      nodes.push_back(cut.stages[s].mixing);
    return nodes;
  }

  template <class T>
  void add(const nn::Node<T>& node, std::size_t index) {
    layers_.push_back({node.name, index, static_cast<Player>(units_.size()), node.out.channels});
    for (std::size_t c = 0; c < node.out.channels; ++c)
      units_.push_back({index, c});
  }

  void check(Player p) const {
    if (p >= size()) {
      detail::fail("Units", detail::text("a player below ", size()), detail::text("player ", p));
    }
  }

  std::vector<Unit> units_;
  std::vector<UnitLayer> layers_;
};

}  // namespace gtap
