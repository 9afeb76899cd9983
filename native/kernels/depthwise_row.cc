// A block of channels at a time, and up to four taps: a number of the gradient is read once for all of them.
#include "depthwise_row.h"

#include "lanes.h"

namespace clinicadl {
namespace {

template <typename V, int kTaps, bool kWhole>
CLINICADL_INLINE void add_taps(const DepthwiseRow& r, const float* image, const float* gradient, double* to, int64_t count) {
  V sums[kTaps] = {};
  for (int64_t v = 0; v < r.voxels; ++v) {
    V g;
    load<V, kWhole>(g, gradient + v * r.channels, count);
#pragma GCC unroll 4
    for (int t = 0; t < kTaps; ++t) {
      V x;
      load<V, kWhole>(x, image + (v + t * r.step) * r.channels, count);
      sums[t] += g * x;
    }
  }
  for (int t = 0; t < kTaps; ++t) {
    float found[lanes<V>];
    __builtin_memcpy(found, &sums[t], sizeof found);
    for (int64_t l = 0; l < (kWhole ? lanes<V> : count); ++l) to[t * r.channels + l] += found[l];
  }
}

template <typename V, bool kWhole>
CLINICADL_INLINE void add_block(const DepthwiseRow& r, const float* image, const float* gradient, double* to, int64_t count) {
  int64_t t = 0;
  const auto at = [&](int64_t tap) { return image + tap * r.step * r.channels; };
  for (; t + 4 <= r.taps; t += 4) add_taps<V, 4, kWhole>(r, at(t), gradient, to + t * r.channels, count);
  if (r.taps - t == 3) add_taps<V, 3, kWhole>(r, at(t), gradient, to + t * r.channels, count);
  if (r.taps - t == 2) add_taps<V, 2, kWhole>(r, at(t), gradient, to + t * r.channels, count);
  if (r.taps - t == 1) add_taps<V, 1, kWhole>(r, at(t), gradient, to + t * r.channels, count);
}

template <typename V>
CLINICADL_INLINE void add_row(const DepthwiseRow& r, const float* image, const float* gradient, double* sums) {
  int64_t c = 0;
  for (; c + lanes<V> <= r.channels; c += lanes<V>) add_block<V, true>(r, image + c, gradient + c, sums + c, 0);
  if (c < r.channels) add_block<V, false>(r, image + c, gradient + c, sums + c, r.channels - c);
}

#if defined(__x86_64__)
CLINICADL_AVX2 void add_row_avx2(const DepthwiseRow& r, const float* image, const float* gradient, double* sums) { add_row<Floats8>(r, image, gradient, sums); }
CLINICADL_AVX512 void add_row_avx512(const DepthwiseRow& r, const float* image, const float* gradient, double* sums) {
  if (r.channels > 8) add_row<Floats16>(r, image, gradient, sums);
  else add_row<Floats8>(r, image, gradient, sums);
}
#endif

}  // namespace

void add_depthwise_gradient(const DepthwiseRow& row, const float* image, const float* gradient, double* sums) {
#if defined(__x86_64__)
  if (instruction_set() == Set::kAvx512) return add_row_avx512(row, image, gradient, sums);
  if (instruction_set() == Set::kAvx2) return add_row_avx2(row, image, gradient, sums);
#endif
  add_row<Floats8>(row, image, gradient, sums);
}

}  // namespace clinicadl
