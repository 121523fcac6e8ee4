#pragma once

#include <gtap/core/error.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace gtap::detail {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

/// "read_idx(/data/train-images.gz)": the place that errors about a file name.
inline std::string file_place(std::string_view function, const std::filesystem::path& path) {
  return text(function, '(', path.string(), ')');
}

inline std::string last_system_error() {
  return std::generic_category().message(errno);
}

/// Replaces a file as one step: the bytes go to a temporary file beside it, reach the disk, and
/// the temporary takes the file's name. A reader sees the old bytes or the new ones, and after an
/// error the old file is as it was.
inline void write_file_atomically(std::string_view where, const std::filesystem::path& path,
                                  std::span<const std::uint8_t> bytes) {
  // Not mkstemp: its file would stay closed to everyone but its owner.
  std::string temporary;
  int descriptor = -1;
  for (unsigned attempt = 0; descriptor < 0 && attempt < 100; ++attempt) {
    temporary = text(path.string(), ".tmp", ::getpid(), '.', attempt);
    descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno != EEXIST) break;
  }
  if (descriptor < 0) fail(where, "a folder that can be written to", last_system_error());

  FileHandle file(::fdopen(descriptor, "wb"));
  const bool written = file &&
                       std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() &&
                       std::fflush(file.get()) == 0 && ::fsync(descriptor) == 0;
  if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) {
    const std::string reason = last_system_error();
    ::unlink(temporary.c_str());
    fail(where, text("a file of ", bytes.size(), " bytes written"), reason);
  }
}

}  // namespace gtap::detail
