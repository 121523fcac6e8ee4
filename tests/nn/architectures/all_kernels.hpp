#pragma once

#include <gtap/nn/kernels/conv2d.hpp>
#include <gtap/nn/kernels/dense.hpp>
#include <gtap/nn/kernels/dense_toggle.hpp>
#include <gtap/nn/kernels/gradient.hpp>
#include <gtap/nn/kernels/losses.hpp>
#include <gtap/nn/kernels/pointwise.hpp>
#include <gtap/nn/kernels/pool.hpp>

#include <tuple>

namespace gtap_test {

/// All kernels for an architecture: whose addresses are taken, they are compiled to the end.
template <class Arch, class T>
auto all_kernels() {
  namespace k = gtap::nn::kernels;
  return std::tuple(&k::dense<Arch, T>, &k::dense_update<Arch, T>, &k::dense_toggle<Arch, T>,
                    &k::dense_weight_gradient<Arch, T>, &k::dense_input_gradient<Arch, T>,
                    &k::sum_rows<Arch, T>, &k::conv2d<Arch, T>, &k::conv2d_update<Arch, T>,
                    &k::conv2d_weight_gradient<Arch, T>, &k::conv2d_input_gradient<Arch, T>,
                    &k::activate<Arch, T>, &k::activate_gradient<Arch, T>, &k::affine<Arch, T>,
                    &k::max_pool<Arch, T>, &k::max_pool_gradient<Arch, T>, &k::avg_pool<Arch, T>,
                    &k::avg_pool_gradient<Arch, T>, &k::global_avg_pool<Arch, T>,
                    &k::global_avg_pool_gradient<Arch, T>, &k::cross_entropy<Arch, T>,
                    &k::cross_entropy_gradient<Arch, T>, &k::correct<Arch, T>, &k::softmax<Arch, T>,
                    &k::log_softmax<Arch, T>, &k::kl_divergence<Arch, T>);
}

}  // namespace gtap_test
