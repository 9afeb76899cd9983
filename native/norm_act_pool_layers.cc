// The layers that the fused kernel stands for, in turn.
#include "norm_act_pool_layers.h"

#include <ATen/ATen.h>

#include "addon.h"

namespace clinicadl {

at::Tensor normalised_in_turn(const at::Tensor& x, const Maybe& weight, const Maybe& bias, const Maybe& mean, const Maybe& variance, const NormActPoolOptions& o) {
  if (o.per_image == 0) return at::batch_norm(x, weight, bias, mean, variance, o.training, o.momentum, o.eps, false);
  if (o.per_image == x.size(1)) return at::instance_norm(x, weight, bias, {}, {}, true, o.momentum, o.eps, false);
  return at::group_norm(x, o.per_image, weight, bias, o.eps, false);
}

at::Tensor in_turn(const at::Tensor& x, const Maybe& weight, const Maybe& bias, const Maybe& slope, const Maybe& mean, const Maybe& variance, const Maybe& add,
                   const NormActPoolOptions& o) {
  at::Tensor y = normalised_in_turn(x, weight, bias, mean, variance, o);
  if (given(add)) y = y + *add;
  if (given(slope)) y = at::prelu(y, slope->reshape({-1}).to(y.scalar_type()));
  else if (o.constant_slope == 0) y = at::relu(y);
  else if (o.constant_slope != 1) y = at::leaky_relu(y, o.constant_slope);
  return o.pool ? at::max_pool3d(y, {2, o.flat ? 1 : 2, 2}) : y;
}

void check_norm_act_pool(const Geometry& g, at::ScalarType type, const Maybe& weight, const Maybe& bias, const Maybe& slope, const Maybe& mean, const Maybe& variance,
                         const Maybe& add, const NormActPoolOptions& o, bool from_batch) {
  const std::vector<int64_t> size{g.n, g.c, g.d, g.h, g.w};
  for (const auto& [name, tensor] : {std::pair<const char*, const Maybe&>{"weight", weight}, {"bias", bias}, {"running_mean", mean}, {"running_var", variance}})
    if (given(tensor))
      TORCH_CHECK(tensor->numel() == g.c && tensor->scalar_type() == at::kFloat && tensor->is_contiguous(), name, " should contain ", g.c,
                  " float32 elements not ", tensor->numel(), " of ", tensor->scalar_type());
  TORCH_CHECK(given(mean) == given(variance), "running_mean and running_var go together");
  if (given(slope)) TORCH_CHECK(slope->numel() == 1 || slope->numel() == g.c, "the slope should contain 1 or ", g.c, " elements not ", slope->numel());
  TORCH_CHECK(!g.own() || g.c % g.per_image == 0, "num_channels must be divisible by num_groups, got ", g.c, " and ", g.per_image);
  TORCH_CHECK(!g.pool || (g.pd > 0 && g.ph > 0 && g.pw > 0), "max_pool3d: the input of size ", at::IntArrayRef(size), " is too small for a kernel of 2");
  TORCH_CHECK(!from_batch || g.per_group() * static_cast<double>(g.channels_together()) > 1, "Expected more than 1 value per channel when training, got input size ",
              at::IntArrayRef(size));
  if (given(add)) {
    TORCH_CHECK(add->sizes() == at::IntArrayRef(size) && add->scalar_type() == type, "what is added should be ", dtype_name(type), " of size ", at::IntArrayRef(size), " not ",
                dtype_name(add->scalar_type()), " of ", add->sizes());
    // the backward pass takes from the output where the activation cuts
    TORCH_CHECK(!g.pool && !given(slope) && o.constant_slope >= 0, "nothing can be added before a pooling, or before an activation whose slope is learnt or negative");
  }
}

}  // namespace clinicadl
