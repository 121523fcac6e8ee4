#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/detail/labels.hpp>
#include <gtap/core/error.hpp>
#include <gtap/estimators/estimate.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gtap {

namespace detail {

/// The shortest digits that read back as the same number, whatever the locale.
inline std::string number_text(double value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return {digits, end};
}

/// A CSV field, quoted where RFC 4180 asks for it.
inline std::string csv_field(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace detail

/// An estimate as CSV, one line a player in order: player, label, value, standard_error, the
/// ends of its 95% interval, and data_error if the estimate has them. Labels may be left out, and
/// their column is then.
inline std::string estimate_csv(const Estimate& estimate,
                                std::span<const std::string> labels = {}) {
  detail::require_labels("estimate_csv", estimate.players(), labels);
  std::string csv = "player,";
  if (!labels.empty()) csv += "label,";
  csv += "value,standard_error,low95,high95";
  csv += estimate.data_errors.empty() ? "\n" : ",data_error\n";
  for (std::size_t p = 0; p < estimate.players(); ++p) {
    const Estimate::Interval interval = estimate.interval(static_cast<Player>(p));
    csv += std::to_string(p) + ',';
    if (!labels.empty()) csv += detail::csv_field(labels[p]) + ',';
    csv += detail::number_text(estimate.values[p]) + ',';
    csv += detail::number_text(estimate.standard_errors[p]) + ',';
    csv += detail::number_text(interval.low) + ',';
    csv += detail::number_text(interval.high);
    if (!estimate.data_errors.empty()) csv += ',' + detail::number_text(estimate.data_errors[p]);
    csv += '\n';
  }
  return csv;
}

/// Writes estimate_csv() to a file, in one step. Throws gtap::Error when labels are not as many as
/// players, and when the file cannot be written.
inline void save_estimate_csv(const std::string& path, const Estimate& estimate,
                              std::span<const std::string> labels = {}) {
  const std::string csv = estimate_csv(estimate, labels);
  detail::write_file_atomically(
      detail::file_place("save_estimate_csv", path), path,
      std::span(reinterpret_cast<const std::uint8_t*>(csv.data()), csv.size()));
}

}  // namespace gtap
