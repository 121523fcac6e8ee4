#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

#if defined(__linux__)
#include <unistd.h>
#endif

namespace gtap_bench {

/// Starts the program again unless OMP_NUM_THREADS is 1: OpenMP, and with it oneDNN, reads its
/// number of threads before main begins.
inline void restart_with_one_thread([[maybe_unused]] char** argv) {
#if defined(__linux__)
  const char* const threads = std::getenv("OMP_NUM_THREADS");
  if (threads != nullptr && std::string_view(threads) == "1") return;
  setenv("OMP_NUM_THREADS", "1", 1);
  execv("/proc/self/exe", argv);
  std::perror("set OMP_NUM_THREADS=1: the program cannot start itself again");
  std::exit(1);
#endif
}

}  // namespace gtap_bench
