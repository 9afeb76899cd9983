// The sums of the fused kernel's backward pass from the pooled image: an eighth of what there is to read of the image itself.
#include "clones.h"
#include "norm_act_pool.h"
#include "norm_act_pool_lanes.h"

namespace clinicadl {
namespace {

template <bool kWhole>
CLINICADL_INLINE void pooled_block(int64_t j, int64_t lanes, const float* out, const float* g, int64_t count, int64_t c, const float* inverse,
                                   const float* bias, const float* slope, const Sums& to) {
  Floats scale, less, s, t1 = {}, t2 = {};
  load<kWhole>(scale, inverse + j, lanes);
  load<kWhole>(less, bias + j, lanes);
  load<kWhole>(s, slope + j, lanes);
  // what is below 0 came of the slope; of a slope of 0 it has no gradient, whatever it was
  const Floats back = s == 0 ? Floats{} + 1 : 1 / s;
  for (int64_t i = 0; i < count; ++i) {
    Floats y, gradient;
    load<kWhole>(y, out + i * c + j, lanes);
    load<kWhole>(gradient, g + i * c + j, lanes);
    const Floats gy = y > 0 ? gradient : gradient * s;
    y = y > 0 ? y : y * back;
    t1 += gy;
    t2 += gy * ((y - less) * scale);
  }
  float a[kLanes], b[kLanes];
  __builtin_memcpy(a, &t1, sizeof a);
  __builtin_memcpy(b, &t2, sizeof b);
  for (int64_t l = 0; l < lanes; ++l) to.dy[j + l] += a[l], to.dy_xhat[j + l] += b[l];
}

}  // namespace

CLINICADL_CLONES void pooled_grad_sums(const float* out, const float* g, int64_t count, int64_t c, const float* inverse, const float* bias,
                                       const float* slope, const Sums& to) {
  int64_t j = 0;
  for (; j + kLanes <= c; j += kLanes) pooled_block<true>(j, kLanes, out, g, count, c, inverse, bias, slope, to);
  if (j < c) pooled_block<false>(j, c - j, out, g, count, c, inverse, bias, slope, to);
}

}  // namespace clinicadl
