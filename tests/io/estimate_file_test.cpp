#include <gtap/io/estimate_csv.hpp>
#include <gtap/io/estimate_file.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "temporary_folder.hpp"

#include <algorithm>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace {

gtap::Estimate some_estimate() {
  gtap::Estimate estimate;
  estimate.values = {0.1, -2.5, 0.0};
  estimate.standard_errors = {0.01, 0.0, std::numeric_limits<double>::infinity()};
  estimate.degrees_of_freedom = 7.0;
  estimate.covariance_players = {2, 0};
  estimate.covariance = {4.0, 0.5, 0.5, 1.0};
  estimate.evaluations = 1000;
  estimate.cached = 10;
  estimate.saved = 3;
  estimate.samples = 99;
  estimate.looks = 4;
  estimate.data_errors = {0.5, 0.25, 0.125};
  estimate.seconds = 1.0 / 3.0;
  estimate.stopped = gtap::Stopped::decided;
  estimate.law = "Dropout";
  estimate.design = "Permutation";
  return estimate;
}

std::string text(const gtap::Estimate& estimate) {
  std::ostringstream out;
  out << estimate;
  return out.str();
}

}  // namespace

TEST_CASE("An estimate comes back to the last bit") {
  const TemporaryFolder folder;
  gtap::Estimate estimate = some_estimate();
  for (const double freedom : {7.0, std::numeric_limits<double>::infinity()}) {
    estimate.degrees_of_freedom = freedom;
    gtap::save_estimate(folder / "a", estimate);
    const gtap::Estimate read = gtap::load_estimate(folder / "a");
    CHECK(read.values == estimate.values);
    CHECK(read.standard_errors == estimate.standard_errors);
    CHECK(read.degrees_of_freedom == freedom);
    CHECK(read.covariance_players == estimate.covariance_players);
    CHECK(read.covariance == estimate.covariance);
    CHECK(read.data_errors == estimate.data_errors);
    CHECK(read.saved == 3);
    CHECK(read.looks == 4);
    CHECK(read.seconds == estimate.seconds);
    CHECK(text(read) == text(estimate));
  }
}

TEST_CASE("A damaged estimate is refused by name") {
  const TemporaryFolder folder;
  gtap::save_estimate(folder / "a", some_estimate());
  const auto file = gtap::read_safetensors(folder / "a");
  const auto fails = [&](const gtap::Safetensors& changed) {
    gtap::write_safetensors(folder / "b", changed);
    const std::string message = error_text([&] { gtap::load_estimate(folder / "b"); });
    const std::string place = "load_estimate(" + (folder / "b").string() + ")";
    CHECK(message.substr(0, place.size()) == place);
    return message.substr(std::min(message.size(), place.size()));
  };
  auto changed = file;
  changed.tensors["values"] = gtap::StoredTensor::from(std::vector<double>{1, 2});
  CHECK(fails(changed) == ": expected 2 standard errors, one for each value, got 3");
  changed = file;
  changed.tensors["standard_errors"] = gtap::StoredTensor::from(std::vector<double>{1, -1, 2});
  CHECK(fails(changed) ==
        ": expected finite values with standard errors of 0 or more, got -2.5 +- -1 for player 1");
  changed = file;
  changed.tensors["covariance_players"] = gtap::StoredTensor::from(std::vector<gtap::Player>{1});
  CHECK(fails(changed) == " tensor \"covariance\": expected shape 1x1, got 2x2");
  changed = file;
  changed.tensors["covariance_players"] = gtap::StoredTensor::from(std::vector<gtap::Player>{1, 3});
  CHECK(fails(changed) == ": expected a player below 3, got player 3");
  changed = file;
  changed.tensors["data_errors"] = gtap::StoredTensor::from(std::vector<double>{1, 2});
  CHECK(fails(changed) == ": expected 3 errors by data, or none, got 2");
  changed = file;
  std::string& json = changed.metadata["gtap.estimate"];
  json.replace(json.find("decided"), 7, "bored");
  CHECK(fails(changed) == ": expected why an estimation stopped, got \"bored\"");
  changed = file;
  changed.tensors.erase("values");
  CHECK(fails(changed) ==
        " tensor \"values\": expected 1 dimension, got no tensor of this name among "
        "\"covariance\", \"covariance_players\", \"data_errors\", \"degrees_of_freedom\", "
        "\"standard_errors\"");
}

TEST_CASE("An estimate goes to other programs as CSV and JSON") {
  const TemporaryFolder folder;
  gtap::Estimate estimate = some_estimate();
  estimate.standard_errors[0] = 0.0;
  CHECK(gtap::estimate_csv(estimate) ==
        "player,value,standard_error,low95,high95,data_error\n"
        "0,0.1,0,0.1,0.1,0.5\n"
        "1,-2.5,0,-2.5,-2.5,0.25\n"
        "2,0,inf,-inf,inf,0.125\n");
  CHECK(mentions(gtap::estimate_json(estimate), R"("data_error":0.25)"));
  CHECK(mentions(text(estimate), "0.1  +- 0  +- 0.5 by data"));
  estimate.data_errors.clear();
  CHECK(gtap::estimate_csv(estimate) ==
        "player,value,standard_error,low95,high95\n"
        "0,0.1,0,0.1,0.1\n"
        "1,-2.5,0,-2.5,-2.5\n"
        "2,0,inf,-inf,inf\n");
  const std::vector<std::string> labels{"conv1/0", "a,\"b\"", "x"};
  gtap::save_estimate_csv(folder / "a.csv", estimate, labels);
  const auto bytes = read_bytes(folder / "a.csv");
  const std::string csv(bytes.begin(), bytes.end());
  CHECK(csv.find("player,label,value,") == 0);
  CHECK(csv.find("\n0,conv1/0,0.1,0,") != std::string::npos);
  CHECK(csv.find("\n1,\"a,\"\"b\"\"\",-2.5,0,") != std::string::npos);
  CHECK(
      gtap::estimate_json(estimate, labels) ==
      R"({"cached":10,"design":"Permutation","evaluations":1000,"law":"Dropout","looks":4,"players":[)"
      R"({"label":"conv1/0","player":0,"standard_error":0.0,"value":0.1},)"
      R"({"label":"a,\"b\"","player":1,"standard_error":0.0,"value":-2.5},)"
      R"({"label":"x","player":2,"standard_error":null,"value":0.0}],)"
      R"("samples":99,"saved":3,"seconds":0.3333333333333333,"stopped":"decided"})");
  CHECK(error_text([&] { gtap::estimate_csv(estimate, std::span(labels).first(2)); }) ==
        "estimate_csv: expected 3 labels, one for each player, got 2");
}
