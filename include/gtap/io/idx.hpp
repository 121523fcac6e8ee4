#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>
#include <gtap/io/detail/gzip.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace gtap {

/// An array of unsigned bytes, last dimension innermost, as an IDX file holds it.
struct IdxArray {
  std::vector<std::size_t> shape;
  std::vector<std::uint8_t> bytes;
};

/// Images ([image][row][column], 0 is background) and the label of each.
struct IdxImages {
  IdxArray images;
  std::vector<std::uint8_t> labels;
};

namespace detail {

inline const char* idx_type_name(std::uint8_t type) {
  switch (type) {
    case 0x08:
      return "unsigned byte";
    case 0x09:
      return "signed byte";
    case 0x0B:
      return "short";
    case 0x0C:
      return "int";
    case 0x0D:
      return "float";
    case 0x0E:
      return "double";
    default:
      return "unknown";
  }
}

/// Reads the sizes, and refuses those whose product is past what the content can hold.
inline std::vector<std::size_t> read_idx_shape(ContentReader& content, std::size_t rank) {
  std::vector<std::size_t> shape(rank);
  std::uint64_t product = 1;
  bool too_large = false;
  for (auto& size : shape) {
    std::array<std::uint8_t, 4> big_endian{};
    if (content.read(big_endian) != 4) {
      content.refuse(text(rank, " sizes"), "a file that ends before");
    }
    std::uint64_t value = 0;
    for (const std::uint8_t byte : big_endian)
      value = value << 8 | byte;
    size = static_cast<std::size_t>(value);
    too_large = too_large || (value != 0 && product > content.longest_content() / value);
    if (!too_large) product *= value;
  }
  if (too_large) {
    std::string sizes;
    for (const std::size_t size : shape)
      sizes += text(sizes.empty() ? "" : "x", size);
    content.refuse(text("at most the ", content.longest_content(), " bytes that the file can hold"),
                   text("sizes ", sizes));
  }
  return shape;
}

/// Reads exactly `count` bytes. Memory grows with what is there, not with what a header claims.
inline std::vector<std::uint8_t> read_exactly(ContentReader& content, std::size_t count) {
  constexpr std::size_t step = std::size_t{1} << 26;
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < count) {
    const std::size_t before = bytes.size();
    bytes.resize(before + std::min(step, count - before));
    const std::size_t came = content.read(std::span(bytes).subspan(before));
    if (before + came != bytes.size()) {
      content.refuse(text(count, " bytes of data"), text(before + came));
    }
  }
  std::array<std::uint8_t, 1> more{};
  if (content.read(more) != 0) {
    content.refuse(text(count, " bytes of data"), "more bytes after them");
  }
  return bytes;
}

}  // namespace detail

/// Reads an IDX file of unsigned bytes (the format of MNIST), gzip or plain by its first bytes.
/// Throws gtap::Error for a missing, truncated, overlong or damaged file, another type, and
/// another rank (number of dimensions) than asked for. Safe to call from several threads.
inline IdxArray read_idx(const std::filesystem::path& path, std::size_t rank) {
  const std::string where = detail::file_place("read_idx", path.string());
  const auto file = detail::read_file(where, path.string());
  detail::ContentReader content(where, file);

  std::array<std::uint8_t, 4> magic{};
  const std::size_t came = content.read(magic);
  if (came != 4) content.refuse("an IDX file", detail::text("only ", came, " bytes"));
  if (magic[0] != 0 || magic[1] != 0) {
    content.refuse("an IDX file, which starts with two zero bytes",
                   detail::text("bytes ", int{magic[0]}, " and ", int{magic[1]}));
  }
  if (magic[2] != 0x08) {
    content.refuse("type 8 (unsigned byte)", detail::text("type ", int{magic[2]}, " (",
                                                          detail::idx_type_name(magic[2]), ')'));
  }
  if (magic[3] != rank) {
    content.refuse(detail::text(rank, rank == 1 ? " dimension" : " dimensions"),
                   detail::text(int{magic[3]}));
  }
  IdxArray array;
  array.shape = detail::read_idx_shape(content, rank);
  std::size_t count = 1;
  for (const std::size_t size : array.shape)
    count *= size;
  array.bytes = detail::read_exactly(content, count);
  return array;
}

/// Reads a file of images (rank 3) and the file of their labels (rank 1).
/// Throws gtap::Error as read_idx does, for no images, and when the two differ in number.
inline IdxImages read_idx_images(const std::filesystem::path& images,
                                 const std::filesystem::path& labels) {
  IdxImages set{read_idx(images, 3), read_idx(labels, 1).bytes};
  if (set.images.bytes.empty()) {
    detail::fail(detail::file_place("read_idx_images", images.string()),
                 "at least one image of one pixel", "none");
  }
  if (set.labels.size() != set.images.shape[0]) {
    detail::fail(
        detail::file_place("read_idx_images", labels.string()),
        detail::text(set.images.shape[0], " labels, one for each image of ", images.string()),
        detail::text(set.labels.size()));
  }
  return set;
}

}  // namespace gtap
