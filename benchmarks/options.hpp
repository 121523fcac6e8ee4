#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#if defined(__linux__)
#include <unistd.h>
#endif

namespace gtap_bench {

/// What all benchmark programs that compare sides take on the command line.
struct Options {
  std::string json;
  std::string filter;
  std::size_t rounds = 15;
  bool quick = false;
  bool scaling = false;

  bool selects(const std::string& name) const { return name.find(filter) != std::string::npos; }
};

/// Reads the command line. Ends the program after --help, and with 2 at what it does not know.
inline Options parse(int argc, char** argv, const char* about, bool has_scaling = false) {
  Options options;
  const auto help = [&](std::FILE* to) {
    std::fprintf(to,
                 "%s\n\nusage: %s [--json FILE] [--filter TEXT] [--rounds N] [--quick]%s [--help]\n"
                 "  --json FILE    write a list of {name, gtap, peers, unit, peak}\n"
                 "  --filter TEXT  only cases whose name contains TEXT\n"
                 "  --rounds N     measure each side N times, by turns, and take medians (15)\n"
                 "  --quick        3 rounds: to see that it runs\n%s",
                 about, argv[0], has_scaling ? " [--scaling]" : "",
                 has_scaling ? "  --scaling      instead, how the cost grows with players, images, "
                               "kept fraction and threads\n"
                             : "");
  };
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool more = i + 1 < argc;
    if (argument == "--help") {
      help(stdout);
      std::exit(0);
    } else if (argument == "--quick") {
      options.quick = true;
      options.rounds = 3;
    } else if (argument == "--scaling" && has_scaling) {
      options.scaling = true;
    } else if (argument == "--json" && more) {
      options.json = argv[++i];
    } else if (argument == "--filter" && more) {
      options.filter = argv[++i];
    } else if (argument == "--rounds" && more && std::atoi(argv[i + 1]) > 0) {
      options.rounds = static_cast<std::size_t>(std::atoi(argv[++i]));
    } else {
      std::fprintf(stderr, "not understood: %s\n\n", argument.c_str());
      help(stderr);
      std::exit(2);
    }
  }
  return options;
}

/// Numeric libraries read their number of threads before main begins.
inline void restart_with_one_thread(char** argv) {
#if defined(__linux__)
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return;
  setenv("OMP_NUM_THREADS", "1", 1);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  execv("/proc/self/exe", argv);
#else
  (void)argv;
#endif
}

}  // namespace gtap_bench
