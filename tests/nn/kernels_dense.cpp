#include <gtap/nn/kernels/dense.hpp>
#include <gtap/nn/kernels/dense_toggle.hpp>

#include "catch.hpp"
#include "nn/kernels_support.hpp"

#include <algorithm>

using namespace gtap_test;
using gtap::nn::kernels::Activation;

namespace {

template <class Arch, class T>
void check_dense(std::size_t ins, std::size_t outs, bool subsets, bool biased,
                 Activation::Kind kind) {
  const auto in_rows = subsets ? some(ins, ins) : all(ins);
  const auto out_rows = subsets ? some(outs, outs + 1) : all(outs);
  const auto weight = random_numbers<T>(ins * outs, 3);
  const auto bias = random_numbers<T>(outs, 4);
  Rows<T> in(ins, row_size, 5);
  poison_rows_outside(in, ins, 1, in_rows);
  Rows<T> out(outs);
  kernels::dense<Arch>(weight.data(), ins, biased ? bias.data() : nullptr, in_rows, out_rows,
                       in.data(), out.data(), Activation{kind});
  const double bound = sum_error<T>(ins + 1);
  for (std::size_t o = 0; o < outs; ++o) {
    for (std::size_t lane = 0; lane < row_size; ++lane) {
      if (!contains(out_rows, o)) {
        REQUIRE(out(o, lane) == Rows<T>::mark);
        continue;
      }
      double sum = biased ? static_cast<double>(bias[o]) : 0;
      for (const std::uint32_t i : in_rows)
        sum += static_cast<double>(weight[o * ins + i]) * static_cast<double>(in(i, lane));
      if (kind == Activation::relu) sum = std::max(sum, 0.0);
      if (kind == Activation::tanh) sum = std::tanh(sum);
      REQUIRE(std::abs(static_cast<double>(out(o, lane)) - sum) <= bound);
    }
  }
  CHECK(out.guards_intact());
}

}  // namespace

TEST_CASE("A dense layer is the sum of the listed rows, and touches no other") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    check_dense<Arch, float>(1, 1, false, true, Activation::none);
    check_dense<Arch, float>(7, 4, false, false, Activation::none);
    check_dense<Arch, float>(33, 13, true, true, Activation::relu);
    check_dense<Arch, float>(200, 23, false, true, Activation::relu);
    check_dense<Arch, float>(301, 17, true, true, Activation::tanh);
  });
  check_dense<kernels::default_arch, double>(150, 11, true, true, Activation::relu);
  check_dense<kernels::scalar, double>(150, 11, true, true, Activation::none);
}

TEST_CASE("A dense layer without inputs is its activated bias") {
  const std::vector<float> bias{-1.5f, 2.5f};
  Rows<float> out(2);
  kernels::dense(bias.data(), 0, bias.data(), {}, all(2), out.data(), out.data(),
                 Activation{Activation::relu});
  CHECK(out(0, 0) == 0.0f);
  CHECK(out(1, 63) == 2.5f);
  kernels::dense<kernels::default_arch, float>(bias.data(), 0, nullptr, {}, all(2), out.data(),
                                               out.data());
  CHECK(out(1, 63) == 0.0f);
}

