#include <gtap/core/intrinsics.hpp>

#include "sides.hpp"

#include <Eigen/Core>

#include <memory>

namespace gtap_bench {

namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ColMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic>;

/// Activations [units x batch], column by column or row by row: an image contiguous, or a unit.
template <class Weight, class Activations>
void add(const char* variant, const DenseShape& s, Case& work) {
  struct Layer {
    Weight weight;
    Eigen::VectorXf bias;
    Activations in, out;
  };
  const auto in = static_cast<Eigen::Index>(s.in);
  const auto out = static_cast<Eigen::Index>(s.out);
  const auto batch = static_cast<Eigen::Index>(s.batch);
  const auto layer =
      std::make_shared<Layer>(Layer{Weight::Random(out, in), Eigen::VectorXf::Random(out),
                                    Activations::Random(in, batch), Activations::Zero(out, batch)});
  work.sides.push_back({"eigen", variant, [layer] {
                          layer->out.noalias() = layer->weight * layer->in;
                          layer->out = (layer->out.colwise() + layer->bias).cwiseMax(0.0f);
                        }});
}

}  // namespace

void add_eigen(const DenseShape& s, Case& work) {
  add<RowMajor, ColMajor>("row_col", s, work);
  add<ColMajor, ColMajor>("col_col", s, work);
  add<ColMajor, RowMajor>("col_row", s, work);
}

}  // namespace gtap_bench
