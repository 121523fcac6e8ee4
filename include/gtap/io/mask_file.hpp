#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/detail/file.hpp>
#include <gtap/core/detail/labels.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/io/detail/stored_content.hpp>
#include <gtap/io/safetensors.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gtap {

/// A coalition, and what its players are called ("conv2/7"): a label for each, or none at all.
struct Mask {
  Coalition kept;
  std::vector<std::string> labels{};
};

namespace detail {

/// One byte a player, 1 for those that are kept.
inline StoredTensor coalition_tensor(const Coalition& coalition) {
  StoredTensor tensor{.dtype = Dtype::boolean, .shape = {coalition.players()}, .bytes = {}};
  tensor.bytes.assign(coalition.players(), 0);
  coalition.for_each([&](Player p) { tensor.bytes[p] = 1; });
  return tensor;
}

inline Coalition stored_coalition(const std::string& where, const Safetensors& file,
                                  const std::string& name) {
  const std::vector<std::uint8_t>& kept = stored_flags(where, name, stored_list(where, file, name));
  Coalition coalition(kept.size());
  for (std::size_t p = 0; p < kept.size(); ++p) {
    if (kept[p] == 1) coalition.insert(static_cast<Player>(p));
  }
  return coalition;
}

/// Labels of players from a list: one each, or none.
inline std::vector<std::string> json_labels(const std::string& where, const Json& json,
                                            std::size_t players) {
  if (!json.is_array()) fail(where, "a list of labels", json.dump());
  std::vector<std::string> labels;
  for (const Json& label : json)
    labels.push_back(json_text(where, label));
  require_labels(where, players, labels);
  return labels;
}

}  // namespace detail

/// Saves which players are kept, with their labels if there are any, as a safetensors file. Throws
/// gtap::Error when the labels are not as many as the players, and when the file cannot be written.
inline void save_mask(const std::filesystem::path& path, const Mask& mask) {
  const std::string where = detail::file_place("save_mask", path.string());
  detail::require_labels(where, mask.kept.players(), mask.labels);
  Safetensors file;
  file.tensors["kept"] = detail::coalition_tensor(mask.kept);
  const detail::Json json{{"format", 1}, {"labels", mask.labels}};
  file.metadata["gtap.mask"] = detail::dump_json(where, json);
  write_safetensors(path, file);
}

/// Loads what save_mask wrote; throws gtap::Error for anything else.
inline Mask load_mask(const std::filesystem::path& path) {
  const std::string where = detail::file_place("load_mask", path.string());
  const Safetensors file = parse_safetensors(where, detail::read_file(where, path.string()));
  const detail::Json json = detail::metadata_json(where, file, "gtap.mask");
  detail::require_keys(where, json, {"format", "labels"});
  Mask mask{.kept = detail::stored_coalition(where, file, "kept")};
  mask.labels = detail::json_labels(where, json["labels"], mask.kept.players());
  return mask;
}

}  // namespace gtap
