#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace gtap_bench {

/// Rates by the name of a side; higher is better.
using Rates = std::map<std::string, double>;

/// One way of doing a piece of work: "gtap", a peer, or "peak". A side may come in several
/// variants, such as memory layouts; its fastest counts.
struct Side {
  std::string name;
  std::string variant;
  std::function<void()> run;
  double work = 0;  ///< of one run, where it is not the case's
};

/// A piece of work and who does it.
struct Case {
  std::string unit;
  double work;  ///< in units of `unit` seconds: GFLOP for GFLOPS
  std::vector<Side> sides{};
  std::function<Rates(Rates)> derived{};  ///< what to tell instead of the sides' rates
};

}  // namespace gtap_bench
