#pragma once

#include <gtap/core/error.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string_view>
#include <vector>

namespace gtap {

/// An index in a game: 0 up to, not including, the number of players.
using Player = std::uint32_t;

namespace detail {

/// Refuses a coalition of another number of players.
inline void require_players(std::string_view where, std::size_t players, std::size_t came) {
  if (came != players) [[unlikely]]
    fail(where, text("a coalition of ", players, " players"), text("one of ", came));
}

/// Refuses a player past the last.
inline void require_player(std::string_view where, std::size_t players, Player player) {
  if (player >= players) [[unlikely]]
    fail(where, text("a player below ", players), text("player ", player));
}

/// Refuses a list with a player past the last.
inline void require_players_below(std::string_view where, std::size_t players,
                                  std::span<const Player> list) {
  Player largest = 0;
  for (const Player player : list)
    largest = player > largest ? player : largest;
  if (!list.empty()) require_player(where, players, largest);
}

}  // namespace detail

/// A set of players out of a known number: those that are kept.
///
/// One bit a player, in 64-bit words; bits past the last player are always zero, so equality and
/// hashing are those of the set. Members with a player or another coalition as argument throw
/// gtap::Error when it does not belong to the same number of players.
class Coalition {
 public:
  Coalition() = default;

  /// The empty coalition of a game with this many players.
  explicit Coalition(std::size_t players) : players_(players), words_((players + 63) / 64) {}

  Coalition(std::size_t players, std::initializer_list<Player> members) : Coalition(players) {
    for (const Player p : members)
      insert(p);
  }

  Coalition(std::size_t players, std::span<const Player> members) : Coalition(players) {
    for (const Player p : members)
      insert(p);
  }

  /// The grand coalition: all players.
  static Coalition grand(std::size_t players) {
    Coalition all(players);
    for (auto& word : all.words_)
      word = ~std::uint64_t{0};
    all.clear_padding();
    return all;
  }

  /// Number of players of the game, members or not.
  std::size_t players() const { return players_; }

  /// Number of members.
  std::size_t size() const {
    std::size_t count = 0;
    for (const auto word : words_)
      count += static_cast<std::size_t>(std::popcount(word));
    return count;
  }

  bool empty() const {
    for (const auto word : words_) {
      if (word != 0) return false;
    }
    return true;
  }

  bool contains(Player p) const {
    check(p, "Coalition::contains");
    return (words_[p / 64] >> (p % 64) & 1) != 0;
  }

  void insert(Player p) {
    check(p, "Coalition::insert");
    words_[p / 64] |= bit(p);
  }

  void erase(Player p) {
    check(p, "Coalition::erase");
    words_[p / 64] &= ~bit(p);
  }

  void toggle(Player p) {
    check(p, "Coalition::toggle");
    words_[p / 64] ^= bit(p);
  }

  void clear() {
    for (auto& word : words_)
      word = 0;
  }

  /// Calls `visit(player)` for each member, in increasing order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t w = 0; w < words_.size(); ++w) {
      for (std::uint64_t word = words_[w]; word != 0; word &= word - 1) {
        visit(static_cast<Player>(w * 64 + static_cast<std::size_t>(std::countr_zero(word))));
      }
    }
  }

  /// The members, in increasing order.
  std::vector<Player> members() const {
    std::vector<Player> list;
    list.reserve(size());
    for_each([&](Player p) { list.push_back(p); });
    return list;
  }

  Coalition complement() const {
    Coalition other(*this);
    for (auto& word : other.words_)
      word = ~word;
    other.clear_padding();
    return other;
  }

  Coalition& operator|=(const Coalition& other) {
    return combine(other, "Coalition::operator|=", [](auto a, auto b) { return a | b; });
  }
  Coalition& operator&=(const Coalition& other) {
    return combine(other, "Coalition::operator&=", [](auto a, auto b) { return a & b; });
  }
  /// The members of this one that are not in the other.
  Coalition& operator-=(const Coalition& other) {
    return combine(other, "Coalition::operator-=", [](auto a, auto b) { return a & ~b; });
  }
  /// The members of exactly one of the two.
  Coalition& operator^=(const Coalition& other) {
    return combine(other, "Coalition::operator^=", [](auto a, auto b) { return a ^ b; });
  }

  friend Coalition operator|(Coalition a, const Coalition& b) { return a |= b; }
  friend Coalition operator&(Coalition a, const Coalition& b) { return a &= b; }
  friend Coalition operator-(Coalition a, const Coalition& b) { return a -= b; }
  friend Coalition operator^(Coalition a, const Coalition& b) { return a ^= b; }
  friend bool operator==(const Coalition&, const Coalition&) = default;

  /// The bits, 64 players a word, player 0 lowest. A writer keeps the bits past the last player
  /// zero.
  std::span<const std::uint64_t> words() const { return words_; }
  std::span<std::uint64_t> words() { return words_; }

  /// Writes as "{0, 3, 5} of 8"; a large one is cut after 32 members.
  friend std::ostream& operator<<(std::ostream& out, const Coalition& coalition) {
    out << '{';
    std::size_t written = 0;
    const std::size_t size = coalition.size();
    coalition.for_each([&](Player p) {
      if (written < 32) out << (written == 0 ? "" : ", ") << p;
      ++written;
    });
    if (size > 32) out << ", ... " << size << " players";
    return out << "} of " << coalition.players();
  }

 private:
  static std::uint64_t bit(Player p) { return std::uint64_t{1} << (p % 64); }

  void check(Player p, const char* where) const { detail::require_player(where, players_, p); }

  template <class Op>
  Coalition& combine(const Coalition& other, const char* where, Op op) {
    detail::require_players(where, players_, other.players_);
    for (std::size_t w = 0; w < words_.size(); ++w)
      words_[w] = op(words_[w], other.words_[w]);
    return *this;
  }

  void clear_padding() {
    if (players_ % 64 != 0) words_.back() &= (std::uint64_t{1} << (players_ % 64)) - 1;
  }

  std::size_t players_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace gtap

namespace std {

/// Equal coalitions have equal hashes; used by caches.
template <>
struct hash<gtap::Coalition> {
  std::size_t operator()(const gtap::Coalition& coalition) const noexcept {
    std::uint64_t h = 0x9E3779B97F4A7C15u ^ coalition.players();
    for (const std::uint64_t word : coalition.words()) {
      h = (h ^ word) * 0xD6E8FEB86659FD93u;
      h ^= h >> 32;
    }
    return static_cast<std::size_t>(h);
  }
};

}  // namespace std
