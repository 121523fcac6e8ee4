#pragma once

#include <gtap/core/coalition.hpp>
#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/io/detail/stored_content.hpp>
#include <gtap/io/mask_file.hpp>
#include <gtap/io/safetensors.hpp>
#include <gtap/pruning/path.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

namespace detail {

inline BudgetReport read_report(const std::string& where, const Json& json,
                                const Coalition& start) {
  BudgetReport report;
  if (!json["lines"].is_array() || !json["held_back"].is_array()) {
    fail(where, "lists of \"lines\" and \"held_back\"", "something else");
  }
  for (const Json& line : json["lines"]) {
    require_keys(where, line, {"name", "asked", "reached", "met"});
    report.lines.push_back({json_text(where, line["name"]), json_number(where, line["asked"]),
                            json_number(where, line["reached"]), json_bool(where, line["met"])});
  }
  for (const Json& held : json["held_back"]) {
    require_keys(where, held, {"player", "reason", "label"});
    const std::size_t player = json_size(where, held["player"]);
    if (player >= start.players()) {
      fail(where, text("a player below ", start.players()), text("player ", player));
    }
    report.held_back.push_back({static_cast<Player>(player), json_text(where, held["reason"]),
                                json_text(where, held["label"])});
  }
  report.ended = json_text(where, json["ended"]);
  return report;
}

/// The list of numbers of each step, of which step_<name> says how many a step has.
inline std::vector<std::vector<double>> numbers_of_steps(const std::string& where,
                                                         const Safetensors& file,
                                                         const std::string& name,
                                                         std::size_t steps) {
  const auto counts = stored_values<std::uint64_t>(where, file, "step_" + name);
  const auto numbers = stored_values<double>(where, file, name);
  std::vector<std::vector<double>> lists;
  std::size_t at = 0;
  for (const std::uint64_t count : counts) {
    if (count > numbers.size() - at) break;
    const auto first = numbers.begin() + static_cast<std::ptrdiff_t>(at);
    lists.emplace_back(first, first + static_cast<std::ptrdiff_t>(count));
    at += count;
  }
  if (lists.size() != steps || at != numbers.size()) {
    fail(where, text(name, " that cover all ", steps, " steps"),
         text(numbers.size(), " for ", counts.size()));
  }
  return lists;
}

}  // namespace detail

/// Saves a pruning path with its report as a safetensors file.
inline void save_path(const std::filesystem::path& path, const PruningPath& pruning) {
  const std::string where = detail::file_place("save_path", path.string());
  detail::require_labels(where, pruning.front().kept.players(), pruning.labels);
  std::vector<std::uint64_t> moves;
  std::vector<std::uint64_t> evaluations;
  std::vector<double> seconds;
  std::vector<std::uint64_t> scored;
  std::vector<double> scores;
  std::vector<std::uint64_t> with_errors;
  std::vector<double> errors;
  const std::size_t start = pruning.front().kept.size();
  for (const PruningStep& step : pruning.steps()) {
    const std::size_t units = step.kept.size();
    moves.push_back(units > start ? units - start : start - units);
    evaluations.push_back(step.evaluations);
    seconds.push_back(step.seconds);
    scored.push_back(step.scores.size());
    scores.insert(scores.end(), step.scores.begin(), step.scores.end());
    with_errors.push_back(step.standard_errors.size());
    errors.insert(errors.end(), step.standard_errors.begin(), step.standard_errors.end());
  }
  detail::Json lines = detail::Json::array();
  for (const BudgetReport::Line& line : pruning.report.lines) {
    lines.push_back(
        {{"name", line.name}, {"asked", line.asked}, {"reached", line.reached}, {"met", line.met}});
  }
  detail::Json held_back = detail::Json::array();
  for (const BudgetReport::HeldBack& held : pruning.report.held_back)
    held_back.push_back({{"player", held.player}, {"reason", held.reason}, {"label", held.label}});

  Safetensors file;
  file.tensors["start"] = detail::coalition_tensor(pruning.front().kept);
  file.tensors["moves"] = StoredTensor::from(pruning.moves());
  file.tensors["step_moves"] = StoredTensor::from(moves);
  file.tensors["step_evaluations"] = StoredTensor::from(evaluations);
  file.tensors["step_seconds"] = StoredTensor::from(seconds);
  file.tensors["step_scores"] = StoredTensor::from(scored);
  file.tensors["scores"] = StoredTensor::from(scores);
  file.tensors["step_standard_errors"] = StoredTensor::from(with_errors);
  file.tensors["standard_errors"] = StoredTensor::from(errors);
  const detail::Json json{{"format", 1},
                          {"evaluations", pruning.evaluations},
                          {"seconds", pruning.seconds},
                          {"lines", lines},
                          {"held_back", held_back},
                          {"ended", pruning.report.ended},
                          {"labels", pruning.labels}};
  file.metadata["gtap.path"] = detail::dump_json(where, json);
  write_safetensors(path, file);
}

/// Loads what save_path wrote; throws gtap::Error for anything else.
inline PruningPath load_path(const std::filesystem::path& path) {
  const std::string where = detail::file_place("load_path", path.string());
  const Safetensors file = parse_safetensors(where, detail::read_file(where, path.string()));
  const detail::Json json = detail::metadata_json(where, file, "gtap.path");
  detail::require_keys(
      where, json, {"format", "evaluations", "seconds", "lines", "held_back", "ended", "labels"});
  const auto moves = detail::stored_values<Player>(where, file, "moves");
  const auto ends = detail::stored_values<std::uint64_t>(where, file, "step_moves");
  const auto evaluations = detail::stored_values<std::uint64_t>(where, file, "step_evaluations");
  const auto seconds = detail::stored_values<double>(where, file, "step_seconds");
  if (ends.empty() || evaluations.size() != ends.size() || seconds.size() != ends.size()) {
    detail::fail(where, "as many moves, evaluations and seconds as steps, at least one",
                 detail::text(ends.size(), ", ", evaluations.size(), " and ", seconds.size()));
  }
  if (ends.front() != 0 || ends.back() != moves.size() ||
      !std::is_sorted(ends.begin(), ends.end())) {
    detail::fail(where, "steps that cover all moves in order", "others");
  }
  const auto scores = detail::numbers_of_steps(where, file, "scores", ends.size());
  const auto errors = detail::numbers_of_steps(where, file, "standard_errors", ends.size());
  PruningPath read(detail::stored_coalition(where, file, "start"));
  read.labels = detail::json_labels(where, json["labels"], read.front().kept.players());
  read.report = detail::read_report(where, json, read.front().kept);
  read.evaluations = detail::json_size(where, json["evaluations"]);
  read.seconds = detail::json_number(where, json["seconds"]);
  detail::at_place(where, [&] {
    for (std::size_t k = 1; k < ends.size(); ++k) {
      read.add_round({moves.begin() + static_cast<std::ptrdiff_t>(ends[k - 1]),
                      moves.begin() + static_cast<std::ptrdiff_t>(ends[k])},
                     evaluations[k], seconds[k], scores[k], errors[k]);
    }
  });
  return read;
}

}  // namespace gtap
