#pragma once

#include <gtap/core/detail/file.hpp>
#include <gtap/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::detail {

/// Appends fields to a byte string, as this machine holds them.
class StateWriter {
 public:
  /// Goes on after these bytes.
  explicit StateWriter(std::string bytes = {}) : bytes_(std::move(bytes)) {}

  void operator()(const double& value) { raw(&value, sizeof value); }
  void operator()(const std::uint64_t& value) { raw(&value, sizeof value); }
  template <class Item>
  void operator()(const std::vector<Item>& items) {
    (*this)(static_cast<std::uint64_t>(items.size()));
    for (const Item& item : items)
      (*this)(item);
  }
  void operator()(const std::vector<double>& items) { block(items); }
  void operator()(const std::vector<std::uint64_t>& items) { block(items); }
  void operator()(const std::string& text) {
    (*this)(static_cast<std::uint64_t>(text.size()));
    raw(text.data(), text.size());
  }

  const std::string& bytes() const { return bytes_; }

 private:
  template <class Item>
  void block(const std::vector<Item>& items) {
    (*this)(static_cast<std::uint64_t>(items.size()));
    raw(items.data(), items.size() * sizeof(Item));
  }
  void raw(const void* data, std::size_t size) {
    if (size != 0) bytes_.append(static_cast<const char*>(data), size);
  }

  std::string bytes_;
};

/// Reads the fields back in the same order.
class StateReader {
 public:
  StateReader(std::string bytes, std::string source)
      : bytes_(std::move(bytes)), source_(std::move(source)) {}

  void operator()(double& value) { raw(&value, sizeof value); }
  void operator()(std::uint64_t& value) { raw(&value, sizeof value); }
  template <class Item>
  void operator()(std::vector<Item>& items) {
    items.resize(count(1));
    for (Item& item : items)
      (*this)(item);
  }
  void operator()(std::vector<double>& items) { block(items); }
  void operator()(std::vector<std::uint64_t>& items) { block(items); }
  void operator()(std::string& text) {
    text.resize(count(1));
    raw(text.data(), text.size());
  }

  void finish() const {
    if (at_ != bytes_.size()) damaged();
  }

 private:
  template <class Item>
  void block(std::vector<Item>& items) {
    items.resize(count(sizeof(Item)));
    raw(items.data(), items.size() * sizeof(Item));
  }
  std::size_t count(std::size_t item_size) {
    std::uint64_t size = 0;
    (*this)(size);
    if (size > (bytes_.size() - at_) / item_size) damaged();
    return static_cast<std::size_t>(size);
  }
  void raw(void* data, std::size_t size) {
    if (size > bytes_.size() - at_) damaged();
    if (size != 0) std::memcpy(data, bytes_.data() + at_, size);
    at_ += size;
  }
  [[noreturn]] void damaged() const {
    fail("checkpoint", text("a whole checkpoint in ", source_), "a damaged one");
  }

  std::string bytes_;
  std::string source_;
  std::size_t at_ = 0;
};

inline constexpr std::string_view checkpoint_magic = "gtap checkpoint 2\n";

inline std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t sum = 0xCBF29CE484222325u;  // FNV-1a
  for (const char byte : bytes)
    sum = (sum ^ static_cast<unsigned char>(byte)) * 0x100000001B3u;
  return sum;
}

/// Replaces the file by magic, checksum and payload: a reader finds the whole last state or the
/// whole one before, even when this process or the machine dies while it is written.
inline void write_checkpoint(const std::filesystem::path& path, std::string_view payload) {
  const std::uint64_t sum = checksum(payload);
  std::vector<std::uint8_t> bytes(checkpoint_magic.begin(), checkpoint_magic.end());
  const auto* const sum_bytes = reinterpret_cast<const std::uint8_t*>(&sum);
  bytes.insert(bytes.end(), sum_bytes, sum_bytes + sizeof sum);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  write_file_atomically(file_place("checkpoint", path), path, bytes);
}

/// The payload of a checkpoint file; gtap::Error when it is not one, or damaged.
inline std::string read_checkpoint(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> read = read_file(file_place("checkpoint", path), path);
  std::string bytes(read.begin(), read.end());
  if (!std::string_view(bytes).starts_with(checkpoint_magic)) {
    fail("checkpoint", text("a gtap checkpoint in ", path.string()), "something else");
  }
  std::uint64_t sum = 0;
  if (bytes.size() >= checkpoint_magic.size() + sizeof sum)
    std::memcpy(&sum, bytes.data() + checkpoint_magic.size(), sizeof sum);
  bytes.erase(0, std::min(bytes.size(), checkpoint_magic.size() + sizeof sum));
  if (checksum(bytes) != sum)
    fail("checkpoint", text("a whole checkpoint in ", path.string()), "a damaged one");
  return bytes;
}

}  // namespace gtap::detail
