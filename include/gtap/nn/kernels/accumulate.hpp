#pragma once

#include <gtap/nn/kernels/arch.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gtap::nn::kernels::detail {

// What the micro-kernel reads comes as a list of taps, of one of three kinds. All keep the loop's
// addresses in few registers: a spilled pointer costs it a fifth of its speed.

/// Tap k reads row at[k] of a tile and has weight at[k].
struct RowTaps {
  const std::uint32_t* at;
  static std::size_t offset(std::uint32_t tap) { return tap * row_size; }
  static std::size_t weight(std::uint32_t tap) { return tap; }
};

/// Tap k reads row k and has weight k.
struct FirstTaps {
  struct Count {
    std::uint32_t number = 0;
    std::uint32_t operator*() const { return number; }
    Count& operator++() { return ++number, *this; }
    Count operator+(std::size_t taps) const { return {number + static_cast<std::uint32_t>(taps)}; }
    bool operator==(const Count&) const = default;
  };
  Count at{};
  static std::size_t offset(std::uint32_t tap) { return tap * row_size; }
  static std::size_t weight(std::uint32_t tap) { return tap; }
};

/// Numbers from the first of `in` to the row that a tap reads, and its weight's place.
struct Tap {
  std::uint32_t offset;
  std::uint32_t weight;
};
struct ListedTaps {
  const Tap* at;
  static std::size_t offset(const Tap& tap) { return tap.offset; }
  static std::size_t weight(const Tap& tap) { return tap.weight; }
};

/// The same, for long lists whose rows come from far: each tap's row is asked for some taps before
/// it is read.
template <class Taps>
struct Fetched : Taps {
  static constexpr std::ptrdiff_t early = 12;
  static constexpr std::size_t worth = 128;  ///< as many taps at least; else the rows stay in L1
};

/// One call of the micro-kernel: weights x a list of rows, for a list of output rows.
template <class T, class Taps>
struct Accumulation {
  const T* weight;            ///< output o's weights start at weight + o * weight_stride
  std::size_t weight_stride;  ///< numbers from one output's weights to the next one's
  Taps taps;                  ///< rows of `in` and their weights
  std::size_t count;          ///< of taps
  const T* in;                ///< what taps count from
  T* out;                     ///< output o's row is out + o * out_stride
  std::size_t out_stride;     ///< numbers from one output's row to the next one's
  std::size_t width;          ///< numbers to compute in each row, whole packs
  const T* bias = nullptr;    ///< by output; null: none
  bool add = false;           ///< out = base + scale * sum, else out = bias + sum
  T scale = 1;                ///< only with `add`
  const T* base = nullptr;    ///< only with `add`, laid out as out; null: out itself
  T* sums = nullptr;          ///< laid out as out: takes what out is before relu; null: not wanted
  bool relu = false;          ///< out = max(out, 0) in the end
  std::size_t ahead = 0;  ///< numbers from `in` to that of the next call, fetched by and by; 0: not
};

/// How many outputs and how many packs of a row are in flight: as many accumulators as registers
/// allow, with room for the row's packs and a weight.
inline constexpr std::size_t block_outputs = 6;
template <class Arch>
inline constexpr std::size_t block_packs = has_32_registers<Arch> ? 4 : 2;

/// Asks for `count` numbers, to be read some time later.
template <std::size_t count, class T>
void fetch(const T* x) {
#if defined(__GNUC__)
  GTAP_DETAIL_UNROLL
  for (std::size_t i = 0; i < count; i += 64 / sizeof(T))
    __builtin_prefetch(x + i);
#else
  (void)x;
#endif
}

