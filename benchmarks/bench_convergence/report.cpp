#include "report.hpp"

#include "../../examples/support/number.hpp"
#include "../../examples/support/plot.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <sstream>

using support::number;

namespace {

std::string panel(const Curve& curve) {
  return curve.game + "_" + curve.law;
}

std::string named(const Curve& curve) {
  return curve.is_default && curve.design != "default" ? curve.design + ", default" : curve.design;
}

/// "2000 runs", or "30 to 2000 runs".
std::string runs_of(const std::vector<Curve>& curves) {
  std::size_t least = curves.front().runs.front();
  std::size_t most = least;
  for (const Curve& curve : curves) {
    for (std::size_t k = 0; k < curve.runs.size(); ++k) {
      if (curve.spent[k] == 0.0) continue;  // not paid for
      least = std::min(least, curve.runs[k]);
      most = std::max(most, curve.runs[k]);
    }
  }
  return (least < most ? std::to_string(least) + " to " : "") + std::to_string(most) + " runs";
}

/// Curves of one game and law stand one after another.
template <class Visit>
void for_each_panel(const std::vector<Curve>& curves, Visit&& visit) {
  for (auto first = curves.begin(); first != curves.end();) {
    const auto last = std::find_if(
        first, curves.end(), [&](const Curve& curve) { return panel(curve) != panel(*first); });
    visit(std::vector<Curve>(first, last));
    first = last;
  }
}

bool plot_panel(const std::vector<Curve>& curves, bool by_seconds,
                const support::OutputFolder& folder) {
  support::Plot plot;
  std::size_t colour = 0;
  for (const Curve& curve : curves) {
    const std::vector<double> x =
        by_seconds ? curve.seconds
                   : std::vector<double>(curve.evaluations.begin(), curve.evaluations.end());
    // Colours come round after eight curves: then with other points and dashes.
    const std::string points = curve.is_default || colour < 8 ? "pt 7 ps 0.5" : "pt 6 ps 0.8 dt 4";
    const std::string style =
        curve.is_default ? " lw 4 lc rgb 'black'" : " lw 1.5" + support::plot_colour(colour++);
    plot.add(x, curve.mse, "linespoints " + points + style, named(curve));
  }
  const std::string name = panel(curves.front()) + (by_seconds ? "_seconds" : "");
  return folder.plot(
      name, plot.script("set title '" + curves.front().game + ", " + curves.front().law + ", " +
                        runs_of(curves) +
                        "'\nset logscale xy\nset format '%.0e'\nset grid\nset key outside right "
                        "top noenhanced\nset ylabel 'mean squared error'\nset xlabel '" +
                        (by_seconds ? "seconds of one run" : "evaluations asked for") + "'\n"));
}

}  // namespace

nlohmann::ordered_json to_json(const std::vector<Curve>& curves) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Curve& curve : curves) {
    list.push_back({{"game", curve.game},
                    {"players", curve.players},
                    {"law", curve.law},
                    {"design", curve.design},
                    {"default", curve.is_default},
                    {"evaluations", curve.evaluations},
                    {"spent", curve.spent},
                    {"mse", curve.mse},
                    {"mse_standard_error", curve.mse_errors},
                    {"seconds", curve.seconds},
                    {"runs", curve.runs}});
  }
  return list;
}

std::string to_csv(const std::vector<Curve>& curves) {
  std::ostringstream out;
  out.precision(9);
  out << "game,players,law,design,default,evaluations,spent,mse,mse_standard_error,seconds,runs\n";
  for (const Curve& curve : curves) {
    for (std::size_t k = 0; k < curve.mse.size(); ++k) {
      out << curve.game << ',' << curve.players << ',' << curve.law << ",\"" << curve.design
          << "\"," << curve.is_default << ',' << curve.evaluations[k] << ',' << curve.spent[k]
          << ',' << curve.mse[k] << ',' << curve.mse_errors[k] << ',' << curve.seconds[k] << ','
          << curve.runs[k] << '\n';
    }
  }
  return out.str();
}

std::string to_tables(const std::vector<Curve>& all) {
  std::ostringstream summary;
  std::ostringstream details;
  for_each_panel(all, [&](const std::vector<Curve>& curves) {
    const Curve& first = curves.front();
    std::string heading;
    std::string rule = "|---|";
    for (const std::size_t evaluations : first.evaluations) {
      heading += ' ' + std::to_string(evaluations / first.players) + " n |";
      rule += "---|";
    }
    details << "\n| " << first.game << ", " << first.law << ", " << runs_of(curves) << " |"
            << heading << '\n'
            << rule << '\n';
    std::vector<double> best(first.mse);
    for (const Curve& curve : curves) {
      details << "| " << named(curve) << " |";
      for (std::size_t k = 0; k < best.size(); ++k) {
        details << number(" %.2e |", curve.mse[k]);
        best[k] = std::min(best[k], curve.mse[k]);
      }
      details << '\n';
    }
    if (summary.str().empty())
      summary << "| default: error (times the best) |" << heading << " mean |\n"
              << rule << "---|\n";
    for (const Curve& curve : curves) {
      if (!curve.is_default) continue;
      summary << "| " << first.game << ", " << first.law << " |";
      double logs = 0.0;
      for (std::size_t k = 0; k < best.size(); ++k) {
        summary << number(" %.2e", curve.mse[k]) << number(" (%.2f) |", curve.mse[k] / best[k]);
        logs += std::log(curve.mse[k] / best[k]) / static_cast<double>(best.size());
      }
      summary << number(" (%.2f) |", std::exp(logs)) << '\n';
    }
  });
  return summary.str() + details.str();
}

bool plot(const std::vector<Curve>& all, const support::OutputFolder& folder) {
  bool drawn = true;
  for_each_panel(all, [&](const std::vector<Curve>& curves) {
    drawn = plot_panel(curves, false, folder) && drawn;
    const bool chained = curves.front().game == "readout" || curves.front().game == "network";
    if (chained && curves.front().law == "shapley")
      drawn = plot_panel(curves, true, folder) && drawn;
  });
  return drawn;
}
