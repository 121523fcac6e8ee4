#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/half.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gtap {

/// How the numbers of a stored tensor are written.
enum class Dtype { boolean, u8, i8, i16, u16, f16, bf16, i32, u32, f32, f64, i64, u64 };

namespace detail {

struct DtypeInfo {
  std::string_view name;
  std::size_t bytes;
};
inline constexpr std::array<DtypeInfo, 13> dtypes{{{"BOOL", 1},
                                                   {"U8", 1},
                                                   {"I8", 1},
                                                   {"I16", 2},
                                                   {"U16", 2},
                                                   {"F16", 2},
                                                   {"BF16", 2},
                                                   {"I32", 4},
                                                   {"U32", 4},
                                                   {"F32", 4},
                                                   {"F64", 8},
                                                   {"I64", 8},
                                                   {"U64", 8}}};

inline const DtypeInfo& dtype_info(Dtype dtype) {
  return dtypes[static_cast<std::size_t>(dtype)];
}
inline std::string_view dtype_name(Dtype dtype) {
  return dtype_info(dtype).name;
}

inline Dtype dtype_called(const std::string& where, const std::string& name) {
  for (std::size_t k = 0; k < dtypes.size(); ++k) {
    if (dtypes[k].name == name) return static_cast<Dtype>(k);
  }
  fail(where, "a dtype that gtap knows", text('"', name, '"'));
}

template <class T>
consteval Dtype dtype_of() {
  if (std::same_as<T, float>) return Dtype::f32;
  if (std::same_as<T, double>) return Dtype::f64;
  if (std::same_as<T, std::uint8_t>) return Dtype::u8;
  if (std::same_as<T, std::uint32_t>) return Dtype::u32;
  if (std::same_as<T, std::int64_t>) return Dtype::i64;
  return Dtype::u64;
}
template <class T>
concept StoredNumber = std::same_as<T, float> || std::same_as<T, double> ||
    std::same_as<T, std::uint8_t> || std::same_as<T, std::uint32_t> ||
    std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t>;

/// Bytes of a tensor; throws when their number does not fit.
inline std::size_t stored_bytes(const std::string& where, Dtype dtype,
                                std::span<const std::size_t> shape) {
  std::size_t bytes = dtype_info(dtype).bytes;
  bool empty = false;
  for (const std::size_t size : shape)
    empty = empty || size == 0;
  for (const std::size_t size : shape) {
    if (empty) return 0;
    if (bytes > std::numeric_limits<std::size_t>::max() / size) {
      fail(where, "a shape whose bytes can be counted", "one that is too large");
    }
    bytes *= size;
  }
  return bytes;
}

}  // namespace detail

/// Numbers of one type in row-major order, as bytes that may lie anywhere.
struct StoredTensor {
  Dtype dtype = Dtype::u8;
  std::vector<std::size_t> shape{};
  std::vector<std::uint8_t> bytes{};

  /// A copy of the values. They must be as many as the shape says: writing checks that.
  template <detail::StoredNumber T>
  static StoredTensor from(std::span<const T> values, std::vector<std::size_t> shape) {
    StoredTensor tensor{.dtype = detail::dtype_of<T>(), .shape = std::move(shape), .bytes = {}};
    tensor.bytes.resize(values.size_bytes());
    if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), values.size_bytes());
    return tensor;
  }
  template <detail::StoredNumber T>
  static StoredTensor from(const std::vector<T>& values) {
    return from(std::span<const T>(values), {values.size()});
  }

  /// The values. float and double read F16, BF16, F32 and F64: exactly, but for F64 as float, which
  /// is rounded to the nearest. Throws gtap::Error with `where` for a finite F64 past float's
  /// range, and for any other difference of type.
  template <detail::StoredNumber T>
  std::vector<T> values(const std::string& where) const {
    if (dtype == detail::dtype_of<T>()) return numbers<T>();
    if constexpr (std::floating_point<T>) {
      switch (dtype) {
        case Dtype::f16:
          return converted<T, std::uint16_t>([](std::uint16_t x) { return detail::from_f16(x); });
        case Dtype::bf16:
          return converted<T, std::uint16_t>([](std::uint16_t x) { return detail::from_bf16(x); });
        case Dtype::f32:
          return converted<T, float>([](float x) { return x; });
        case Dtype::f64:
          require_float_range(where);
          return converted<T, double>([](double x) { return static_cast<T>(x); });
        default:
          break;
      }
    }
    detail::fail(where, detail::text("dtype ", detail::dtype_name(detail::dtype_of<T>())),
                 std::string(detail::dtype_name(dtype)));
  }

 private:
  template <class T>
  std::vector<T> numbers() const {
    std::vector<T> list(bytes.size() / sizeof(T));
    if (!list.empty()) std::memcpy(list.data(), bytes.data(), list.size() * sizeof(T));
    return list;
  }

  template <class T, class From, class Convert>
  std::vector<T> converted(Convert convert) const {
    const std::vector<From> from = numbers<From>();
    std::vector<T> list(from.size());
    std::transform(from.begin(), from.end(), list.begin(), convert);
    return list;
  }

  void require_float_range(const std::string& where) const {
    const std::vector<double> list = numbers<double>();
    for (std::size_t k = 0; k < list.size(); ++k) {
      if (std::isfinite(list[k]) && !std::isfinite(static_cast<float>(list[k]))) {
        detail::fail(where, "numbers that a float can hold", detail::text(list[k], " at ", k));
      }
    }
  }
};

}  // namespace gtap
