#pragma once

#include <gtap/core/coalition.hpp>

#include <array>
#include <cstddef>
#include <mutex>
#include <unordered_map>

namespace gtap::detail {

/// What is known of coalitions, shared by threads: shards with a lock each.
template <class Known>
class ShardedMap {
 public:
  using Map = std::unordered_map<Coalition, Known>;

  /// Calls visit(map) of the coalition's shard, which nobody else touches meanwhile.
  template <class Visit>
  auto with(const Coalition& coalition, Visit&& visit) {
    Shard& shard = shards_[index(coalition)];
    const std::lock_guard lock(shard.mutex);
    return visit(shard.map);
  }

  /// What is known of a coalition, or null. Only while nobody calls with().
  const Known* find(const Coalition& coalition) const {
    const Map& map = shards_[index(coalition)].map;
    const auto found = map.find(coalition);
    return found == map.end() ? nullptr : &found->second;
  }

 private:
  static constexpr std::size_t shards = 16;
  struct Shard {
    std::mutex mutex;
    Map map;
  };
  static std::size_t index(const Coalition& coalition) {
    return std::hash<Coalition>{}(coalition) >> 7 & (shards - 1);
  }

  std::array<Shard, shards> shards_;
};

}  // namespace gtap::detail
