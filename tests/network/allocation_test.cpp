// The address sanitizer has an operator new of its own and no patience for another.
#if !defined(__SANITIZE_ADDRESS__)

#include <gtap/network/network_game.hpp>

#include "catch.hpp"
#include "networks.hpp"
#include "nn/patterns.hpp"

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
// Where these are inlined, a compiler sees std::free of what came from operator new, and warns.
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

// With clang some memory comes from the address sanitizer's own operator new and is freed above.
extern "C" const char* __asan_default_options() {
  return "alloc_dealloc_mismatch=0";
}

using namespace gtap;

namespace {

/// Allocations of a warm evaluator in rounds of random coalitions, chains and stars.
template <class Objective>
std::size_t allocations_once_warm(const nn::Network<float>& net) {
  const NetworkGame game(net, networks::data_for(net, 130, 1), Objective{});
  const std::size_t n = game.players();
  auto worker = game.evaluator();
  RandomStream random(3, 0);
  std::vector<Coalition> coalitions(20, Coalition(n));
  std::vector<Player> players(n);
  std::vector<double> out(coalitions.size() + n + 1);
  std::size_t used = 0;
  for (int round = 0; round < 6; ++round) {
    for (Coalition& kept : coalitions)
      random.bernoulli_mask(0.15 * (round + 1), kept);
    for (Player& p : players)
      p = random.below(static_cast<std::uint32_t>(n));
    // The first round's star is the smallest.
    const auto some = std::span<const Player>(players).first(round == 0 ? 1 : n);
    const std::size_t before = allocations;
    worker.batch(coalitions, std::span(out).first(coalitions.size()));
    worker.chain(coalitions[0], some, std::span(out).first(some.size() + 1));
    worker.star(coalitions[1], some, std::span(out).first(some.size() + 1));
    if (round > 0) used += allocations - before;
  }
  return used;
}

}  // namespace

TEST_CASE("an evaluator that has warmed up allocates nothing", "[network_game]") {
  for (const auto& [name, net] : networks::all()) {
    CAPTURE(name);
    CHECK(allocations_once_warm<CrossEntropy>(net) == 0);
    CHECK(allocations_once_warm<Accuracy>(net) == 0);
    CHECK(allocations_once_warm<Agreement>(net) == 0);
  }
  for (const auto& one : patterns::all<float>()) {
    nn::Network<float> net(one.input, one.nodes);
    networks::randomize(net, 5);
    CAPTURE(one.name);
    CHECK(allocations_once_warm<CrossEntropy>(net) == 0);
  }
}

#endif
