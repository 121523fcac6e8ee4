#pragma once

#include <gtap/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <zlib.h>

namespace gtap::detail {

/// The content of a file's bytes, read from front to back: inflated when they start with gzip's
/// magic number, else as they are. The bytes must outlive it. Errors name `where`.
class ContentReader {
 public:
  ContentReader(std::string where, std::span<const std::uint8_t> bytes)
      : where_(std::move(where)),
        bytes_(bytes),
        gzip_(bytes.size() >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B) {
    if (gzip_ && inflateInit2(&stream_, window_bits) != Z_OK) {
      fail(where_, "memory to read gzip", "none");
    }
  }
  ContentReader(const ContentReader&) = delete;
  ContentReader& operator=(const ContentReader&) = delete;
  ~ContentReader() {
    if (gzip_) inflateEnd(&stream_);
  }

  /// No content is longer than this many bytes: deflate spends two bits at least on 258 bytes.
  std::uint64_t longest_content() const {
    return std::uint64_t{bytes_.size()} * (gzip_ ? 258 * 4 : 1);
  }

  /// Fills `out` as far as the content goes and returns how much came.
  std::size_t read(std::span<std::uint8_t> out) { return gzip_ ? read_gzip(out) : read_plain(out); }

  /// Throws the Error that what was read is not what was expected; or that gzip's checksum calls it
  /// damaged, for which all of it is read: then what it says is not what was written.
  [[noreturn]] void refuse(std::string_view expected, std::string_view came) {
    if (gzip_) {
      std::vector<std::uint8_t> unread(std::size_t{1} << 16);
      while (read(unread) == unread.size()) {
      }
    }
    fail(where_, expected, came);
  }

 private:
  static constexpr int window_bits = 15 + 16;  // the largest window; 16 asks for gzip's wrapper

  std::size_t read_plain(std::span<std::uint8_t> out) {
    const std::size_t count = std::min(out.size(), bytes_.size() - position_);
    if (count != 0) std::memcpy(out.data(), bytes_.data() + position_, count);
    position_ += count;
    return count;
  }

  std::size_t read_gzip(std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
      if (member_ended_) {
        if (position_ == bytes_.size()) break;
        // A gzip file may be several members, one after another.
        inflateReset2(&stream_, window_bits);
        member_ended_ = false;
      }
      constexpr std::size_t most = std::size_t{1} << 30;  // zlib counts in 32 bits
      const std::size_t in = std::min(bytes_.size() - position_, most);
      const std::size_t room = std::min(out.size() - done, most);
      stream_.next_in = const_cast<Bytef*>(bytes_.data() + position_);  // zlib only reads it
      stream_.avail_in = static_cast<uInt>(in);
      stream_.next_out = out.data() + done;
      stream_.avail_out = static_cast<uInt>(room);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      position_ += in - stream_.avail_in;
      done += room - stream_.avail_out;
      if (status == Z_STREAM_END) {
        member_ended_ = true;
      } else if (status == Z_BUF_ERROR) {
        fail(where_, "a whole gzip file", "one that is cut off");
      } else if (status != Z_OK) {
        fail(where_, "a sound gzip file",
             text("damage near byte ", position_, ": ",
                  stream_.msg != nullptr ? stream_.msg : zError(status)));
      }
    }
    return done;
  }

  std::string where_;
  std::span<const std::uint8_t> bytes_;
  bool gzip_;
  z_stream stream_{};
  std::size_t position_ = 0;
  bool member_ended_ = false;
};

}  // namespace gtap::detail
