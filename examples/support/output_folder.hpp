#pragma once

#include <gtap/core/error.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace support {

/// Writes a whole file or nothing: to a temporary file beside the target, which then takes its
/// place.
inline void write_file(const std::filesystem::path& path, const std::string& content) {
  const std::filesystem::path temporary = path.string() + ".part";
  std::ofstream out(temporary, std::ios::binary);
  out << content;
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(temporary, path, error);
  if (!out || error) {
    std::filesystem::remove(temporary, error);
    gtap::detail::fail(path.string(), "a file that can be written", "an error while writing");
  }
}

/// The folder that a program writes to; made, and proved to be writable, before any work.
class OutputFolder {
 public:
  explicit OutputFolder(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code error;
    std::filesystem::create_directories(path_, error);
    if (error || !std::filesystem::is_directory(path_)) {
      gtap::detail::fail(path_.string(), "a folder that can be made", error.message());
    }
    write_file(path_ / ".writable", "");
    std::filesystem::remove(path_ / ".writable");
  }

  void write(const std::string& name, const std::string& content) const {
    write_file(path_ / name, content);
  }

  /// Draws `name`.svg and `name`.png with gnuplot, from a script that sets everything but the
  /// terminal and is kept as `name`.gp. False where gnuplot is missing or fails.
  bool plot(const std::string& name, const std::string& script) const {
    const std::string base = (path_ / name).string();
    write(name + ".gp", "set terminal svg size 900,540 dynamic background 'white'\nset output '" +
                            base + ".svg.part'\n" + script +
                            "set terminal pngcairo size 1350,810 fontscale 1.4\n" + "set output '" +
                            base + ".png.part'\nreplot\nset output\n");
    const bool drawn = std::system(("gnuplot '" + base + ".gp' 2>/dev/null").c_str()) == 0;
    for (const char* extension : {".svg", ".png"}) {
      std::error_code error;
      if (drawn) {
        std::filesystem::rename(base + extension + ".part", base + extension, error);
      } else {
        std::filesystem::remove(base + extension + ".part", error);
      }
    }
    return drawn;
  }

  std::string string() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace support
