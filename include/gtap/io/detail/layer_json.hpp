#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/nn/layer.hpp>
#include <gtap/nn/shape.hpp>

#include <concepts>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <variant>

namespace gtap::detail {

// The settings of each layer by name; written once, for reading and writing. `visit` is called
// with a name and a reference to the setting.

template <class L, class Visit>
void visit_settings(L& layer, Visit&& visit) {
  using Plain = std::remove_const_t<L>;
  constexpr bool windowed =
      std::same_as<Plain, nn::MaxPool2d> || std::same_as<Plain, nn::AvgPool2d>;
  if constexpr (std::same_as<Plain, nn::Dense>) {
    visit("out", layer.out);
    visit("bias", layer.bias);
  } else if constexpr (std::same_as<Plain, nn::Conv2d>) {
    visit("out", layer.out);
    visit("kernel", layer.kernel);
    visit("stride", layer.stride);
    visit("padding", layer.padding);
    visit("groups", layer.groups);
    visit("bias", layer.bias);
  } else if constexpr (windowed) {
    visit("size", layer.size);
    visit("stride", layer.stride);
    visit("padding", layer.padding);
  } else if constexpr (std::same_as<Plain, nn::LeakyRelu>) {
    visit("slope", layer.slope);
  } else if constexpr (std::same_as<Plain, nn::BatchNorm>) {
    visit("epsilon", layer.epsilon);
    visit("momentum", layer.momentum);
  } else if constexpr (std::same_as<Plain, nn::Dropout>) {
    visit("drop", layer.drop);
  } else {
    static_assert(sizeof(Plain) == sizeof(nn::Relu), "gtap: a layer whose settings are not saved");
  }
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

/// {"kind": "conv", "out": 6, "kernel": [5, 5], ...}; the name stays with the node.
inline Json layer_json(const nn::Layer& layer) {
  Json json{{"kind", std::string(nn::kind_of(layer))}};
  std::visit(
      [&](const auto& settings) {
        visit_settings(settings, [&](const char* name, const auto& value) {
          json[name] = setting_json(value);
        });
      },
      layer);
  return json;
}

/// Makes `layer` the alternative of this kind, with default settings; false for an unknown kind.
template <std::size_t I = 0>
bool emplace_kind(nn::Layer& layer, const std::string& kind) {
  if constexpr (I < std::variant_size_v<nn::Layer>) {
    if (std::variant_alternative_t<I, nn::Layer>::kind != kind) {
      return emplace_kind<I + 1>(layer, kind);
    }
    layer.emplace<I>();
    return true;
  } else {
    return false;
  }
}

/// The layer of layer_json(); all its settings must be there, and nothing else.
inline nn::Layer read_layer(const std::string& where, const Json& json, const std::string& name) {
  if (!json.is_object() || !json.contains("kind")) fail(where, "a layer with a kind", json.dump());
  nn::Layer layer;
  const std::string kind = json_text(where, json["kind"]);
  if (!emplace_kind(layer, kind)) fail(where, "a kind of layer", text('"', kind, '"'));
  std::set<std::string> known{"kind"};
  std::visit(
      [&](auto& settings) {
        settings.name = name;
        visit_settings(settings, [&](const char* setting, auto& value) {
          if (!json.contains(setting)) fail(where, text('"', setting, '"'), "nothing of that name");
          read_setting(text(where, ' ', setting), json[setting], value);
          known.insert(setting);
        });
      },
      layer);
  for (const auto& item : json.items()) {
    if (!known.contains(item.key())) fail(where, "no other setting", text('"', item.key(), '"'));
  }
  return layer;
}

}  // namespace gtap::detail
