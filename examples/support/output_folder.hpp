#pragma once

#include "file.hpp"
#include "whole_image.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace support {

/// The folder that a program writes to; made, and proved to be writable, before any work.
class OutputFolder {
 public:
  explicit OutputFolder(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code error;
    std::filesystem::create_directories(path_, error);
    if (error || !std::filesystem::is_directory(path_)) {
      throw std::runtime_error(path_.string() + ": expected a folder that can be made, got " +
                               error.message());
    }
    write_file(path_ / ".writable", "");
    std::filesystem::remove(path_ / ".writable");
  }

  void write(const std::string& name, const std::string& content) const {
    write_file(path_ / name, content);
  }

  /// Draws `name`.svg and `name`.png with gnuplot, from a script that sets everything but the
  /// terminal and is kept as `name`.gp. Both or none: false where gnuplot is missing or fails, or
  /// writes only a part, which it does not tell on a full disk.
  bool plot(const std::string& name, const std::string& script) const {
    const std::string base = (path_ / name).string();
    write(name + ".gp", "set terminal svg size 900,540 dynamic background 'white'\nset output " +
                            quoted(base + ".svg.part", "''") + '\n' + script +
                            "set terminal pngcairo size 1350,810 fontscale 1.4\nset output " +
                            quoted(base + ".png.part", "''") + "\nreplot\nset output\n");
    const std::string command = "gnuplot " + quoted(base + ".gp", "'\\''") + " 2>/dev/null";
    bool drawn = std::system(command.c_str()) == 0 && is_whole_svg(read(base + ".svg.part")) &&
                 is_whole_png(read(base + ".png.part"));
    for (const char* extension : {".svg", ".png"}) {
      std::error_code error;
      if (drawn) std::filesystem::rename(base + extension + ".part", base + extension, error);
      drawn = drawn && !error;
      std::filesystem::remove(base + extension + ".part", error);
    }
    return drawn;
  }

  std::string string() const { return path_.string(); }

 private:
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  /// In single quotes, as gnuplot ("''" for one inside) or a shell reads it.
  static std::string quoted(const std::string& text, const std::string& quote_inside) {
    std::string result = "'";
    for (const char c : text)
      result += c == '\'' ? quote_inside : std::string(1, c);
    return result + "'";
  }

  std::filesystem::path path_;
};

}  // namespace support
