#pragma once

#include <gtap/core/error.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::detail {

// Protobuf's wire format, as far as ONNX needs it: a message is a row of numbered fields.

/// A field of a message. Bytes are those of the file and are not copied.
struct ProtoField {
  enum Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };
  std::uint64_t number = 0;
  Wire wire = varint;
  std::uint64_t value = 0;  ///< of a varint, of eight and of four bytes
  std::span<const std::uint8_t> content{};
};

/// Reads the fields of one message from front to back. Messages inside are read by readers of their
/// own, so that nothing is deeper than what asks for it. Errors name `where`.
class ProtoReader {
 public:
  ProtoReader(const std::string& where, std::span<const std::uint8_t> message)
      : where_(&where), message_(message) {}

  bool next(ProtoField& field) {
    if (at_ == message_.size()) return false;
    const std::uint64_t key = read_varint();
    field = {.number = key >> 3};
    if (field.number == 0 || field.number >> 29 != 0) {
      refuse("a field's number", text(field.number));
    }
    switch (key & 7) {
      case ProtoField::varint:
        field.value = read_varint();
        return true;
      case ProtoField::fixed64:
        field.wire = ProtoField::fixed64;
        field.content = take(8);
        std::memcpy(&field.value, field.content.data(), 8);
        return true;
      case ProtoField::bytes:
        field.wire = ProtoField::bytes;
        field.content = take(read_varint());
        return true;
      case ProtoField::fixed32: {
        field.wire = ProtoField::fixed32;
        field.content = take(4);
        std::uint32_t value = 0;
        std::memcpy(&value, field.content.data(), 4);
        field.value = value;
        return true;
      }
      default:
        refuse("a field of a kind that ONNX has", text("kind ", key & 7));
    }
  }

  std::uint64_t read_varint() {
    std::uint64_t value = 0;
    for (unsigned k = 0; k < 10; ++k) {
      const std::uint8_t byte = take(1)[0];
      if (k == 9 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7Fu} << (7 * k);
      if (byte < 0x80) return value;
    }
    refuse("a whole number of 64 bits", "a longer one");
  }

  bool done() const { return at_ == message_.size(); }

 private:
  std::span<const std::uint8_t> take(std::uint64_t count) {
    if (count > message_.size() - at_) {
      refuse(text(count, " more bytes"),
             text("the end of the message after ", message_.size() - at_));
    }
    const auto taken = message_.subspan(at_, count);
    at_ += count;
    return taken;
  }

  [[noreturn]] void refuse(std::string_view expected, const std::string& came) const {
    fail(text(*where_, " (byte ", at_, " of a message of ", message_.size(), ")"), expected, came);
  }

  const std::string* where_;
  std::span<const std::uint8_t> message_;
  std::size_t at_ = 0;
};

/// Writes a message, field by field.
class ProtoWriter {
 public:
  void number(unsigned field, std::uint64_t value) {
    varint(field << 3);
    varint(value);
  }
  void integer(unsigned field, std::int64_t value) {
    number(field, static_cast<std::uint64_t>(value));
  }
  void real(unsigned field, float value) {
    varint(field << 3 | ProtoField::fixed32);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8)
      bytes_.push_back(static_cast<std::uint8_t>(bits >> shift));
  }
  void bytes(unsigned field, std::span<const std::uint8_t> content) {
    varint(field << 3 | ProtoField::bytes);
    varint(content.size());
    bytes_.insert(bytes_.end(), content.begin(), content.end());
  }
  void string(unsigned field, std::string_view content) {
    bytes(field, std::span(reinterpret_cast<const std::uint8_t*>(content.data()), content.size()));
  }
  void message(unsigned field, const ProtoWriter& content) { bytes(field, content.bytes_); }

  const std::vector<std::uint8_t>& written() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<std::uint8_t>(value));
  }

  std::vector<std::uint8_t> bytes_;
};

}  // namespace gtap::detail