TEST_CASE("Toggling inputs equals evaluating without them") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    const std::size_t ins = 9;
    const std::size_t outs = 14;
    const auto weight = random_numbers<float>(ins * outs, 6);
    const float* const bias = nullptr;
    const Rows<float> in(ins, row_size, 7);
    const auto rows = some(outs, 8);
    for (const std::size_t count : {1u, 4u}) {
      const Rows<float> marked(outs);
      Rows<float> z(marked);
      Rows<float> after(marked);
      Rows<float> activated(marked);
      kernels::dense<Arch>(weight.data(), ins, bias, all(ins), rows, in.data(), z.data());
      kernels::DenseUpdate<float> update{.weight = weight.data() + 4,
                                         .stride = ins,
                                         .count = count,
                                         .scale = -1.0f,
                                         .in = in.data() + 4 * row_size,
                                         .base = z.data(),
                                         .sums = after.data(),
                                         .out = activated.data(),
                                         .activation = {Activation::relu}};
      kernels::dense_update<Arch>(update, rows);
      update.sums = nullptr;
      update.out = z.data();
      update.activation = {};
      kernels::dense_update<Arch>(update, rows);
      std::vector<std::uint32_t> others;
      for (std::uint32_t i = 0; i < ins; ++i) {
        if (i < 4 || i >= 4 + count) others.push_back(i);
      }
      Rows<float> fresh(marked);
      kernels::dense<Arch>(weight.data(), ins, bias, others, rows, in.data(), fresh.data());
      for (std::size_t i = 0; i < outs * row_size; ++i) {
        REQUIRE(std::abs(z.data()[i] - fresh.data()[i]) <= sum_error<float>(ins + 2));
        REQUIRE(after.data()[i] == z.data()[i]);
        const bool listed = contains(rows, i / row_size);
        REQUIRE(activated.data()[i] == (listed ? std::max(z.data()[i], 0.0f) : Rows<float>::mark));
      }
      CHECK(z.guards_intact());
      CHECK(after.guards_intact());
      CHECK(activated.guards_intact());
    }
  });
}

TEST_CASE("A fused step through two layers equals the step and the second layer") {
  for_each_arch([](auto arch) {
    using Arch = decltype(arch);
    for (const std::size_t outs : {1u, 10u, 12u, 29u}) {
      for (const bool relu : {true, false}) {
        const std::size_t units = 17;
        const auto column = random_numbers<float>(units, 1);
        const auto columns = random_numbers<float>(units * outs, 2);
        const auto bias = random_numbers<float>(outs, 3);
        const Rows<float> in(1, row_size, 4);
        const auto present = some(units, 5);
        Rows<float> z(units, row_size, 6);
        poison_rows_outside(z, units, 1, present);
        Rows<float> expected_z(z);
        kernels::dense_update<Arch>(kernels::DenseUpdate<float>{.weight = column.data(),
                                                                .stride = 1,
                                                                .count = 1,
                                                                .scale = -1.0f,
                                                                .in = in.data(),
                                                                .base = expected_z.data(),
                                                                .sums = nullptr,
                                                                .out = expected_z.data()},
                                    present);

        kernels::DenseToggle<float> toggle{.column = column.data(),
                                           .scale = -1.0f,
                                           .in_row = in.data(),
                                           .units = present,
                                           .z = z.data(),
                                           .keep = false,
                                           .relu = relu,
                                           .columns = columns.data(),
                                           .outs = outs,
                                           .bias = bias.data()};
        const Rows<float> before(z);
        Rows<float> neighbour(outs);
        kernels::dense_toggle<Arch>(toggle, neighbour.data());
        for (const std::uint32_t o : present)
          REQUIRE(z(o, 63) == before(o, 63));
        toggle.keep = true;
        Rows<float> out(outs);
        kernels::dense_toggle<Arch>(toggle, out.data());
        for (std::size_t lane = 0; lane < row_size; ++lane) {
          for (const std::uint32_t o : present)
            REQUIRE(std::abs(z(o, lane) - expected_z(o, lane)) <= 2e-7f);
          for (std::size_t j = 0; j < outs; ++j) {
            double sum = static_cast<double>(bias[j]);
            for (const std::uint32_t o : present) {
              const auto x = static_cast<double>(z(o, lane));
              sum += static_cast<double>(columns[o * outs + j]) * (relu ? std::max(x, 0.0) : x);
            }
            REQUIRE(std::abs(static_cast<double>(out(j, lane)) - sum) <=
                    2 * sum_error<float>(units + 1));
            REQUIRE(neighbour(j, lane) == out(j, lane));
          }
        }
        CHECK(out.guards_intact());
        CHECK(z.guards_intact());
      }
    }
  });
}
