#pragma once

#include <gtap/core/coalition.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <utility>

namespace gtap {

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): ten rounds that turn a counter and a key into
/// four random words. It has no state, so any draw of any stream can be made at any time by anyone.
struct Philox4x32 {
  using Counter = std::array<std::uint32_t, 4>;
  using Key = std::array<std::uint32_t, 2>;

  static constexpr Counter block(Counter c, Key k) {
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t a = std::uint64_t{0xD2511F53} * c[0];
      const std::uint64_t b = std::uint64_t{0xCD9E8D57} * c[2];
      c = {static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(b),
           static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(a)};
      k[0] += 0x9E3779B9;
      k[1] += 0xBB67AE85;
    }
    return c;
  }
};

/// The random draws of one unit of work: stream number `stream` of the user's `seed`.
///
/// Streams of one seed are independent and can be made in any order, so work may be spread over
/// threads, or stopped and resumed, without changing a draw. The draws are gtap's own, because
/// those of the standard library differ between its implementations. Not for cryptography.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t stream)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        counter_{0, 0, static_cast<std::uint32_t>(stream),
                 static_cast<std::uint32_t>(stream >> 32)} {}

  /// 32 random bits.
  std::uint32_t bits32() {
    if (used_ == 4) refill();
    return buffer_[used_++];
  }

  /// 64 random bits.
  std::uint64_t bits64() {
    const std::uint64_t low = bits32();
    return low | std::uint64_t{bits32()} << 32;
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform() { return static_cast<double>(bits64() >> 11) * 0x1p-53; }

  /// Uniform in 0 .. bound - 1, without bias (Lemire 2019). Throws for bound 0.
  std::uint32_t below(std::uint32_t bound) {
    if (bound == 0) detail::fail("RandomStream::below", "a bound of at least 1", "0");
    std::uint64_t product = std::uint64_t{bits32()} * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
      const std::uint32_t threshold = (0u - bound) % bound;
      while (static_cast<std::uint32_t>(product) < threshold) {
        product = std::uint64_t{bits32()} * bound;
      }
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  /// True with probability p.
  bool bernoulli(double p) { return uniform() < p; }

  /// Standard normal, by Box and Muller; two uniforms a draw.
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

  /// A uniformly random order of the items, in place (Fisher-Yates).
  template <class Item>
  void shuffle(std::span<Item> items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[below(static_cast<std::uint32_t>(i))]);
    }
  }

  /// Fills the coalition: each player is in with probability p, independently.
  /// One 32-bit draw a player: p is met to within 2^-33; 0 and 1 are exact.
  void bernoulli_mask(double p, Coalition& coalition) {
    if (!(p >= 0.0 && p <= 1.0)) {
      detail::fail("RandomStream::bernoulli_mask", "a probability in [0, 1]", detail::text(p));
    }
    const auto threshold = static_cast<std::uint64_t>(std::llround(p * 0x1p32));
    std::size_t left = coalition.players();
    for (auto& word : coalition.words()) {
      const std::size_t count = left < 64 ? left : 64;
      word = 0;
      for (std::size_t b = 0; b < count; ++b) {
        word |= std::uint64_t{bits32() < threshold} << b;
      }
      left -= count;
    }
  }

 private:
  void refill() {
    buffer_ = Philox4x32::block(counter_, key_);
    if (++counter_[0] == 0) ++counter_[1];
    used_ = 0;
  }

  Philox4x32::Key key_;
  Philox4x32::Counter counter_;
  Philox4x32::Counter buffer_{};
  unsigned used_ = 4;
};

/// A seed for one purpose of a program, such as initialisation or sampling, so that the purposes
/// do not share streams. Different (seed, purpose) pairs give unrelated seeds.
inline std::uint64_t derive_seed(std::uint64_t seed, std::uint64_t purpose) {
  return RandomStream(seed ^ 0x6774617073656564u, purpose).bits64();
}

}  // namespace gtap
