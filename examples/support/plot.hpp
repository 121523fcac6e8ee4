#pragma once

#include <cstddef>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace support {

/// What a gnuplot plot is made of: curves in data blocks, and the options of each.
class Plot {
 public:
  using Values = std::vector<double>;

  void add(const Values& x, const Values& y, const std::string& style, const std::string& name) {
    add_block([&](std::size_t k) { data_ << x[k] << ' ' << y[k]; }, x.size(),
              style + " title '" + name + "'");
  }
  /// Bars of one standard deviation to either side.
  void add(const Values& x, const Values& y, const Values& deviation, const std::string& style) {
    add_block([&](std::size_t k) { data_ << x[k] << ' ' << y[k] << ' ' << deviation[k]; }, x.size(),
              "yerrorbars pt 0" + style + " notitle");
  }
  /// What lies between two curves.
  void fill(const Values& x, const Values& low, const Values& high, const std::string& style) {
    add_block([&](std::size_t k) { data_ << x[k] << ' ' << low[k] << ' ' << high[k]; }, x.size(),
              "filledcurves fs transparent solid 0.15" + style + " notitle");
  }
  std::string script(const std::string& settings) const {
    return data_.str() + settings + plots_.str() + '\n';
  }

 private:
  template <class Write>
  void add_block(Write write, std::size_t points, const std::string& style) {
    const std::string block = "$line" + std::to_string(lines_++);
    data_ << block << " << EOD\n";
    for (std::size_t k = 0; k < points; ++k) {
      write(k);
      data_ << '\n';
    }
    data_ << "EOD\n";
    plots_ << (lines_ == 1 ? "plot " : ", ") << block << " with " << style;
  }

  std::size_t lines_ = 0;
  std::ostringstream data_;
  std::ostringstream plots_;
};

/// The k-th of eight colours that go together, as an option of a curve.
inline std::string plot_colour(std::size_t k) {
  constexpr const char* colours[] = {"#0b5cad", "#c2410c", "#15803d", "#7c3aed",
                                     "#64748b", "#b08968", "#0f766e", "#be123c"};
  return std::string(" lc rgb '") + colours[k % std::size(colours)] + "'";
}

}  // namespace support
