// The code of docs/keeping.md.

#include <gtap/gtap.hpp>
#if __has_include(<nlohmann/json.hpp>)
#include <gtap/io/compacted_file.hpp>
#include <gtap/io/estimate_csv.hpp>
#include <gtap/io/estimate_file.hpp>
#include <gtap/io/mask_file.hpp>
#include <gtap/io/network_file.hpp>
#include <gtap/io/path_file.hpp>
#endif

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <cmath>
#include <filesystem>
#include <iostream>
#include <stop_token>
#include <string>
#include <vector>

namespace {

double value(const gtap::Coalition& kept) {
  double x = 0.0;
  kept.for_each([&](gtap::Player p) { x += 0.06 * p - 0.5; });
  return 1.0 / (1.0 + std::exp(-x));
}

}  // namespace

TEST_CASE("a long run, as in the manual") {
  const auto game = gtap::make_game(20, value);
  const TemporaryFolder folder;
  std::stop_source stopping;
  // [long_run]
  const gtap::EstimateOptions options{
      .evaluations = 50'000,
      .seed = 1,
      .standard_error = 0.0005,  // end before that when every error is this small
      .progress =
          [](const gtap::Progress& now) {
            std::cerr << '\r' << now.done << " of " << now.total << ", " << now.seconds_left
                      << " s left";
          },
      .stop = stopping.get_token(),  // of a std::stop_source, which another thread may trigger
      .checkpoint = folder / "indices.state"};
  const gtap::Estimate indices = gtap::estimate(game, gtap::Shapley{}, options);
  std::cout << indices;
  // [long_run]
  CHECK(std::filesystem::exists(folder / "indices.state"));
  for (const double error : indices.standard_errors)
    CHECK(error <= 0.0005);
  const gtap::Estimate again = gtap::estimate(game, gtap::Shapley{}, options);
  CHECK(again.values == indices.values);
}

#if __has_include(<nlohmann/json.hpp>)
TEST_CASE("files, as in the manual") {
  const TemporaryFolder folder;
  gtap::nn::Network<float> net({1, 4, 4}, {gtap::nn::Flatten{}, gtap::nn::Dense{.out = 12},
                                           gtap::nn::Relu{}, gtap::nn::Dense{.out = 3}});
  gtap::nn::initialize(net, 1);
  const gtap::Units units(net);
  const auto game = gtap::make_game(12, value);
  const gtap::Estimate indices = gtap::estimate(game, gtap::Shapley{}, {.evaluations = 500});
  const gtap::PruningPath path = gtap::top_n(indices, {.keep = gtap::Budget::fraction(0.5)});
  // [save]
  gtap::save_estimate(folder / "indices.safetensors", indices);
  gtap::save_estimate_csv(folder / "indices.csv", indices, units.labels());
  gtap::save_path(folder / "path.safetensors", path);
  gtap::save_mask(folder / "mask.safetensors", {.kept = path.back().kept});
  gtap::save_network(folder / "smaller.safetensors", gtap::compact(net, units, path.back().kept));
  // [save]
  // [load]
  const gtap::Mask mask = gtap::load_mask(folder / "mask.safetensors");
  const auto smaller = gtap::load_network<float>(folder / "smaller.safetensors");
  // [load]
  CHECK(mask.kept == path.back().kept);
  CHECK(smaller.parameters() == 17 * 6 + 7 * 3);
  CHECK(gtap::load_estimate(folder / "indices.safetensors").values == indices.values);
  CHECK(gtap::load_path(folder / "path.safetensors").back().kept == mask.kept);
  gtap::save_network(folder / "net.safetensors", net);
  // [weights]
  gtap::load_weights(folder / "net.safetensors", net);
  // [weights]
  const std::vector<std::uint8_t> csv = read_bytes(folder / "indices.csv");
  CHECK(std::string(csv.begin(), csv.end()).find("\n7,dense1/7,") != std::string::npos);
}
#endif
