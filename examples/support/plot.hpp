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
  void add(const std::vector<double>& x, const std::vector<double>& y, const std::string& style,
           const std::string& name) {
    const std::string block = "$line" + std::to_string(lines_++);
    data_ << block << " << EOD\n";
    for (std::size_t k = 0; k < x.size(); ++k)
      data_ << x[k] << ' ' << y[k] << '\n';
    data_ << "EOD\n";
    plots_ << (lines_ == 1 ? "plot " : ", ") << block << " with " << style << " title '" << name
           << "'";
  }
  std::string script(const std::string& settings) const {
    return data_.str() + settings + plots_.str() + '\n';
  }

 private:
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
