// What the fused kernel stands for: the layers one after the other, by libtorch's operators, with their options.
#pragma once
#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "norm_act_pool.h"

namespace clinicadl {

using Maybe = std::optional<at::Tensor>;
inline bool given(const Maybe& tensor) { return tensor.has_value() && tensor->defined(); }
inline Maybe maybe(const at::Tensor& tensor) { return tensor.defined() ? Maybe(tensor) : std::nullopt; }

struct NormActPoolOptions {
  double constant_slope;
  bool training;
  int64_t per_image;  // as in Geometry
  bool pool, flat;
  double momentum, eps;
  // Of a convolution that comes first, if one does.
  std::vector<int64_t> stride;
};

// The normalisation alone. `mean` and `variance` are used where the statistics are not the batch's own.
at::Tensor normalised_in_turn(const at::Tensor& x, const Maybe& weight, const Maybe& bias, const Maybe& mean, const Maybe& variance, const NormActPoolOptions& o);

at::Tensor in_turn(const at::Tensor& x, const Maybe& weight, const Maybe& bias, const Maybe& slope, const Maybe& mean, const Maybe& variance, const Maybe& add,
                   const NormActPoolOptions& o);

// Refuses what the kernel cannot take. `input`: what is normalised, of the geometry `g`.
void check_norm_act_pool(const Geometry& g, at::ScalarType type, const Maybe& weight, const Maybe& bias, const Maybe& slope, const Maybe& mean, const Maybe& variance,
                         const Maybe& add, const NormActPoolOptions& o, bool from_batch);

}  // namespace clinicadl
