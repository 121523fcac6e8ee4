#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/detail/json.hpp>
#include <gtap/io/stored_tensor.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

static_assert(std::endian::native == std::endian::little,
              "gtap: stored numbers are little-endian and copied as they are");

/// What a safetensors file holds: named tensors and named texts.
struct Safetensors {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;
};

namespace detail {

inline constexpr std::uint64_t largest_safetensors_header = 100'000'000;

/// Where the data of a tensor lies, checked against its type and shape but not yet against the
/// other tensors.
struct SafetensorsEntry {
  std::string name;
  Dtype dtype;
  std::vector<std::size_t> shape;
  std::uint64_t begin;
  std::uint64_t end;
};

inline SafetensorsEntry safetensors_entry(const std::string& where, const std::string& name,
                                          const Json& entry) {
  const std::string place = text(where, " tensor \"", name, '"');
  require_keys(place, entry, {"dtype", "shape", "data_offsets"});
  if (!entry["dtype"].is_string()) fail(place, "a dtype by name", entry["dtype"].dump());
  SafetensorsEntry read{.name = name,
                        .dtype = dtype_called(place, entry["dtype"].get<std::string>()),
                        .shape = json_sizes(place, entry["shape"]),
                        .begin = 0,
                        .end = 0};
  const std::vector<std::size_t> offsets = json_sizes(place, entry["data_offsets"]);
  if (offsets.size() != 2) fail(place, "2 data_offsets", text(offsets.size()));
  read.begin = offsets[0];
  read.end = offsets[1];
  if (read.end < read.begin) {
    fail(place, "data_offsets in order", text(read.begin, " to ", read.end));
  }
  const std::size_t bytes = stored_bytes(place, read.dtype, read.shape);
  if (read.end - read.begin != bytes) {
    fail(place, text(bytes, " bytes by its dtype and shape"), text(read.end - read.begin));
  }
  return read;
}

/// The data must be covered from its start to its end, without gap or overlap.
inline void require_covering(const std::string& where, std::vector<SafetensorsEntry>& entries,
                             std::uint64_t data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t covered = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != covered) {
      fail(text(where, " tensor \"", entry.name, '"'),
           text("data that begins at ", covered, ", where the one before ends"), text(entry.begin));
    }
    covered = entry.end;
  }
  if (covered != data_bytes) {
    fail(where, text(covered, " bytes of data by its header"), text(data_bytes));
  }
}

}  // namespace detail

/// Reads the bytes of a safetensors file. Whatever does not follow the format to the letter is
/// refused with a gtap::Error that names `where` and the tensor: a header longer than the file or
/// 100,000,000 bytes, JSON with a name twice, numbers that are no sizes, an unknown dtype, data of
/// another length than dtype and shape say, gaps and overlaps, bytes left over.
inline Safetensors parse_safetensors(const std::string& where,
                                     std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 8) {
    detail::fail(where, "a safetensors file", detail::text("only ", bytes.size(), " bytes"));
  }
  std::uint64_t length = 0;
  for (std::size_t k = 8; k-- > 0;)
    length = length << 8 | bytes[k];
  const std::uint64_t most =
      std::min<std::uint64_t>(bytes.size() - 8, detail::largest_safetensors_header);
  if (length > most) {
    detail::fail(where, detail::text("a header of at most ", most, " bytes"), detail::text(length));
  }
  const detail::Json header = detail::parse_json(where, bytes.subspan(8, length));
  const auto data = bytes.subspan(8 + length);
  if (!header.is_object()) detail::fail(where, "a header that is a JSON object", "something else");

  Safetensors file;
  std::vector<detail::SafetensorsEntry> entries;
  for (const auto& item : header.items()) {
    if (item.key() != "__metadata__") {
      entries.push_back(detail::safetensors_entry(where, item.key(), item.value()));
      continue;
    }
    if (!item.value().is_object()) {
      detail::fail(where, "__metadata__ that is a JSON object", "something else");
    }
    for (const auto& entry : item.value().items()) {
      if (!entry.value().is_string()) {
        detail::fail(where, "only texts in __metadata__",
                     detail::text("something else as \"", entry.key(), '"'));
      }
      file.metadata[entry.key()] = entry.value().get<std::string>();
    }
  }
  detail::require_covering(where, entries, data.size());
  for (detail::SafetensorsEntry& entry : entries) {
    const auto content = data.subspan(entry.begin, entry.end - entry.begin);
    file.tensors[entry.name] = {.dtype = entry.dtype,
                                .shape = std::move(entry.shape),
                                .bytes = {content.begin(), content.end()}};
  }
  return file;
}

/// Reads a safetensors file; see parse_safetensors.
inline Safetensors read_safetensors(const std::filesystem::path& path) {
  const std::string where = detail::file_place("read_safetensors", path.string());
  return parse_safetensors(where, detail::read_file(where, path.string()));
}

/// Writes a safetensors file in one step: after an error, what was there before is still there.
/// Throws gtap::Error when a tensor has not the bytes that its dtype and shape ask for.
inline void write_safetensors(const std::filesystem::path& path, const Safetensors& file) {
  const std::string where = detail::file_place("write_safetensors", path.string());
  detail::Json header = detail::Json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::size_t data = 0;
  for (const auto& item : file.tensors) {
    const StoredTensor& tensor = item.second;
    const std::string place = detail::text(where, " tensor \"", item.first, '"');
    if (item.first == "__metadata__") detail::fail(place, "another name", "the one of the texts");
    const std::size_t size = detail::stored_bytes(place, tensor.dtype, tensor.shape);
    if (tensor.bytes.size() != size) {
      detail::fail(place, detail::text(size, " bytes by its dtype and shape"),
                   detail::text(tensor.bytes.size()));
    }
    header[item.first] = {{"dtype", detail::dtype_name(tensor.dtype)},
                          {"shape", tensor.shape},
                          {"data_offsets", {data, data + size}}};
    data += size;
  }
  std::string text = detail::dump_json(where, header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > detail::largest_safetensors_header) {
    detail::fail(where,
                 detail::text("a header of at most ", detail::largest_safetensors_header, " bytes"),
                 detail::text(text.size()));
  }
  std::vector<std::uint8_t> bytes;
  bytes.reserve(8 + text.size() + data);
  for (int shift = 0; shift < 64; shift += 8)
    bytes.push_back(static_cast<std::uint8_t>(std::uint64_t{text.size()} >> shift));
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const auto& item : file.tensors)
    bytes.insert(bytes.end(), item.second.bytes.begin(), item.second.bytes.end());
  detail::write_file_atomically(where, path.string(), bytes);
}

}  // namespace gtap
