#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/io/safetensors.hpp>
#include <gtap/io/stored_tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gtap::detail {

// What the readers of gtap's own files ask of a safetensors file. Errors name `where`.

/// The JSON text of this name in a file's metadata, whose "format" must be 1.
inline Json metadata_json(const std::string& where, const Safetensors& file,
                          const std::string& name) {
  const auto found = file.metadata.find(name);
  if (found == file.metadata.end()) {
    fail(where, text('"', name, "\" in the file's __metadata__"), "nothing of that name");
  }
  Json json = parse_json(text(where, ' ', name), found->second);
  if (!json.is_object() || !json.contains("format") || json["format"] != 1) {
    fail(text(where, ' ', name), "format 1",
         json.is_object() && json.contains("format") ? json["format"].dump() : "none");
  }
  return json;
}

/// "6x1x5x5"; a number without dimensions is "a single number".
inline std::string shape_text(const std::vector<std::size_t>& shape) {
  std::string written;
  for (const std::size_t size : shape)
    written += text(written.empty() ? "" : "x", size);
  return written.empty() ? "a single number" : written;
}

/// What a file has instead of the tensor that it lacks: names that end with the one asked for come
/// first, since a prefix such as "module." or "model." is the usual reason.
inline std::string missing_text(const Safetensors& file, const std::string& name) {
  constexpr std::size_t most = 6;
  if (file.tensors.empty()) return "no tensor at all";
  std::vector<std::string> names;
  for (const bool prefixed : {true, false}) {
    for (const auto& item : file.tensors)
      if (item.first.ends_with('.' + name) == prefixed) names.push_back(item.first);
  }
  std::string list;
  for (std::size_t k = 0; k < std::min(most, names.size()); ++k)
    list += text(k == 0 ? "" : ", ", '"', names[k], '"');
  if (names.size() > most) list += text(" and ", names.size() - most, " more");
  return text("no tensor of this name among ", list);
}

/// The tensor of this name, which must have this shape.
inline const StoredTensor& stored_tensor(const std::string& where, const Safetensors& file,
                                         const std::string& name,
                                         const std::vector<std::size_t>& shape) {
  const auto found = file.tensors.find(name);
  const bool there = found != file.tensors.end();
  if (!there || found->second.shape != shape) {
    fail(text(where, " tensor \"", name, '"'), text("shape ", shape_text(shape)),
         there ? shape_text(found->second.shape) : missing_text(file, name));
  }
  return found->second;
}

/// The tensor of this name, which must have one dimension, of any length.
inline const StoredTensor& stored_list(const std::string& where, const Safetensors& file,
                                       const std::string& name) {
  const auto found = file.tensors.find(name);
  const bool there = found != file.tensors.end();
  if (!there || found->second.shape.size() != 1) {
    fail(text(where, " tensor \"", name, '"'), "1 dimension",
         there ? text("shape ", shape_text(found->second.shape)) : missing_text(file, name));
  }
  return found->second;
}

template <StoredNumber T>
std::vector<T> stored_values(const std::string& where, const Safetensors& file,
                             const std::string& name) {
  return stored_list(where, file, name).template values<T>(text(where, " tensor \"", name, '"'));
}

/// The values of the tensor of this name and shape.
template <StoredNumber T>
std::vector<T> stored_values(const std::string& where, const Safetensors& file,
                             const std::string& name, const std::vector<std::size_t>& shape) {
  return stored_tensor(where, file, name, shape)
      .template values<T>(text(where, " tensor \"", name, '"'));
}

/// The values of a tensor of BOOL, each 0 or 1.
inline const std::vector<std::uint8_t>& stored_flags(const std::string& where,
                                                     const std::string& name,
                                                     const StoredTensor& tensor) {
  const std::string place = text(where, " tensor \"", name, '"');
  if (tensor.dtype != Dtype::boolean) {
    fail(place, "dtype BOOL", std::string(dtype_name(tensor.dtype)));
  }
  for (std::size_t k = 0; k < tensor.bytes.size(); ++k) {
    if (tensor.bytes[k] > 1) fail(place, "0 or 1", text(int{tensor.bytes[k]}, " at ", k));
  }
  return tensor.bytes;
}

}  // namespace gtap::detail
