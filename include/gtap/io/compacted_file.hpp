#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/io/detail/layer_json.hpp>
#include <gtap/io/detail/stored_content.hpp>
#include <gtap/io/network_file.hpp>
#include <gtap/io/safetensors.hpp>
#include <gtap/network/compaction.hpp>
#include <gtap/nn/kept_channels.hpp>
#include <gtap/nn/network.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

namespace detail {

/// Refuses lists of channels that are not those of this network's nodes.
template <class T>
void require_kept(const std::string& where, const nn::Network<T>& net,
                  const nn::KeptChannels& kept) {
  if (kept.size() != net.nodes().size()) {
    fail(where, text("lists of channels for ", net.nodes().size(), " nodes"), text(kept.size()));
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const nn::Node<T>& node = net.nodes()[i];
    const std::string place = text(where, " channels of \"", node.name, '"');
    if (kept[i].size() != node.out.channels) {
      fail(place, text(node.out.channels, " channels"), text(kept[i].size()));
    }
    for (std::size_t c = 1; c < kept[i].size(); ++c) {
      if (kept[i][c] <= kept[i][c - 1]) fail(place, "increasing channels", text(kept[i][c]));
    }
  }
}

}  // namespace detail

/// Saves a compacted network as save_network does, and where its channels were before.
/// load_network() reads such a file too, without that.
template <class T>
void save_network(const std::filesystem::path& path, const Compacted<T>& compacted) {
  const std::string where = detail::file_place("save_network", path.string());
  detail::require_kept(where, compacted.network, compacted.kept);
  Safetensors file = detail::network_content(where, compacted.network);
  detail::Json nodes = detail::Json::array();
  for (std::size_t i = 0; i < compacted.kept.size(); ++i) {
    nodes.push_back({{"node", compacted.network.nodes()[i].name}, {"kept", compacted.kept[i]}});
  }
  const detail::Json json{{"format", 1}, {"nodes", nodes}};
  file.metadata["gtap.compacted"] = detail::dump_json(where, json);
  write_safetensors(path, file);
}

/// Loads what save_network wrote of a compacted network; `own` has a layer of each of the user's
/// own kinds that it may hold. Throws gtap::Error for anything else, a network without the
/// channels' places included.
template <class T>
Compacted<T> load_compacted(const std::filesystem::path& path,
                            std::span<const nn::Layer<T>> own = {}) {
  const std::string where = detail::file_place("load_compacted", path.string());
  const Safetensors file = parse_safetensors(where, detail::read_file(where, path.string()));
  const detail::Json json = detail::metadata_json(where, file, "gtap.compacted");
  detail::require_keys(where, json, {"format", "nodes"});
  if (!json["nodes"].is_array()) detail::fail(where, "a list of nodes", json["nodes"].dump());
  Compacted<T> compacted{detail::stored_network<T>(where, file, own), {}};
  for (const detail::Json& node : json["nodes"]) {
    detail::require_keys(where, node, {"node", "kept"});
    const std::size_t i = compacted.kept.size();
    const std::string name = detail::json_text(where, node["node"]);
    if (i >= compacted.network.nodes().size() || compacted.network.nodes()[i].name != name) {
      detail::fail(where, "the network's nodes in their order", detail::text('"', name, '"'));
    }
    compacted.kept.emplace_back();
    for (const std::size_t c : detail::json_sizes(where, node["kept"])) {
      compacted.kept.back().push_back(static_cast<std::uint32_t>(detail::layer_size(where, c)));
    }
  }
  detail::require_kept(where, compacted.network, compacted.kept);
  return compacted;
}

}  // namespace gtap
