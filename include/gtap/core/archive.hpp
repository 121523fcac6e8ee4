#pragma once

#include <gtap/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace gtap {

/// Fields of a state on their way to a checkpoint or back: `archive(fields)` of a state hands over
/// each field that changes, in one order, as `fields(field)`, whichever way they go. Numbers are
/// kept as this machine holds them. Fields are double, std::uint64_t, std::string, and vectors of
/// fields.
class Archive {
 public:
  /// Appends fields to these bytes.
  static Archive writer(std::string bytes = {}) { return Archive(std::move(bytes), {}, false); }
  /// Takes fields out of these bytes; errors call them `source`.
  static Archive reader(std::string bytes, std::string source) {
    return Archive(std::move(bytes), std::move(source), true);
  }

  /// Throws gtap::Error when it reads and the bytes end before the field.
  void operator()(double& value) { raw(&value, sizeof value); }
  void operator()(std::uint64_t& value) { raw(&value, sizeof value); }
  void operator()(std::string& text) {
    text.resize(count(text.size(), 1));
    raw(text.data(), text.size());
  }
  void operator()(std::vector<double>& items) { block(items); }
  void operator()(std::vector<std::uint64_t>& items) { block(items); }
  template <class Item>
  void operator()(std::vector<Item>& items) {
    items.resize(count(items.size(), 1));
    for (Item& item : items)
      (*this)(item);
  }

  bool reads() const { return reads_; }
  /// What was written, or is read from.
  const std::string& bytes() const { return bytes_; }
  /// Throws gtap::Error when bytes are left over.
  void finish() const {
    if (reads_ && at_ != bytes_.size()) damaged();
  }

 private:
  Archive(std::string bytes, std::string source, bool reads)
      : bytes_(std::move(bytes)), source_(std::move(source)), reads_(reads) {}

  template <class Item>
  void block(std::vector<Item>& items) {
    items.resize(count(items.size(), sizeof(Item)));
    raw(items.data(), items.size() * sizeof(Item));
  }
  /// The number of items: this one, or the one that is read.
  std::size_t count(std::size_t items, std::size_t item_size) {
    std::uint64_t size = items;
    (*this)(size);
    if (reads_ && size > (bytes_.size() - at_) / item_size) damaged();
    return static_cast<std::size_t>(size);
  }
  void raw(void* data, std::size_t size) {
    if (!reads_) {
      if (size != 0) bytes_.append(static_cast<const char*>(data), size);
      return;
    }
    if (size > bytes_.size() - at_) damaged();
    if (size != 0) std::memcpy(data, bytes_.data() + at_, size);
    at_ += size;
  }
  [[noreturn]] void damaged() const {
    detail::fail("checkpoint", detail::text("a whole checkpoint in ", source_), "a damaged one");
  }

  std::string bytes_;
  std::string source_;
  bool reads_;
  std::size_t at_ = 0;
};

}  // namespace gtap
