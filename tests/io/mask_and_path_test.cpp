#include <gtap/io/mask_file.hpp>
#include <gtap/io/path_file.hpp>
#include <gtap/pruning/procedures.hpp>
#include <gtap/pruning/scorers.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "temporary_folder.hpp"

#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string text(const gtap::BudgetReport& report) {
  std::ostringstream out;
  out << report;
  return out.str();
}

}  // namespace

TEST_CASE("A mask comes back with its labels") {
  const TemporaryFolder folder;
  const gtap::Coalition kept(70, {0, 3, 64, 69});
  gtap::save_mask(folder / "a", {.kept = kept});
  CHECK(gtap::load_mask(folder / "a").kept == kept);
  CHECK(gtap::load_mask(folder / "a").labels.empty());
  const std::vector<std::string> labels{"conv1/0", "conv1/1", "dense \"ü\"/0"};
  gtap::save_mask(folder / "b", {.kept = gtap::Coalition(3, {1}), .labels = labels});
  CHECK(gtap::load_mask(folder / "b").labels == labels);
  CHECK(error_text([&] { gtap::save_mask(folder / "c", {.kept = kept, .labels = labels}); }) ==
        "save_mask(" + (folder / "c").string() +
            "): expected 70 labels, one for each player, got 3");
  auto file = gtap::read_safetensors(folder / "b");
  file.tensors["kept"].bytes[2] = 2;
  gtap::write_safetensors(folder / "d", file);
  CHECK(error_text([&] { gtap::load_mask(folder / "d"); }) ==
        "load_mask(" + (folder / "d").string() + ") tensor \"kept\": expected 0 or 1, got 2 at 2");
}

TEST_CASE("A path comes back whole, and goes on answering") {
  const TemporaryFolder folder;
  std::vector<std::string> labels;
  for (int p = 0; p < 40; ++p)
    labels.push_back("dense \"ü\"/" + std::to_string(p));
  const auto path = gtap::iterated_pruning(
      40, gtap::random_scorer(3),
      {.keep = gtap::Budget::units(4),
       .schedule = gtap::Schedule::units(7),
       .constraints = {.quotas = {{.name = "a", .players = {1, 2, 3}, .min = 3}}},
       .labels = labels});
  gtap::save_path(folder / "a", path);
  const auto read = gtap::load_path(folder / "a");
  REQUIRE(read.steps().size() == path.steps().size());
  for (std::size_t k = 0; k < path.steps().size(); ++k) {
    CHECK(read.steps()[k].kept == path.steps()[k].kept);
    CHECK(read.steps()[k].evaluations == path.steps()[k].evaluations);
    CHECK(read.steps()[k].seconds == path.steps()[k].seconds);
    CHECK(read.steps()[k].scores == path.steps()[k].scores);
    CHECK(read.steps()[k].scores.size() == (k == 0 ? 0 : path.steps()[k - 1].kept.size()));
  }
  CHECK(read.moves() == path.moves());
  CHECK(read.at_units(11) == path.at_units(11));
  CHECK(text(read.report) == text(path.report));
  CHECK(read.report.held_back.size() == 3);
  CHECK(read.report.held_back[0].label == labels[read.report.held_back[0].player]);
  CHECK(read.labels == labels);
  CHECK(read.seconds == path.seconds);

  auto file = gtap::read_safetensors(folder / "a");
  const auto fails = [&](const gtap::Safetensors& changed) {
    gtap::write_safetensors(folder / "b", changed);
    const std::string message = error_text([&] { gtap::load_path(folder / "b"); });
    const std::string place = "load_path(" + (folder / "b").string() + ")";
    CHECK(message.substr(0, place.size()) == place);
    return message.substr(std::min(message.size(), place.size()));
  };
  auto changed = file;
  auto moves = path.moves();
  moves[3] = 40;
  changed.tensors["moves"] = gtap::StoredTensor::from(moves);
  CHECK(fails(changed) == " Coalition::toggle: expected a player below 40, got player 40");
  moves[3] = moves[0];
  changed.tensors["moves"] = gtap::StoredTensor::from(moves);
  CHECK(fails(changed).find("expected players that all leave or all come, each once") !=
        std::string::npos);
  changed = file;
  changed.tensors["step_moves"].bytes[8] = 0xFF;
  CHECK(fails(changed) == ": expected steps that cover all moves in order, got others");
  changed = file;
  changed.tensors["step_seconds"] = gtap::StoredTensor::from(std::vector<double>{0.0});
  CHECK(fails(changed).find("as many moves, evaluations and seconds as steps") !=
        std::string::npos);
  changed = file;
  changed.tensors["scores"] = gtap::StoredTensor::from(std::vector<double>(4));
  CHECK(fails(changed) == ": expected scores that cover all 7 steps, got 4 for 7");
  changed = file;
  changed.tensors["step_scores"].bytes[8] = 0xFF;
  CHECK(fails(changed).find("expected scores that cover all 7 steps") != std::string::npos);
  changed = file;
  changed.tensors.erase("start");
  CHECK(fails(changed) ==
        " tensor \"start\": expected 1 dimension, got no tensor of this name among "
        "\"moves\", \"scores\", \"standard_errors\", \"step_evaluations\", \"step_moves\", "
        "\"step_scores\" and 2 more");
}

TEST_CASE("A path comes back with the standard errors of its scores") {
  const TemporaryFolder folder;
  struct {
    std::vector<double> values{3.0, 1.0, 2.0};
    std::vector<double> standard_errors{0.1, 0.2, std::numeric_limits<double>::infinity()};
  } const estimate;
  const auto path = gtap::top_n(estimate, {.keep = gtap::Budget::units(1)});
  gtap::save_path(folder / "a", path);
  const auto read = gtap::load_path(folder / "a");
  CHECK(read.back().scores == estimate.values);
  CHECK(read.back().standard_errors == estimate.standard_errors);
  CHECK(read.ranked(1) == std::vector<gtap::Player>{0, 1, 2});
  CHECK(read.labels.empty());
}

TEST_CASE("A grown path comes back growing") {
  const TemporaryFolder folder;
  const auto scorer = [](const gtap::Coalition& in) {
    return std::vector<double>(in.players() - in.size(), 0.0);
  };
  const auto path = gtap::iterated_building(9, scorer, {.keep = gtap::Budget::units(5)});
  gtap::save_path(folder / "a", path);
  CHECK(gtap::load_path(folder / "a").back().kept == path.back().kept);
  CHECK(gtap::load_path(folder / "a").front().kept.empty());
}
