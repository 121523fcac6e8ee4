#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gtap_bench {

/// One way of doing a piece of work: "gtap", a peer, or "peak". A peer may come in several
/// variants, such as memory layouts; its fastest counts.
struct Side {
  std::string name;
  std::function<void()> run;
  double work = 0;  ///< of one run, where it is not the case's
};

/// A piece of work and who does it.
struct Case {
  std::string name;
  std::string unit;
  double work;  ///< in units of `unit` seconds: GFLOP for GFLOPS
  std::vector<Side> sides;
};

/// Medians by side, in the case's unit; higher is better.
struct Outcome {
  std::string name;
  std::string unit;
  std::vector<std::pair<std::string, double>> rates;

  double rate(std::string_view side) const {
    for (const auto& [name_, value] : rates) {
      if (name_ == side) return value;
    }
    return 0;
  }
  double best_peer() const {
    double best = 0;
    for (const auto& [name_, value] : rates) {
      if (name_ != "gtap" && name_ != "peak") best = std::max(best, value);
    }
    return best;
  }
};

inline double seconds_of(const std::function<void()>& run, std::size_t repeats) {
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < repeats; ++i)
    run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Runs all sides by turns, `rounds` times, each for about `sample` seconds, and takes medians:
/// what disturbs the machine meets all sides alike.
inline Outcome measure(const Case& work, std::size_t rounds, double sample) {
  std::vector<std::size_t> repeats;
  std::vector<std::vector<double>> times(work.sides.size());
  for (const Side& side : work.sides) {
    const double once = std::min(seconds_of(side.run, 1), seconds_of(side.run, 1));
    repeats.push_back(
        static_cast<std::size_t>(std::clamp(sample / std::max(once, 1e-9), 1.0, 1e7)));
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t s = 0; s < work.sides.size(); ++s) {
      times[s].push_back(seconds_of(work.sides[s].run, repeats[s]) /
                         static_cast<double>(repeats[s]));
    }
  }
  Outcome outcome{work.name, work.unit, {}};
  for (std::size_t s = 0; s < work.sides.size(); ++s) {
    const auto middle = times[s].begin() + static_cast<std::ptrdiff_t>(rounds / 2);
    std::nth_element(times[s].begin(), middle, times[s].end());
    const double done = work.sides[s].work > 0 ? work.sides[s].work : work.work;
    const double rate = done / *middle;
    const auto same = std::find_if(outcome.rates.begin(), outcome.rates.end(),
                                   [&](const auto& r) { return r.first == work.sides[s].name; });
    if (same == outcome.rates.end()) {
      outcome.rates.emplace_back(work.sides[s].name, rate);
    } else {
      same->second = std::max(same->second, rate);
    }
  }
  return outcome;
}

/// One line of the table: rates, the ratio to the best peer, the share of the peak.
inline void print(const Outcome& o) {
  std::printf("%-32s", o.name.c_str());
  for (const auto& [side, value] : o.rates)
    std::printf(" %s %.4g", side.c_str(), value);
  std::printf(" %s", o.unit.c_str());
  if (o.best_peer() > 0) std::printf(" | %.2f x best peer", o.rate("gtap") / o.best_peer());
  if (o.rate("peak") > 0) std::printf(" | %.0f%% of peak", 100 * o.rate("gtap") / o.rate("peak"));
  std::printf("\n");
  std::fflush(stdout);
}

/// The table of what was measured against whom: gtap's rate, and its ratio to each peer's.
inline void print_ratios(const std::vector<Outcome>& outcomes) {
  std::vector<std::string> peers;
  for (const Outcome& o : outcomes) {
    for (const auto& [side, value] : o.rates) {
      if (side == "gtap" || side == "peak") continue;
      if (std::find(peers.begin(), peers.end(), side) == peers.end()) peers.push_back(side);
    }
  }
  std::printf("\n%-32s %12s %-18s", "", "gtap", "unit");
  for (const std::string& peer : peers)
    std::printf(" %16s", ("x " + peer).c_str());
  std::printf(" %8s\n", "of peak");
  for (const Outcome& o : outcomes) {
    std::printf("%-32s %12.4g %-18s", o.name.c_str(), o.rate("gtap"), o.unit.c_str());
    for (const std::string& peer : peers) {
      if (o.rate(peer) > 0) {
        std::printf(" %16.2f", o.rate("gtap") / o.rate(peer));
      } else {
        std::printf(" %16s", "");
      }
    }
    if (o.rate("peak") > 0) std::printf(" %7.0f%%", 100 * o.rate("gtap") / o.rate("peak"));
    std::printf("\n");
  }
}

/// A list of {"name", "gtap", "peers", "unit", "peak"}.
inline void write_json(const std::string& path, const std::vector<Outcome>& outcomes) {
  std::ofstream out(path);
  out << "[";
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome& o = outcomes[i];
    out << (i == 0 ? "\n" : ",\n") << "  {\"name\": \"" << o.name
        << "\", \"gtap\": " << o.rate("gtap") << ", \"peers\": {";
    bool first = true;
    for (const auto& [side, value] : o.rates) {
      if (side == "gtap" || side == "peak") continue;
      out << (first ? "" : ", ") << '"' << side << "\": " << value;
      first = false;
    }
    out << "}, \"unit\": \"" << o.unit << '"';
    if (o.rate("peak") > 0) out << ", \"peak\": " << o.rate("peak");
    out << "}";
  }
  out << "\n]\n";
  if (!out) std::fprintf(stderr, "cannot write %s\n", path.c_str());
}

}  // namespace gtap_bench
