#pragma once

#include <gtap/core/error.hpp>
#include <gtap/io/detail/onnx_tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gtap::detail {

// Arithmetic on constants of a graph: exporters compute paddings and shapes that way. Whole numbers
// are i64 whatever the file calls them. Errors name `where`.

/// Stands for the size of the batch in what Shape gives: it may be moved about, not computed with.
inline constexpr std::int64_t onnx_batch = std::numeric_limits<std::int64_t>::min() + 4321;

/// What a slice takes of one axis: `count` places from `first` on, `step` apart.
struct OnnxRange {
  std::int64_t first = 0;
  std::int64_t step = 1;
  std::int64_t count = 0;
};

inline OnnxRange onnx_range(const std::string& where, std::int64_t start, std::int64_t end,
                            std::int64_t step, std::int64_t size) {
  if (step == 0 || step == std::numeric_limits<std::int64_t>::min()) {
    fail(where, "a step other than 0", text(step));
  }
  const auto bounded = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
    if (at < 0) at = at < -size ? low : at + size;
    return std::clamp(at, low, high);
  };
  if (step > 0) {
    const std::int64_t from = bounded(start, 0, size);
    const std::int64_t to = bounded(end, 0, size);
    return {from, step, to > from ? (to - from - 1) / step + 1 : 0};
  }
  const std::int64_t from = bounded(start, -1, size - 1);
  const std::int64_t to = bounded(end, -1, size - 1);
  return {from, step, from > to ? (from - to - 1) / -step + 1 : 0};
}

