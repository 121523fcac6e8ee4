#pragma once

#include <gtap/execution/progress.hpp>

#include <cmath>
#include <cstdio>
#include <string>
#include <unistd.h>
#include <utility>

namespace support {

/// One line on stderr that says how far a long piece of work is and how long it will take. Silent
/// when stderr is not a terminal.
class ProgressLine {
 public:
  ProgressLine(std::string what, std::size_t total)
      : what_(std::move(what)), meter_({}, total), total_(total), shown_(isatty(2) == 1) {}
  ~ProgressLine() {
    if (drawn_) std::fputs("\r\033[K", stderr);
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(std::size_t done) {
    if (!shown_) return;
    const double seconds = meter_.seconds();
    if (seconds - last_ < 0.1 && done < total_) return;
    last_ = seconds;
    drawn_ = true;
    const double share = static_cast<double>(done) / static_cast<double>(total_);
    const double left = done == 0 ? 0.0 : seconds * (1.0 - share) / share;
    std::fprintf(stderr, "\r\033[K%s: %.0f%%, %.0f s left", what_.c_str(), 100.0 * share,
                 std::ceil(left));
    std::fflush(stderr);
  }

  /// For the library's procedures.
  gtap::ProgressCallback callback() {
    return [this](const gtap::Progress& progress) { show(progress.done); };
  }

 private:
  std::string what_;
  gtap::ProgressMeter meter_;
  std::size_t total_;
  bool shown_;
  bool drawn_ = false;
  double last_ = -1.0;
};

}  // namespace support
