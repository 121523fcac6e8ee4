#pragma once

#include <gtap/core/target.hpp>

#include <cstddef>
#include <new>
#include <vector>

namespace gtap::nn {

/// A cache line, and the widest SIMD register: what rows of images are aligned to, in bytes.
inline constexpr std::size_t alignment = 64;

/// Allocates memory aligned to `alignment`.
template <class T>
struct AlignedAllocator {
  using value_type = T;

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}

  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{alignment}));
  }
  void deallocate(T* memory, std::size_t) {
    ::operator delete (memory, std::align_val_t{alignment});
  }

  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

/// A vector whose first element is aligned for SIMD.
template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace gtap::nn
