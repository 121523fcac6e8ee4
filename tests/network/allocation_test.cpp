// The address sanitizer has an operator new of its own and no patience for another.
#if !defined(__SANITIZE_ADDRESS__)

#include <gtap/network/network_game.hpp>

#include "catch.hpp"
#include "networks.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

// Counts what the whole program allocates; a case looks at the difference.
namespace {
std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t size) {
  return counted(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

using namespace gtap;

TEST_CASE("an evaluator that has warmed up allocates nothing", "[network_game]") {
  for (const auto& [name, net] : networks::all()) {
    const NetworkGame game(net, networks::data_for(net, 130, 1), CrossEntropy{});
    const std::size_t n = game.players();
    auto worker = game.evaluator();
    RandomStream random(3, 0);
    std::vector<Coalition> coalitions(5, Coalition(n));
    for (Coalition& kept : coalitions)
      random.bernoulli_mask(0.5, kept);
    std::vector<Player> players;
    for (Player p = 0; p < n; ++p)
      players.push_back(p);
    std::vector<double> some(5);
    std::vector<double> out(n + 1);
    std::size_t used = 0;
    for (int round = 0; round < 2; ++round) {
      const std::size_t before = allocations;
      worker.batch(coalitions, some);
      worker.chain(coalitions[static_cast<std::size_t>(round)], players, out);
      worker.star(coalitions[2], players, out);
      used = allocations - before;
    }
    CAPTURE(name);
    CHECK(used == 0);
  }
}

#endif
