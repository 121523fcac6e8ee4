#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/half.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap::detail {

/// ONNX's numbers for kinds of numbers.
enum class OnnxType : std::int32_t {
  none = 0,
  f32 = 1,
  u8 = 2,
  i8 = 3,
  u16 = 4,
  i16 = 5,
  i32 = 6,
  i64 = 7,
  text = 8,
  boolean = 9,
  f16 = 10,
  f64 = 11,
  u32 = 12,
  u64 = 13,
  bf16 = 16
};

inline constexpr std::array<std::string_view, 17> onnx_type_names{
    "UNDEFINED", "FLOAT",  "UINT8",     "INT8",       "UINT16",  "INT16",
    "INT32",     "INT64",  "STRING",    "BOOL",       "FLOAT16", "DOUBLE",
    "UINT32",    "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16"};

inline std::string onnx_type_name(OnnxType type) {
  const auto k = static_cast<std::size_t>(type);
  return k < onnx_type_names.size() ? std::string(onnx_type_names[k]) : text("type ", k);
}

/// Bytes of a number; 0 for what gtap does not read.
inline std::size_t onnx_type_bytes(OnnxType type) {
  switch (type) {
    case OnnxType::u8:
    case OnnxType::i8:
    case OnnxType::boolean:
      return 1;
    case OnnxType::u16:
    case OnnxType::i16:
    case OnnxType::f16:
    case OnnxType::bf16:
      return 2;
    case OnnxType::f32:
    case OnnxType::i32:
    case OnnxType::u32:
      return 4;
    case OnnxType::f64:
    case OnnxType::i64:
    case OnnxType::u64:
      return 8;
    default:
      return 0;
  }
}

/// A name from a file for an error's one line: without control characters, and not endless.
inline std::string printable(std::string_view name) {
  constexpr std::size_t most = 120;
  std::string shown(name.substr(0, most));
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return name.size() > most ? shown + "..." : shown;
}
inline std::string quote_name(std::string_view name) {
  return text('"', printable(name), '"');
}

/// A constant of a graph: numbers in row-major order, where they are in the file or as bytes of its
/// own, which copies share.
struct OnnxTensor {
  OnnxType type = OnnxType::none;
  std::vector<std::int64_t> dims{};
  std::span<const std::uint8_t> bytes{};
  std::shared_ptr<const std::vector<std::uint8_t>> own{};

  std::size_t size() const {
    return onnx_type_bytes(type) == 0 ? 0 : bytes.size() / onnx_type_bytes(type);
  }
  bool is_real() const {
    return type == OnnxType::f32 || type == OnnxType::f64 || type == OnnxType::f16 ||
           type == OnnxType::bf16;
  }

  double real(std::size_t i) const {
    switch (type) {
      case OnnxType::f32:
        return at<float>(i);
      case OnnxType::f64:
        return at<double>(i);
      case OnnxType::f16:
        return from_f16(at<std::uint16_t>(i));
      case OnnxType::bf16:
        return from_bf16(at<std::uint16_t>(i));
      default:
        return static_cast<double>(integer(i));
    }
  }

  std::int64_t integer(std::size_t i) const {
    switch (type) {
      case OnnxType::u8:
      case OnnxType::boolean:
        return at<std::uint8_t>(i);
      case OnnxType::i8:
        return at<std::int8_t>(i);
      case OnnxType::u16:
        return at<std::uint16_t>(i);
      case OnnxType::i16:
        return at<std::int16_t>(i);
      case OnnxType::i32:
        return at<std::int32_t>(i);
      case OnnxType::u32:
        return at<std::uint32_t>(i);
      default:
        return at<std::int64_t>(i);
    }
  }

  std::vector<std::int64_t> integers() const {
    std::vector<std::int64_t> list(size());
    for (std::size_t i = 0; i < list.size(); ++i)
      list[i] = integer(i);
    return list;
  }

  /// Numbers of this type; copied.
  template <class N>
  static OnnxTensor from(OnnxType type, std::span<const N> values, std::vector<std::int64_t> dims) {
    std::vector<std::uint8_t> bytes(values.size_bytes());
    if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    return owning(type, std::move(dims), std::move(bytes));
  }
  static OnnxTensor from(const std::vector<std::int64_t>& values, std::vector<std::int64_t> dims) {
    return from(OnnxType::i64, std::span(values), std::move(dims));
  }
  static OnnxTensor owning(OnnxType type, std::vector<std::int64_t> dims,
                           std::vector<std::uint8_t> bytes) {
    OnnxTensor tensor{.type = type, .dims = std::move(dims)};
    tensor.own = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
    tensor.bytes = *tensor.own;
    return tensor;
  }

 private:
  template <class N>
  N at(std::size_t i) const {
    N value;
    std::memcpy(&value, bytes.data() + i * sizeof(N), sizeof(N));
    return value;
  }
};

/// "[16, 3, 3, 3]".
inline std::string dims_text(std::span<const std::int64_t> dims) {
  std::string list = "[";
  for (const std::int64_t d : dims)
    list += text(list.size() == 1 ? "" : ", ", d);
  return list + ']';
}

/// The product of sizes. Throws for negative ones, and for more numbers than can be counted.
inline std::size_t dims_product(const std::string& where, std::span<const std::int64_t> dims) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 8;
  std::int64_t product = 1;
  bool empty = false;
  bool overflow = false;
  for (const std::int64_t d : dims) {
    if (d < 0) fail(where, "sizes of 0 or more", dims_text(dims));
    empty = empty || d == 0;
    overflow = overflow || (d != 0 && product > most / d);
    if (!overflow && d != 0) product *= d;
  }
  if (overflow) fail(where, "sizes whose product can be counted", dims_text(dims));
  return empty ? 0 : static_cast<std::size_t>(product);
}

}  // namespace gtap::detail
