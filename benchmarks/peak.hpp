#pragma once

#include <gtap/nn/kernels/dense.hpp>

#include "case.hpp"

#include <cstddef>

namespace gtap_bench {

/// The most multiply-adds that a thread can do: a loop of them on registers. `gflop` is what one of
/// the case's units needs at least.
inline Side peak_side(double gflop) {
  namespace kernels = gtap::nn::kernels;
  using P = kernels::detail::Pack<float, kernels::default_arch>;
  constexpr std::size_t sums = 12;
  constexpr std::size_t steps = 4096;
  return {"peak", "",
          [] {
            // Not known to the compiler, which else leaves out what it can work out.
            volatile float start = 0.5f;
            P values[sums];
            GTAP_DETAIL_UNROLL
            for (std::size_t n = 0; n < sums; ++n)
              values[n] = P(start + static_cast<float>(n));
            const P factor(0.999f);
            const P term(1e-3f);
            for (std::size_t k = 0; k < steps; ++k) {
              GTAP_DETAIL_UNROLL
              for (std::size_t n = 0; n < sums; ++n)
                values[n] = kernels::detail::multiply_add(values[n], factor, term);
            }
            volatile float sink = 0;
            GTAP_DETAIL_UNROLL
            for (std::size_t n = 0; n < sums; ++n)
              sink = kernels::detail::sum(values[n]);
            (void)sink;
          },
          2e-9 * static_cast<double>(sums * steps * P::size) / gflop};
}

}  // namespace gtap_bench