/// Those of a call's taps whose rows of the next call some outputs ask for.
struct TapShare {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// M outputs by N packs, held in registers over all taps.
template <class Arch, std::size_t M, std::size_t N, class T, class Taps>
void accumulate_block(const Accumulation<T, Taps>& a, const std::uint32_t* outputs, TapShare ahead,
                      std::size_t at) {
  using P = Pack<T, Arch>;
  const T* weights[M];
  P sums[M][N];
  GTAP_DETAIL_UNROLL
  for (std::size_t m = 0; m < M; ++m) {
    weights[m] = a.weight + outputs[m] * a.weight_stride;
    const P start(a.bias == nullptr ? T{0} : a.bias[outputs[m]]);
    GTAP_DETAIL_UNROLL
    for (std::size_t n = 0; n < N; ++n)
      sums[m][n] = start;
  }
  const T* const in = a.in + at;
  for (std::size_t k = ahead.first; k < ahead.last; ++k)
    fetch<N * P::size>(in + a.ahead + Taps::offset(*(a.taps.at + k)));
  const auto add_tap = [&](const auto& tap) {
    const T* const x = in + Taps::offset(tap);
    const std::size_t w = Taps::weight(tap);
    P values[N];
    GTAP_DETAIL_UNROLL
    for (std::size_t n = 0; n < N; ++n)
      values[n] = P::load_aligned(x + n * P::size);
    GTAP_DETAIL_UNROLL
    for (std::size_t m = 0; m < M; ++m) {
      const P factor(weights[m][w]);
      // A compiler that moves the loads of all weights to the front has no registers for the sums.
      std::atomic_signal_fence(std::memory_order_seq_cst);
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < N; ++n)
        sums[m][n] = multiply_add(factor, values[n], sums[m][n]);
    }
  };
  auto tap = a.taps.at;
  const auto end = tap + a.count;
  if constexpr (requires { Taps::early; }) {
    for (; end - tap > Taps::early; ++tap) {
      fetch<N * P::size>(in + Taps::offset(tap[Taps::early]));
      add_tap(*tap);
    }
  }
  for (; tap != end; ++tap)
    add_tap(*tap);
  // One question after another, each for all sums: asked before every store, they cost more than
  // it.
  const auto each = [&](auto* rows, auto&& what) {
    GTAP_DETAIL_UNROLL
    for (std::size_t m = 0; m < M; ++m) {
      auto* const row = rows + outputs[m] * a.out_stride + at;
      GTAP_DETAIL_UNROLL
      for (std::size_t n = 0; n < N; ++n)
        what(sums[m][n], row + n * P::size);
    }
  };
  const auto store = [](const P& value, T* to) { value.store_aligned(to); };
  T* const out = a.out;
  T* const before_relu = a.sums;
  const bool relu = a.relu;
  if (a.add) {
    each(a.base == nullptr ? out : a.base, [scale = P(a.scale)](P& value, const T* base) {
      value = multiply_add(scale, value, P::load_aligned(base));
    });
  }
  if (before_relu != nullptr) each(before_relu, store);
  if (relu) each(out, [](P& value, T*) { value = larger(P(T{0}), value); });
  each(out, store);
}

/// M outputs over the whole width.
template <class Arch, std::size_t M, class T, class Taps>
void accumulate_rows(const Accumulation<T, Taps>& a, const std::uint32_t* outputs, TapShare ahead) {
  constexpr std::size_t packs = block_packs<Arch>;
  constexpr std::size_t size = Pack<T, Arch>::size;
  std::size_t at = 0;
  for (; at + packs * size <= a.width; at += packs * size)
    accumulate_block<Arch, M, packs>(a, outputs, ahead, at);
  if constexpr (packs > 2) {
    for (; at + 2 * size <= a.width; at += 2 * size)
      accumulate_block<Arch, M, 2>(a, outputs, ahead, at);
  }
  for (; at < a.width; at += size)
    accumulate_block<Arch, M, 1>(a, outputs, ahead, at);
}

/// All listed outputs, in blocks of equal size: 10 outputs are 5 + 5, which is faster than 6 + 4.
template <class Arch, class T, class Taps>
void accumulate(const Accumulation<T, Taps>& a, std::span<const std::uint32_t> outputs) {
  constexpr std::size_t most = block_outputs;
  static_assert(most == 6);
  const std::uint32_t* next = outputs.data();
  std::size_t left = outputs.size();
  const std::size_t shares = (left + most - 1) / most;
  for (std::size_t blocks = shares; blocks > 0; --blocks) {
    const std::size_t count = (left + blocks - 1) / blocks;
    TapShare ahead;
    if (a.ahead != 0) {
      ahead = {a.count * (shares - blocks) / shares, a.count * (shares - blocks + 1) / shares};
    }
    switch (count) {
      case 1:
        accumulate_rows<Arch, 1>(a, next, ahead);
        break;
      case 2:
        accumulate_rows<Arch, 2>(a, next, ahead);
        break;
      case 3:
        accumulate_rows<Arch, 3>(a, next, ahead);
        break;
      case 4:
        accumulate_rows<Arch, 4>(a, next, ahead);
        break;
      case 5:
        accumulate_rows<Arch, 5>(a, next, ahead);
        break;
      default:
        accumulate_rows<Arch, 6>(a, next, ahead);
        break;
    }
    next += count;
    left -= count;
  }
}

}  // namespace gtap::nn::kernels::detail
