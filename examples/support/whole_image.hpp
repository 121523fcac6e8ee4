#pragma once

#include <cstddef>
#include <string_view>

namespace support {

/// Whether an SVG file's content goes to its end.
inline bool is_whole_svg(std::string_view content) {
  const std::size_t end = content.find_last_not_of(" \r\n");
  return end != content.npos && content.substr(0, end + 1).ends_with("</svg>");
}

/// Whether a PNG file's content is chunks to its end, of which the last is IEND: four bytes of
/// length, four of name, the data, four of checksum.
inline bool is_whole_png(std::string_view content) {
  constexpr std::string_view signature("\x89PNG\r\n\x1a\n", 8);
  if (!content.starts_with(signature)) return false;
  content.remove_prefix(signature.size());
  while (content.size() >= 12) {
    std::size_t length = 0;
    for (const char byte : content.substr(0, 4))
      length = length << 8 | static_cast<unsigned char>(byte);
    if (content.size() - 12 < length) return false;
    const bool last = content.substr(4, 4) == "IEND";
    content.remove_prefix(12 + length);
    if (last) return content.empty();
  }
  return false;
}

}  // namespace support
