#pragma once

#include <cstdint>
#include <vector>

/// An IDX file of this type and shape, whatever the data.
inline std::vector<std::uint8_t> idx(std::uint8_t type, const std::vector<std::uint32_t>& shape,
                                     const std::vector<std::uint8_t>& data) {
  std::vector<std::uint8_t> file{0, 0, type, static_cast<std::uint8_t>(shape.size())};
  for (const std::uint32_t size : shape) {
    for (int shift = 24; shift >= 0; shift -= 8)
      file.push_back(static_cast<std::uint8_t>(size >> shift));
  }
  file.insert(file.end(), data.begin(), data.end());
  return file;
}
