#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/nn/layer.hpp>
#include <gtap/nn/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace gtap::detail {

/// Calls visit(name, reference) for each setting of a layer but its name.
template <class L, class Visit>
void visit_settings(L& layer, Visit&& visit) {
  using Plain = std::remove_const_t<L>;
  if constexpr (requires { Plain::settings(layer, visit); }) Plain::settings(layer, visit);
}

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

/// {"kind": "conv", "out": 6, "kernel": [5, 5], ...}; the name stays with the node.
inline Json layer_json(const nn::Layer& layer) {
  Json json{{"kind", std::string(nn::kind_of(layer))}};
  std::visit(
      [&](const auto& settings) {
        visit_settings(settings, [&](const char* name, const auto& value) {
          json[name] = setting_json(value);
        });
        // A convolution without holes is written as ever.
        if (json.value("dilation", Json()) == setting_json(nn::Extent(1))) json.erase("dilation");
      },
      layer);
  return json;
}

/// Makes `layer` the alternative of this kind, with default settings, or one of the user's own;
/// false for an unknown kind.
template <std::size_t I = 0>
bool emplace_kind(nn::Layer& layer, const std::string& kind, std::span<const nn::OwnLayer> own) {
  if constexpr (I + 1 < std::variant_size_v<nn::Layer>) {
    if (std::variant_alternative_t<I, nn::Layer>::kind != kind) {
      return emplace_kind<I + 1>(layer, kind, own);
    }
    layer.emplace<I>();
    return true;
  } else {
    static_assert(std::is_same_v<std::variant_alternative_t<I, nn::Layer>, nn::OwnLayer>);
    for (const nn::OwnLayer& one : own) {
      if (one.kind != kind) continue;
      layer = one;
      return true;
    }
    return false;
  }
}

/// The layer of layer_json(); all its settings must be there, and nothing else. `own` are the
/// user's layers that may be met.
inline nn::Layer read_layer(const std::string& where, const Json& json, const std::string& name,
                            std::span<const nn::OwnLayer> own = {}) {
  if (!json.is_object() || !json.contains("kind")) fail(where, "a layer with a kind", json.dump());
  nn::Layer layer;
  const std::string kind = json_text(where, json["kind"]);
  if (!emplace_kind(layer, kind, own)) fail(where, "a kind of layer", text('"', kind, '"'));
  std::set<std::string> known{"kind"};
  std::visit(
      [&](auto& settings) {
        settings.name = name;
        visit_settings(settings, [&](const char* setting, auto& value) {
          known.insert(setting);
          if (!json.contains(setting)) {
            if (std::string_view(setting) == "dilation") return;
            fail(where, text('"', setting, '"'), "nothing of that name");
          }
          read_setting(text(where, ' ', setting), json[setting], value);
        });
      },
      layer);
  for (const auto& item : json.items()) {
    if (!known.contains(item.key())) fail(where, "no other setting", text('"', item.key(), '"'));
  }
  return layer;
}

}  // namespace gtap::detail
