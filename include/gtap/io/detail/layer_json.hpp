#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/nn/layer.hpp>
#include <gtap/nn/layers.hpp>
#include <gtap/nn/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::detail {

inline Json setting_json(std::size_t value) {
  return value;
}
inline Json setting_json(bool value) {
  return value;
}
inline Json setting_json(double value) {
  return value;
}
inline Json setting_json(const nn::Extent& value) {
  return Json::array({value.height, value.width});
}
inline Json setting_json(const std::vector<std::int64_t>& value) {
  return value;
}

/// A size below 2^31, so that shapes can be computed without overflow.
inline std::size_t layer_size(const std::string& where, std::size_t size) {
  if (size >> 31 != 0) fail(where, "a size below 2^31", text(size));
  return size;
}
inline void read_setting(const std::string& where, const Json& json, std::size_t& value) {
  value = layer_size(where, json_size(where, json));
}
inline void read_setting(const std::string& where, const Json& json, bool& value) {
  value = json_bool(where, json);
}
inline void read_setting(const std::string& where, const Json& json, double& value) {
  value = json_number(where, json);
}
inline void read_setting(const std::string& where, const Json& json, nn::Extent& value) {
  const auto both = json_sizes(where, json);
  if (both.size() != 2) fail(where, "a height and a width", text(both.size(), " numbers"));
  value = {layer_size(where, both[0]), layer_size(where, both[1])};
}

/// -1 or more, each below 2^31.
inline void read_setting(const std::string& where, const Json& json,
                         std::vector<std::int64_t>& value) {
  if (!json.is_array()) fail(where, "a list of numbers", json.dump());
  value.clear();
  for (const Json& item : json) {
    const bool none = item == Json(-1);
    value.push_back(none ? -1
                         : static_cast<std::int64_t>(layer_size(where, json_size(where, item))));
  }
}

/// A visitor of settings that calls f(name, value).
template <class F>
class SettingsCalled final : public nn::detail::SettingVisitor {
 public:
  explicit SettingsCalled(F f) : f_(std::move(f)) {}
  void operator()(const char* name, std::size_t& value) override { f_(name, value); }
  void operator()(const char* name, double& value) override { f_(name, value); }
  void operator()(const char* name, bool& value) override { f_(name, value); }
  void operator()(const char* name, nn::Extent& value) override { f_(name, value); }
  void operator()(const char* name, std::vector<std::int64_t>& value) override { f_(name, value); }

 private:
  F f_;
};

/// Settings that a file may leave out, and what they then are.
inline std::map<std::string, Json> rare_settings() {
  return {{"dilation", setting_json(nn::Extent(1))},
          {"extra", setting_json(nn::Extent(0))},
          {"count_padding", setting_json(true)}};
}

/// {"kind": "conv", "out": 6, "kernel": [5, 5], ...}; the name stays with the node.
template <class T>
Json layer_json(nn::Layer<T> layer) {
  Json json{{"kind", std::string(layer.kind())}};
  SettingsCalled write(
      [&](const char* name, const auto& value) { json[name] = setting_json(value); });
  layer.visit_settings(write);
  // What a layer seldom has is written only where it has it.
  for (const auto& item : rare_settings()) {
    if (json.value(item.first, Json()) == item.second) json.erase(item.first);
  }
  return json;
}

/// A layer of this kind with default settings, or one of the user's own; none for an unknown kind.
template <class T>
std::optional<nn::Layer<T>> layer_of_kind(const std::string& kind,
                                          std::span<const nn::Layer<T>> own) {
  std::optional<nn::Layer<T>> found;
  for (const nn::Layer<T>& one : own) {
    if (!found && one.kind() == kind) found = one;
  }
  nn::for_each_kind([&](auto layer) {
    if (layer.kind == kind) found = std::move(layer);
  });
  return found;
}

/// The layer of layer_json(); all its settings must be there, and nothing else. `own` are the
/// user's layers that may be met.
template <class T>
nn::Layer<T> read_layer(const std::string& where, const Json& json, const std::string& name,
                        std::span<const nn::Layer<T>> own = {}) {
  if (!json.is_object() || !json.contains("kind")) fail(where, "a layer with a kind", json.dump());
  const std::string kind = json_text(where, json["kind"]);
  std::optional<nn::Layer<T>> layer = layer_of_kind(kind, own);
  if (!layer) fail(where, "a kind of layer", text('"', kind, '"'));
  layer->set_name(name);
  std::set<std::string> known{"kind"};
  SettingsCalled read([&](const char* setting, auto& value) {
    known.insert(setting);
    if (!json.contains(setting)) {
      if (rare_settings().contains(setting)) return;
      fail(where, text('"', setting, '"'), "nothing of that name");
    }
    read_setting(text(where, ' ', setting), json[setting], value);
  });
  layer->visit_settings(read);
  for (const auto& item : json.items()) {
    if (!known.contains(item.key())) fail(where, "no other setting", text('"', item.key(), '"'));
  }
  return *std::move(layer);
}

}  // namespace gtap::detail
