#pragma once

#include <gtap/core/atomic_file.hpp>
#include <gtap/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace gtap::detail {

/// What the action returns; its gtap::Error gets `where` in front.
template <class Action>
auto at_place(const std::string& where, Action&& action) {
  try {
    return action();
  } catch (const Error& error) {
    throw Error(text(where, ' ', error.what()));
  }
}

/// All bytes of a file. Throws gtap::Error, naming `where`, when it cannot be read to its end.
inline std::vector<std::uint8_t> read_file(std::string_view where,
                                           const std::filesystem::path& path) {
  std::error_code failure;
  const bool regular = std::filesystem::is_regular_file(path, failure);
  if (failure) fail(where, "a readable file", failure.message());
  if (!regular) fail(where, "a readable file", "something that is no regular file");
  const FileHandle file(std::fopen(path.c_str(), "rb"));
  if (!file) fail(where, "a readable file", last_system_error());
  const auto size = std::filesystem::file_size(path, failure);
  if (failure) fail(where, "a readable file", failure.message());
  std::vector<std::uint8_t> bytes(size);
  const std::size_t came = std::fread(bytes.data(), 1, bytes.size(), file.get());
  if (came != bytes.size()) {
    fail(where, text(bytes.size(), " bytes"), text(came, " before reading failed"));
  }
  return bytes;
}

}  // namespace gtap::detail
