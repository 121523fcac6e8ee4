#pragma once

#include <gtap/core/error.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gtap::detail {

using Json = nlohmann::json;

/// Parses JSON of which every name of an object occurs once. Errors name `where`.
inline Json parse_json(const std::string& where, std::span<const std::uint8_t> bytes) {
  std::vector<std::set<std::string>> names;  // of the objects that are open
  const auto refuse_duplicates = [&](int, Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key &&
        !names.back().insert(parsed.get<std::string>()).second) {
      fail(where, "each name once", text(parsed.dump(), " twice"));
    }
    return true;
  };
  try {
    return Json::parse(bytes.begin(), bytes.end(), refuse_duplicates);
  } catch (const Json::exception& error) {
    fail(where, "JSON", error.what());
  }
}

inline Json parse_json(const std::string& where, const std::string& json) {
  return parse_json(where,
                    std::span(reinterpret_cast<const std::uint8_t*>(json.data()), json.size()));
}

/// The JSON as text; throws when a name or text in it is not UTF-8.
inline std::string dump_json(const std::string& where, const Json& json) {
  try {
    return json.dump();
  } catch (const Json::exception& error) {
    fail(where, "texts in UTF-8", error.what());
  }
}

/// An object with exactly these names.
inline void require_keys(const std::string& where, const Json& json,
                         std::initializer_list<std::string_view> keys) {
  if (!json.is_object()) fail(where, "a JSON object", json.type_name());
  for (const std::string_view key : keys) {
    if (!json.contains(key)) fail(where, text('"', key, '"'), "nothing of that name");
  }
  for (const auto& item : json.items()) {
    bool known = false;
    for (const std::string_view key : keys)
      known = known || key == item.key();
    if (!known) fail(where, "no other name", text('"', item.key(), '"'));
  }
}

/// A number below 2^63, without sign, fraction or exponent.
inline std::size_t json_size(const std::string& where, const Json& json) {
  if (!json.is_number_unsigned() || json.get<std::uint64_t>() >> 63 != 0) {
    fail(where, "a whole number from 0 to 2^63 - 1", json.dump().substr(0, 100));
  }
  return json.get<std::size_t>();
}

inline std::vector<std::size_t> json_sizes(const std::string& where, const Json& json) {
  if (!json.is_array()) fail(where, "a list of whole numbers", json.type_name());
  std::vector<std::size_t> sizes;
  for (const Json& entry : json)
    sizes.push_back(json_size(where, entry));
  return sizes;
}

inline std::string json_text(const std::string& where, const Json& json) {
  if (!json.is_string()) fail(where, "a text", json.type_name());
  return json.get<std::string>();
}

inline double json_number(const std::string& where, const Json& json) {
  if (!json.is_number()) fail(where, "a number", json.type_name());
  return json.get<double>();
}

inline bool json_bool(const std::string& where, const Json& json) {
  if (!json.is_boolean()) fail(where, "true or false", json.type_name());
  return json.get<bool>();
}

}  // namespace gtap::detail
