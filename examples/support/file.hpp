#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace support {

inline std::filesystem::path part_of(const std::filesystem::path& path) {
  return path.string() + ".part";
}

/// Whether another file may take this one's place; not that of a link or of /dev/stdout.
inline bool is_replaceable(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_type type = std::filesystem::symlink_status(path, error).type();
  return type == std::filesystem::file_type::not_found ||
         type == std::filesystem::file_type::regular;
}

/// Writes a whole file or nothing: to a temporary file beside the target, which then takes its
/// place. What must not be replaced is written to as it is.
inline void write_file(const std::filesystem::path& path, const std::string& content) {
  const bool whole = is_replaceable(path);
  const std::filesystem::path target = whole ? part_of(path) : path;
  std::ofstream out(target, std::ios::binary);
  out << content;
  out.close();
  std::error_code error;
  if (out && whole) std::filesystem::rename(target, path, error);
  if (out && !error) return;
  if (whole) std::filesystem::remove(target, error);
  throw std::runtime_error(path.string() +
                           ": expected a file that can be written, got an error while writing");
}

/// What keeps write_file from writing there, or nothing: an option's check, so that it is known
/// before any work. A file that is there stays as it is.
inline std::string not_writable(const std::string& path) {
  std::error_code error;
  bool writable = false;
  if (is_replaceable(path)) {
    writable = static_cast<bool>(std::ofstream(part_of(path)));
    std::filesystem::remove(part_of(path), error);
  } else {
    writable = static_cast<bool>(std::ofstream(path, std::ios::app));
  }
  return writable ? "" : "cannot write " + path;
}

}  // namespace support
