#include <gtap/core/random.hpp>

#include "catch.hpp"
#include "error_text.hpp"

#include <array>
#include <cmath>
#include <set>
#include <vector>

using gtap::Coalition;
using gtap::Philox4x32;
using gtap::RandomStream;

TEST_CASE("Philox4x32-10 gives the published known answers", "[random]") {
  // From the known-answer file of Random123 (Salmon et al. 2011).
  using Words = Philox4x32::Counter;
  CHECK(Philox4x32::block({0, 0, 0, 0}, {0, 0}) ==
        Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(Philox4x32::block({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                          {0xffffffff, 0xffffffff}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(Philox4x32::block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                          {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a stream is Philox with the seed as key and the stream as high counter", "[random]") {
  RandomStream zero(0, 0);
  CHECK(zero.bits32() == 0x6627e8d5);
  CHECK(zero.bits32() == 0xe169c58d);
  CHECK(zero.bits64() == 0x9b00dbd8bc57ac4c);
  RandomStream other(0x299f31d0a4093822, 0x0370734413198a2e);
  const auto first = Philox4x32::block({0, 0, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
  CHECK(other.bits32() == first[0]);
}

TEST_CASE("draws are in range, unbiased and not the same for two streams", "[random]") {
  RandomStream a(7, 1);
  RandomStream b(7, 2);
  const int draws = 60'000;
  std::array<int, 6> faces{};
  double sum = 0.0;
  double normal_sum = 0.0;
  double normal_squares = 0.0;
  int heads = 0;
  int same = 0;
  for (int k = 0; k < draws; ++k) {
    const double u = a.uniform();
    REQUIRE(u >= 0.0);
    REQUIRE(u < 1.0);
    sum += u;
    ++faces[a.below(6)];
    heads += a.bernoulli(0.3) ? 1 : 0;
    const double z = a.normal();
    normal_sum += z;
    normal_squares += z * z;
    same += RandomStream(7, static_cast<std::uint64_t>(k)).bits32() ==
                    RandomStream(8, static_cast<std::uint64_t>(k)).bits32()
                ? 1
                : 0;
  }
  // Five standard deviations each.
  const double n = draws;
  CHECK(std::abs(sum / n - 0.5) < 5.0 / std::sqrt(12.0 * n));
  for (const int face : faces)
    CHECK(std::abs(face / n - 1.0 / 6) < 5.0 * std::sqrt(5.0 / 36 / n));
  CHECK(std::abs(heads / n - 0.3) < 5.0 * std::sqrt(0.21 / n));
  CHECK(std::abs(normal_sum / n) < 5.0 / std::sqrt(n));
  CHECK(std::abs(normal_squares / n - 1.0) < 5.0 * std::sqrt(2.0 / n));
  CHECK(same < 5);
  CHECK(b.bits64() != RandomStream(7, 1).bits64());
}

TEST_CASE("a shuffle gives every order alike", "[random]") {
  std::array<int, 6> counts{};
  RandomStream random(11, 0);
  const int draws = 30'000;
  for (int k = 0; k < draws; ++k) {
    std::array<int, 3> items{0, 1, 2};
    random.shuffle(std::span<int>(items));
    ++counts[static_cast<std::size_t>(items[0] * 2 + (items[1] > items[2] ? 1 : 0))];
  }
  for (const int count : counts)
    CHECK(std::abs(count / 3e4 - 1.0 / 6) < 5.0 * std::sqrt(5.0 / 36 / draws));
}

TEST_CASE("a mask holds each player with its probability", "[random]") {
  RandomStream random(3, 9);
  Coalition mask(130);
  std::size_t members = 0;
  for (int k = 0; k < 500; ++k) {
    random.bernoulli_mask(0.225, mask);
    members += mask.size();
    REQUIRE(mask == mask.complement().complement());  // no bits past the last player
  }
  const double n = 130 * 500;
  CHECK(std::abs(static_cast<double>(members) / n - 0.225) < 5.0 * std::sqrt(0.225 * 0.775 / n));
  random.bernoulli_mask(0.0, mask);
  CHECK(mask.empty());
  random.bernoulli_mask(1.0, mask);
  CHECK(mask == Coalition::grand(130));
}

TEST_CASE("golden values: a seed means the same on every platform", "[random]") {
  RandomStream random(42, 5);
  CHECK(random.bits32() == 0x7b835adfu);
  CHECK(random.below(1000) == 409);
  CHECK(random.uniform() == 0x1.beb5de38f6445p-1);
  std::vector<int> order{0, 1, 2, 3, 4, 5, 6, 7};
  random.shuffle(std::span<int>(order));
  CHECK(order == std::vector<int>{3, 1, 7, 0, 6, 2, 5, 4});
  Coalition mask(70);
  random.bernoulli_mask(0.5, mask);
  CHECK(mask.words()[0] == 0x6c9d0108844e1674u);
  CHECK(gtap::derive_seed(42, 1) == 0x7be7ea9abf4fd772u);
  CHECK(gtap::derive_seed(42, 2) != gtap::derive_seed(42, 1));
}

TEST_CASE("bad bounds and probabilities are refused", "[random]") {
  RandomStream random(0, 0);
  Coalition mask(3);
  CHECK(error_text([&] { random.below(0); }) ==
        "RandomStream::below: expected a bound of at least 1, got 0");
  CHECK(error_text([&] { random.bernoulli_mask(1.5, mask); }) ==
        "RandomStream::bernoulli_mask: expected a probability in [0, 1], got 1.5");
}
