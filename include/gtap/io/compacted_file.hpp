#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/io/detail/stored_content.hpp>
#include <gtap/io/network_file.hpp>
#include <gtap/io/safetensors.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/nn/network.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

namespace detail {

/// Refuses a map that is not one of this network's mixing layers, in their order.
template <class T>
void require_map(const std::string& where, const nn::Network<T>& net,
                 const std::vector<LayerMap>& map) {
  std::size_t l = 0;
  for (const nn::Node<T>& node : net.nodes()) {
    if (!nn::is_mixing(node.layer)) continue;
    if (l == map.size() || map[l].layer != node.name) {
      fail(where, text("a map of layer \"", node.name, '"'),
           l == map.size() ? "none" : text("one of \"", map[l].layer, '"'));
    }
    const std::vector<std::size_t>& kept = map[l++].kept;
    const std::string place = text(where, " map of layer \"", node.name, '"');
    if (kept.size() != node.out.channels) {
      fail(place, text(node.out.channels, " channels"), text(kept.size()));
    }
    for (std::size_t c = 0; c < kept.size(); ++c) {
      if (kept[c] >= map[l - 1].before || (c > 0 && kept[c] <= kept[c - 1])) {
        fail(place, text("increasing channels below ", map[l - 1].before), text(kept[c]));
      }
    }
  }
  if (l != map.size()) {
    fail(where, text(l, " maps, one for each dense layer and convolution"), text(map.size()));
  }
}

}  // namespace detail

/// Saves a compacted network as save_network does, and where its channels were before.
/// load_network() reads such a file too, without the map.
template <class T>
void save_network(const std::filesystem::path& path, const Compacted<T>& compacted) {
  const std::string where = detail::file_place("save_network", path);
  detail::require_map(where, compacted.network, compacted.map);
  Safetensors file = detail::network_content(where, compacted.network);
  detail::Json layers = detail::Json::array();
  for (const LayerMap& map : compacted.map)
    layers.push_back({{"layer", map.layer}, {"before", map.before}, {"kept", map.kept}});
  const detail::Json json{{"format", 1}, {"layers", layers}};
  file.metadata["gtap.compacted"] = detail::dump_json(where, json);
  write_safetensors(path, file);
}

/// Loads what save_network wrote of a compacted network; throws gtap::Error for anything else, a
/// network without a map included.
template <class T>
Compacted<T> load_compacted(const std::filesystem::path& path) {
  const std::string where = detail::file_place("load_compacted", path);
  const Safetensors file = parse_safetensors(where, detail::read_file(where, path));
  const detail::Json json = detail::metadata_json(where, file, "gtap.compacted");
  detail::require_keys(where, json, {"format", "layers"});
  if (!json["layers"].is_array()) detail::fail(where, "a list of layers", json["layers"].dump());
  Compacted<T> compacted{detail::stored_network<T>(where, file), {}};
  for (const detail::Json& layer : json["layers"]) {
    detail::require_keys(where, layer, {"layer", "before", "kept"});
    compacted.map.push_back({detail::json_text(where, layer["layer"]),
                             detail::json_size(where, layer["before"]),
                             detail::json_sizes(where, layer["kept"])});
  }
  detail::require_map(where, compacted.network, compacted.map);
  return compacted;
}

}  // namespace gtap