/// An axis that may count from the end.
inline std::size_t onnx_axis(const std::string& where, std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) {
    fail(where, text("an axis of ", rank), text("axis ", axis));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

/// The numbers of one source at places that `visit(index)` gives, index being that of each result.
template <class Place>
OnnxTensor fold_moved(const std::string& where, const OnnxTensor& from,
                      std::vector<std::int64_t> dims, Place place) {
  const std::size_t width = onnx_type_bytes(from.type);
  const std::size_t size = dims_product(where, dims);
  std::vector<std::uint8_t> bytes(size * width);
  std::vector<std::int64_t> index(dims.size(), 0);
  for (std::size_t i = 0; i < size; ++i) {
    const auto source = static_cast<std::size_t>(place(index));
    std::memcpy(bytes.data() + i * width, from.bytes.data() + source * width, width);
    for (std::size_t axis = dims.size(); axis-- > 0;) {
      if (++index[axis] < dims[axis]) break;
      index[axis] = 0;
    }
  }
  return OnnxTensor::owning(from.type, std::move(dims), std::move(bytes));
}

/// How far apart neighbours along each axis are.
inline std::vector<std::int64_t> row_strides(std::span<const std::int64_t> dims) {
  std::vector<std::int64_t> strides(dims.size(), 1);
  for (std::size_t axis = dims.size(); axis-- > 1;)
    strides[axis - 1] = strides[axis] * dims[axis];
  return strides;
}

inline OnnxTensor fold_transpose(const std::string& where, const OnnxTensor& from,
                                 std::span<const std::int64_t> perm) {
  const std::vector<std::int64_t> strides = row_strides(from.dims);
  std::vector<std::int64_t> dims;
  for (const std::int64_t p : perm)
    dims.push_back(from.dims[static_cast<std::size_t>(p)]);
  return fold_moved(where, from, dims, [&](const std::vector<std::int64_t>& index) {
    std::int64_t at = 0;
    for (std::size_t axis = 0; axis < index.size(); ++axis)
      at += index[axis] * strides[static_cast<std::size_t>(perm[axis])];
    return at;
  });
}

inline OnnxTensor fold_slice(const std::string& where, const OnnxTensor& from,
                             std::span<const OnnxRange> ranges) {
  const std::vector<std::int64_t> strides = row_strides(from.dims);
  std::vector<std::int64_t> dims;
  for (const OnnxRange& range : ranges)
    dims.push_back(range.count);
  return fold_moved(where, from, dims, [&](const std::vector<std::int64_t>& index) {
    std::int64_t at = 0;
    for (std::size_t axis = 0; axis < index.size(); ++axis)
      at += (ranges[axis].first + index[axis] * ranges[axis].step) * strides[axis];
    return at;
  });
}

inline OnnxTensor fold_gather(const std::string& where, const OnnxTensor& from,
                              const OnnxTensor& indices, std::size_t axis) {
  const std::vector<std::int64_t> strides = row_strides(from.dims);
  std::vector<std::int64_t> chosen = indices.integers();
  for (std::int64_t& i : chosen)
    i = static_cast<std::int64_t>(onnx_axis(where, i, static_cast<std::size_t>(from.dims[axis])));
  std::vector<std::int64_t> dims(from.dims);
  const auto place = dims.begin() + static_cast<std::ptrdiff_t>(axis);
  dims.insert(dims.erase(place), indices.dims.begin(), indices.dims.end());
  const std::vector<std::int64_t> inner = row_strides(indices.dims);
  const std::size_t rank = indices.dims.size();
  return fold_moved(where, from, dims, [&](const std::vector<std::int64_t>& index) {
    std::int64_t at = 0;
    for (std::size_t a = 0; a < axis; ++a)
      at += index[a] * strides[a];
    std::int64_t which = 0;
    for (std::size_t a = 0; a < rank; ++a)
      which += index[axis + a] * inner[a];
    at += chosen[static_cast<std::size_t>(which)] * strides[axis];
    for (std::size_t a = axis + 1; a < from.dims.size(); ++a)
      at += index[a - 1 + rank] * strides[a];
    return at;
  });
}

inline OnnxTensor fold_concat(const std::string& where, std::span<const OnnxTensor> parts,
                              std::size_t axis) {
  OnnxTensor first = parts[0];
  std::vector<std::int64_t> dims = first.dims;
  dims[axis] = 0;
  for (const OnnxTensor& part : parts) {
    bool fits = part.type == first.type && part.dims.size() == dims.size();
    for (std::size_t a = 0; fits && a < dims.size(); ++a)
      fits = a == axis || part.dims[a] == dims[a];
    if (!fits) fail(where, text("constants like ", dims_text(first.dims)), dims_text(part.dims));
    dims[axis] += part.dims[axis];
  }
  std::size_t outer = 1;
  for (std::size_t a = 0; a < axis; ++a)
    outer *= static_cast<std::size_t>(dims[a]);
  std::vector<std::uint8_t> bytes;
  for (std::size_t o = 0; o < outer; ++o) {
    for (const OnnxTensor& part : parts) {
      const std::size_t block = part.bytes.size() / outer;
      const auto from = part.bytes.subspan(o * block, block);
      bytes.insert(bytes.end(), from.begin(), from.end());
    }
  }
  return OnnxTensor::owning(first.type, std::move(dims), std::move(bytes));
}

/// Add, Sub, Mul or Div ('+', '-', '*', '/') of constants, one of which may be one number.
inline OnnxTensor fold_arithmetic(const std::string& where, char op, const OnnxTensor& a,
                                  const OnnxTensor& b) {
  const bool same = a.dims == b.dims;
  if (!same && a.size() != 1 && b.size() != 1) {
    fail(where, "constants of one shape, or one number", dims_text(a.dims) + dims_text(b.dims));
  }
  if (a.size() == 0 || b.size() == 0) fail(where, "constants with numbers", "one without");
  const bool by_a = same || b.size() == 1;
  const std::size_t size = by_a ? a.size() : b.size();
  const std::vector<std::int64_t>& dims = by_a ? a.dims : b.dims;
  const auto at = [](const OnnxTensor& t, std::size_t i) { return t.size() == 1 ? 0 : i; };
  if (a.is_real() || b.is_real()) {
    std::vector<float> values(size);
    for (std::size_t i = 0; i < size; ++i) {
      const double x = a.real(at(a, i));
      const double y = b.real(at(b, i));
      values[i] = static_cast<float>(op == '+'   ? x + y
                                     : op == '-' ? x - y
                                     : op == '*' ? x * y
                                                 : x / y);
    }
    return OnnxTensor::from(OnnxType::f32, std::span<const float>(values), dims);
  }
  std::vector<std::int64_t> values(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::int64_t x = a.integer(at(a, i));
    const std::int64_t y = b.integer(at(b, i));
    constexpr std::int64_t most = std::int64_t{1} << 31;
    if (x <= -most || x >= most || y <= -most || y >= most || (op == '/' && y == 0)) {
      const bool batch = x == onnx_batch || y == onnx_batch;
      fail(where, "sizes to compute with", batch ? "the batch's" : text(x, " and ", y));
    }
    values[i] = op == '+' ? x + y : op == '-' ? x - y : op == '*' ? x * y : x / y;
  }
  return OnnxTensor::from(values, dims);
}

inline OnnxTensor fold_cast(const std::string& where, const OnnxTensor& from, OnnxType to) {
  if (to == OnnxType::i64 || to == OnnxType::i32) {
    std::vector<std::int64_t> values(from.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double real = from.is_real() ? from.real(i) : 0.0;
      if (!(std::fabs(real) < 9e15)) fail(where, "numbers to make whole", text(real));
      values[i] = from.is_real() ? static_cast<std::int64_t>(real) : from.integer(i);
    }
    return OnnxTensor::from(values, from.dims);
  }
  if (to != OnnxType::f32 && to != OnnxType::f64) {
    fail(where, "a cast to whole or real numbers", onnx_type_name(to));
  }
  std::vector<float> values(from.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!from.is_real() && from.integer(i) == onnx_batch) {
      fail(where, "sizes to compute with", "the batch's");
    }
    values[i] = static_cast<float>(from.real(i));
  }
  return OnnxTensor::from(OnnxType::f32, std::span<const float>(values), from.dims);
}

}  // namespace gtap::detail
