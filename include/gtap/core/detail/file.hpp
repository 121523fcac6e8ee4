#pragma once

#include <gtap/core/error.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <vector>
#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace gtap::detail {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

// Not <filesystem>, which every file that includes an estimator would compile.

/// "read_idx(/data/train-images.gz)": the place that errors about a file name.
inline std::string file_place(std::string_view function, const std::string& path) {
  return text(function, '(', path, ')');
}

/// What the action returns; its gtap::Error gets `where` in front.
template <class Action>
auto at_place(const std::string& where, Action&& action) {
  try {
    return action();
  } catch (const Error& error) {
    throw Error(text(where, ' ', error.what()));
  }
}

inline std::string last_system_error() {
  return std::generic_category().message(errno);
}

inline bool file_exists(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0;
}

/// All bytes of a file. Throws gtap::Error, naming `where`, when it cannot be read to its end.
inline std::vector<std::uint8_t> read_file(std::string_view where, const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) fail(where, "a readable file", last_system_error());
  if ((about.st_mode & S_IFMT) != S_IFREG) {
    fail(where, "a readable file", "something that is no regular file");
  }
  const FileHandle file(std::fopen(path.c_str(), "rb"));
  if (!file) fail(where, "a readable file", last_system_error());
  const auto size = static_cast<std::size_t>(about.st_size);
  std::vector<std::uint8_t> bytes(size);
  const std::size_t came = std::fread(bytes.data(), 1, bytes.size(), file.get());
  if (came != bytes.size()) {
    fail(where, text(bytes.size(), " bytes"), text(came, " before reading failed"));
  }
  return bytes;
}

/// Waits until what was written is on the disk, where the system can be asked for that.
inline bool reach_disk([[maybe_unused]] std::FILE* file) {
#if __has_include(<unistd.h>)
  return ::fsync(::fileno(file)) == 0;
#else
  return true;
#endif
}

/// Gives a file another one's name, as one step where the system can do that.
inline bool replace_file(const std::string& from, const std::string& to) {
#if defined(_WIN32)
  std::remove(to.c_str());
#endif
  return std::rename(from.c_str(), to.c_str()) == 0;
}

/// Replaces a file as one step: the bytes go to a temporary file beside it, reach the disk, and
/// the temporary takes the file's name. A reader sees the old bytes or the new ones, and after an
/// error the old file is as it was.
inline void write_file_atomically(std::string_view where, const std::string& path,
                                  std::span<const std::uint8_t> bytes) {
  // Another process may write the same file: "x" opens only what is not there yet.
  const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count();
  std::string temporary;
  FileHandle file;
  for (unsigned attempt = 0; !file && attempt < 100; ++attempt) {
    temporary = text(path, ".tmp", ticks, '.', attempt);
    file.reset(std::fopen(temporary.c_str(), "wbx"));
    if (!file && errno != EEXIST) break;
  }
  if (!file) fail(where, "a folder that can be written to", last_system_error());

  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() &&
                       std::fflush(file.get()) == 0 && reach_disk(file.get());
  std::string reason = written ? std::string() : last_system_error();
  file.reset();  // some systems rename no open file
  if (reason.empty() && !replace_file(temporary, path)) reason = last_system_error();
  if (!reason.empty()) {
    std::remove(temporary.c_str());
    fail(where, text("a file of ", bytes.size(), " bytes written"), reason);
  }
}

}  // namespace gtap::detail
