#include <gtap/games/closed_form.hpp>
#include <gtap/io/log_file.hpp>

#include "catch.hpp"
#include "error_text.hpp"
#include "temporary_folder.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace gtap;

TEST_CASE("A log comes back to the last bit") {
  const TemporaryFolder folder;
  const AdditiveGame game({0.1, 0.2, 0.3, -0.7, 1.0 / 3.0});
  const EvaluationLog log = record(game, {.evaluations = 300}, Shapley{}, Dropout{0.3});
  save_log(folder / "a", log);
  const EvaluationLog read = load_log(folder / "a");
  CHECK(read.sizes() == log.sizes());
  REQUIRE(read.size() == 300);
  for (std::size_t k = 0; k < 300; ++k) {
    CHECK(read.coalition(k) == log.coalition(k));
    CHECK(read.value(k) == log.value(k));
  }
  const Estimate before = estimate_from(log, Dropout{0.3});
  const Estimate after = estimate_from(read, Dropout{0.3});
  CHECK(after.values == before.values);
  CHECK(after.standard_errors == before.standard_errors);
}

TEST_CASE("A damaged log is refused by name") {
  const TemporaryFolder folder;
  EvaluationLog log({0.0, 1.0, 1.0, 0.0});
  log.add(Coalition(3, {1}), 0.5);
  log.add(Coalition(3, {0, 2}), -0.5);
  save_log(folder / "a", log);
  const auto file = read_safetensors(folder / "a");
  const auto fails = [&](const Safetensors& changed) {
    write_safetensors(folder / "b", changed);
    const std::string message = error_text([&] { load_log(folder / "b"); });
    const std::string place = "load_log(" + (folder / "b").string() + ")";
    return message.starts_with(place) ? message.substr(place.size()) : message;
  };
  auto changed = file;
  changed.tensors["values"] = StoredTensor::from(std::vector<double>{1, 2, 3});
  CHECK(fails(changed) == " tensor \"kept\": expected shape 3x3, got 2x3");
  changed = file;
  changed.tensors["kept"].bytes[0] = 2;
  CHECK(fails(changed) == " tensor \"kept\": expected 0 or 1, got 2 at 0");
  changed = file;
  changed.tensors["kept"].bytes[4] = 1;
  CHECK(fails(changed) ==
        "EvaluationLog::add: expected a coalition of a size that is drawn, got {0, 1, 2} of 3");
  changed = file;
  changed.metadata.clear();
  CHECK(fails(changed) ==
        ": expected \"gtap.log\" in the file's __metadata__, got nothing of that name");
}
