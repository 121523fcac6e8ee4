#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/detail/onnx_tensor.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <system_error>
#include <vector>

namespace gtap::detail {

/// A size that ONNX writes as text, or 0 where it is left out.
inline std::uint64_t external_size(const std::string& where,
                                   const std::map<std::string, std::string>& entries,
                                   const std::string& name) {
  const auto found = entries.find(name);
  if (found == entries.end()) return 0;
  std::uint64_t value = 0;
  const char* const end = found->second.data() + found->second.size();
  const auto read = std::from_chars(found->second.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) {
    fail(where, text("a number as ", name), quote_name(found->second));
  }
  return value;
}

/// A file beside the model: a relative path that goes neither up nor through a link, so that a
/// model reads nothing that it was not shipped with.
inline std::filesystem::path external_path(const std::string& where,
                                           const std::filesystem::path& folder,
                                           const std::string& location) {
  const std::filesystem::path relative(location);
  const std::string named = text("external data in ", quote_name(location));
  const bool empty = location.empty() || location.find('\0') != std::string::npos;
  if (empty || relative.is_absolute() || relative.has_root_path()) {
    fail(where, "external data in a file beside the model", named);
  }
  std::filesystem::path path = folder.empty() ? "." : folder;
  for (const std::filesystem::path& part : relative) {
    if (part == "..") fail(where, "external data below the model's folder", named);
    path /= part;
    std::error_code failure;
    if (std::filesystem::is_symlink(path, failure)) {
      fail(where, "external data in a file, through no link", named);
    }
  }
  return path;
}

/// The bytes of a tensor that are in another file.
inline std::vector<std::uint8_t> read_external(const std::string& where,
                                               const std::filesystem::path& folder,
                                               const std::map<std::string, std::string>& entries,
                                               std::size_t bytes) {
  const auto location = entries.find("location");
  const auto path = external_path(where, folder, location == entries.end() ? "" : location->second);
  const std::uint64_t offset = external_size(where, entries, "offset");
  if (entries.contains("length") && external_size(where, entries, "length") != bytes) {
    fail(where, text(bytes, " bytes of external data"),
         text(external_size(where, entries, "length")));
  }
  std::error_code failure;
  const bool regular = std::filesystem::is_regular_file(path, failure);
  const std::uint64_t size = regular ? std::filesystem::file_size(path, failure) : 0;
  if (!regular || failure || offset > size || bytes > size - offset ||
      offset > static_cast<std::uint64_t>(std::numeric_limits<long>::max())) {
    fail(where, text(bytes, " bytes from byte ", offset, " on in ", quote_name(path.string())),
         regular ? text("a file of ", size) : "no such file");
  }
  const FileHandle file(std::fopen(path.string().c_str(), "rb"));
  std::vector<std::uint8_t> content(bytes);
  if (!file || std::fseek(file.get(), static_cast<long>(offset), SEEK_SET) != 0 ||
      std::fread(content.data(), 1, bytes, file.get()) != bytes) {
    fail(where, text("a readable file ", quote_name(path.string())), last_system_error());
  }
  return content;
}

}  // namespace gtap::detail
