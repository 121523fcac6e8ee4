#pragma once

#include <cstdio>
#include <string>

namespace support {

/// A number with the words around it, by a format of std::printf.
inline std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace support
