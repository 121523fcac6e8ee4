#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/detail/labels.hpp>
#include <gtap/core/error.hpp>
#include <gtap/estimators/estimate.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/io/detail/stored_content.hpp>
#include <gtap/io/safetensors.hpp>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace gtap {

namespace detail {

inline Stopped stopped_called(const std::string& where, const std::string& name) {
  for (int k = 0; k <= static_cast<int>(Stopped::request); ++k) {
    if (to_string(static_cast<Stopped>(k)) == name) return static_cast<Stopped>(k);
  }
  fail(where, "why an estimation stopped", text('"', name, '"'));
}

inline Json estimate_facts(const Estimate& estimate) {
  return {{"evaluations", estimate.evaluations},
          {"cached", estimate.cached},
          {"saved", estimate.saved},
          {"samples", estimate.samples},
          {"looks", estimate.looks},
          {"seconds", estimate.seconds},
          {"stopped", std::string(to_string(estimate.stopped))},
          {"law", estimate.law},
          {"design", estimate.design}};
}

}  // namespace detail

/// Saves an estimate as a safetensors file, to the last bit.
inline void save_estimate(const std::filesystem::path& path, const Estimate& estimate) {
  const std::string where = detail::file_place("save_estimate", path.string());
  const std::size_t chosen = estimate.covariance_players.size();
  Safetensors file;
  file.tensors["values"] = StoredTensor::from(estimate.values);
  file.tensors["standard_errors"] = StoredTensor::from(estimate.standard_errors);
  file.tensors["degrees_of_freedom"] =
      StoredTensor::from(std::span<const double>(&estimate.degrees_of_freedom, 1), {});
  file.tensors["covariance_players"] = StoredTensor::from(estimate.covariance_players);
  file.tensors["covariance"] =
      StoredTensor::from(std::span<const double>(estimate.covariance), {chosen, chosen});
  file.tensors["data_errors"] = StoredTensor::from(estimate.data_errors);
  detail::Json json = detail::estimate_facts(estimate);
  json["format"] = 1;
  file.metadata["gtap.estimate"] = detail::dump_json(where, json);
  write_safetensors(path, file);
}

/// Loads what save_estimate wrote; throws gtap::Error for anything else.
inline Estimate load_estimate(const std::filesystem::path& path) {
  const std::string where = detail::file_place("load_estimate", path.string());
  const Safetensors file = parse_safetensors(where, detail::read_file(where, path.string()));
  const detail::Json json = detail::metadata_json(where, file, "gtap.estimate");
  detail::require_keys(where, json,
                       {"format", "evaluations", "cached", "saved", "samples", "looks", "seconds",
                        "stopped", "law", "design"});
  Estimate estimate;
  estimate.values = detail::stored_values<double>(where, file, "values");
  const std::size_t players = estimate.players();
  estimate.standard_errors = detail::stored_values<double>(where, file, "standard_errors");
  estimate.covariance_players = detail::stored_values<Player>(where, file, "covariance_players");
  const std::size_t chosen = estimate.covariance_players.size();
  estimate.covariance = detail::stored_values<double>(where, file, "covariance", {chosen, chosen});
  estimate.degrees_of_freedom =
      detail::stored_values<double>(where, file, "degrees_of_freedom", {}).at(0);
  if (estimate.standard_errors.size() != players) {
    detail::fail(where, detail::text(players, " standard errors, one for each value"),
                 detail::text(estimate.standard_errors.size()));
  }
  estimate.data_errors = detail::stored_values<double>(where, file, "data_errors");
  if (!estimate.data_errors.empty() && estimate.data_errors.size() != players) {
    detail::fail(where, detail::text(players, " errors by data, or none"),
                 detail::text(estimate.data_errors.size()));
  }
  for (std::size_t p = 0; p < players; ++p) {
    if (!std::isfinite(estimate.values[p]) || !(estimate.standard_errors[p] >= 0.0)) {
      detail::fail(
          where, "finite values with standard errors of 0 or more",
          detail::text(estimate.values[p], " +- ", estimate.standard_errors[p], " for player ", p));
    }
  }
  for (const Player p : estimate.covariance_players) {
    if (p >= players) {
      detail::fail(where, detail::text("a player below ", players), detail::text("player ", p));
    }
  }
  estimate.evaluations = detail::json_size(where, json["evaluations"]);
  estimate.cached = detail::json_size(where, json["cached"]);
  estimate.saved = detail::json_size(where, json["saved"]);
  estimate.samples = detail::json_size(where, json["samples"]);
  estimate.looks = detail::json_size(where, json["looks"]);
  estimate.seconds = detail::json_number(where, json["seconds"]);
  estimate.stopped = detail::stopped_called(where, detail::json_text(where, json["stopped"]));
  estimate.law = detail::json_text(where, json["law"]);
  estimate.design = detail::json_text(where, json["design"]);
  return estimate;
}

/// An estimate as JSON for other programs: its facts, and a list of players with player, label (if
/// labels are given), value, standard_error, which is null where nothing is known, and data_error
/// if the estimate has them.
inline std::string estimate_json(const Estimate& estimate,
                                 std::span<const std::string> labels = {}) {
  detail::require_labels("estimate_json", estimate.players(), labels);
  detail::Json json = detail::estimate_facts(estimate);
  json["players"] = detail::Json::array();
  for (std::size_t p = 0; p < estimate.players(); ++p) {
    detail::Json player{{"player", p},
                        {"value", estimate.values[p]},
                        {"standard_error", estimate.standard_errors[p]}};
    if (!labels.empty()) player["label"] = labels[p];
    if (!estimate.data_errors.empty()) player["data_error"] = estimate.data_errors[p];
    json["players"].push_back(player);
  }
  return detail::dump_json("estimate_json", json);
}

}  // namespace gtap
