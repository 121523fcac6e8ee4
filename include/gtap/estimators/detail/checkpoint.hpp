#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace gtap::detail {

inline constexpr std::string_view checkpoint_magic = "gtap checkpoint 2\n";

inline std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t sum = 0xCBF29CE484222325u;  // FNV-1a
  for (const char byte : bytes)
    sum = (sum ^ static_cast<unsigned char>(byte)) * 0x100000001B3u;
  return sum;
}

/// Replaces the file by magic, checksum and payload: a reader finds the whole last state or the
/// whole one before, even when this process or the machine dies while it is written.
inline void write_checkpoint(const std::string& path, std::string_view payload) {
  const std::uint64_t sum = checksum(payload);
  std::vector<std::uint8_t> bytes(checkpoint_magic.begin(), checkpoint_magic.end());
  const auto* const sum_bytes = reinterpret_cast<const std::uint8_t*>(&sum);
  bytes.insert(bytes.end(), sum_bytes, sum_bytes + sizeof sum);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  write_file_atomically(file_place("checkpoint", path), path, bytes);
}

/// The payload of a checkpoint file; gtap::Error when it is not one, or damaged.
inline std::string read_checkpoint(const std::string& path) {
  const std::vector<std::uint8_t> read = read_file(file_place("checkpoint", path), path);
  std::string bytes(read.begin(), read.end());
  if (!std::string_view(bytes).starts_with(checkpoint_magic)) {
    fail("checkpoint", text("a gtap checkpoint in ", path), "something else");
  }
  std::uint64_t sum = 0;
  if (bytes.size() >= checkpoint_magic.size() + sizeof sum)
    std::memcpy(&sum, bytes.data() + checkpoint_magic.size(), sizeof sum);
  bytes.erase(0, std::min(bytes.size(), checkpoint_magic.size() + sizeof sum));
  if (checksum(bytes) != sum)
    fail("checkpoint", text("a whole checkpoint in ", path), "a damaged one");
  return bytes;
}

}  // namespace gtap::detail
