#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/estimators/evaluation_log.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/io/detail/stored_content.hpp>
#include <gtap/io/safetensors.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// Saves a log as a safetensors file, to the last bit: "kept", one byte a coalition and player, 1
/// for those that are kept; "values", and the probabilities of the "sizes" 0 to n in the draws.
inline void save_log(const std::filesystem::path& path, const EvaluationLog& log) {
  const std::string where = detail::file_place("save_log", path.string());
  Safetensors file;
  StoredTensor kept{.dtype = Dtype::boolean, .shape = {log.size(), log.players()}, .bytes = {}};
  std::vector<double> values;
  for (std::size_t k = 0; k < log.size(); ++k) {
    for (std::size_t p = 0; p < log.players(); ++p)
      kept.bytes.push_back(log.rows().contains(k, p) ? 1 : 0);
    values.push_back(log.value(k));
  }
  file.tensors["kept"] = std::move(kept);
  file.tensors["values"] = StoredTensor::from(values);
  file.tensors["sizes"] = StoredTensor::from(log.sizes());
  file.metadata["gtap.log"] = detail::dump_json(where, detail::Json{{"format", 1}});
  write_safetensors(path, file);
}

/// Loads what save_log, or another program in the same form, wrote; throws gtap::Error for anything
/// else, such as a coalition of a size that the draws do not have.
inline EvaluationLog load_log(const std::filesystem::path& path) {
  const std::string where = detail::file_place("load_log", path.string());
  const Safetensors file = parse_safetensors(where, detail::read_file(where, path.string()));
  detail::require_keys(where, detail::metadata_json(where, file, "gtap.log"), {"format"});
  EvaluationLog log(detail::stored_values<double>(where, file, "sizes"));
  const std::vector<double> values = detail::stored_values<double>(where, file, "values");
  const std::vector<std::uint8_t>& kept = detail::stored_flags(
      where, "kept", detail::stored_tensor(where, file, "kept", {values.size(), log.players()}));
  for (std::size_t k = 0; k < values.size(); ++k) {
    Coalition coalition(log.players());
    for (std::size_t p = 0; p < log.players(); ++p) {
      if (kept[k * log.players() + p] == 1) coalition.insert(static_cast<Player>(p));
    }
    log.add(coalition, values[k]);
  }
  return log;
}

}  // namespace gtap
