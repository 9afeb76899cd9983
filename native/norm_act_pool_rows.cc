// Rows of voxels for the fused kernel, eight channels at a time, in registers; compiled for AVX2 with FMA and, chosen at run
// time, for any other processor.
#include "clones.h"
#include "norm_act_pool.h"
#include "norm_act_pool_lanes.h"

namespace clinicadl {
namespace {

// Per-channel constants of one block.
struct Channel {
  Floats scale, shift, slope;
  Ints cuts;  // where the slope is 0: minus infinity times 0 is no number, and ReLU of it is 0
};
template <bool kWhole>
CLINICADL_INLINE void load(Channel& p, const float* scale, const float* shift, const float* slope, int64_t lanes) {
  load<kWhole>(p.scale, scale, lanes);
  load<kWhole>(p.shift, shift, lanes);
  load<kWhole>(p.slope, slope, lanes);
  p.cuts = p.slope == 0;
}
// y > 0 ? y : slope · y; NaN stays NaN.
CLINICADL_INLINE Floats activate(const Channel& p, const Floats& y) {
  Floats below = (p.cuts & (y == y)) ? Floats{} : y * p.slope;
  return y > 0 ? y : below;
}

template <bool kWhole>
CLINICADL_INLINE void sum_block(int64_t j, int64_t lanes, const float* x, int64_t count, int64_t c, const float* origin, double* s, double* q) {
  Floats o, a, b, s0 = {}, q0 = {}, s1 = {}, q1 = {};
  load<kWhole>(o, origin + j, lanes);
  int64_t i = 0;
  for (; i + 1 < count; i += 2) {
    load<kWhole>(a, x + i * c + j, lanes);
    load<kWhole>(b, x + (i + 1) * c + j, lanes);
    a -= o, b -= o;
    s0 += a, q0 += a * a, s1 += b, q1 += b * b;
  }
  if (i < count) {
    load<kWhole>(a, x + i * c + j, lanes);
    a -= o;
    s0 += a, q0 += a * a;
  }
  float sums[kLanes], squares[kLanes];
  s0 += s1, q0 += q1;
  __builtin_memcpy(sums, &s0, sizeof sums);
  __builtin_memcpy(squares, &q0, sizeof squares);
  for (int64_t l = 0; l < lanes; ++l) s[j + l] += sums[l], q[j + l] += squares[l];
}

template <bool kWhole>
CLINICADL_INLINE void act_block(int64_t j, int64_t lanes, const float* x, float* out, int64_t count, int64_t c, const float* scale, const float* shift,
                                const float* slope) {
  Channel p;
  load<kWhole>(p, scale + j, shift + j, slope + j, lanes);
  for (int64_t i = 0; i < count; ++i) {
    Floats y;
    load<kWhole>(y, x + i * c + j, lanes);
    y = y * p.scale + p.shift;
    store<kWhole>(out + i * c + j, activate(p, y), lanes);
  }
}

template <bool kWhole>
CLINICADL_INLINE void add_act_block(int64_t j, int64_t lanes, const float* x, const float* add, float* out, int64_t count, int64_t c, const float* scale,
                                    const float* shift, const float* slope) {
  Channel p;
  load<kWhole>(p, scale + j, shift + j, slope + j, lanes);
  for (int64_t i = 0; i < count; ++i) {
    Floats y, other;
    load<kWhole>(y, x + i * c + j, lanes);
    load<kWhole>(other, add + i * c + j, lanes);
    y = y * p.scale + p.shift + other;
    store<kWhole>(out + i * c + j, activate(p, y), lanes);
  }
}

template <bool kWhole, int kBelow>
CLINICADL_INLINE void pool_block(int64_t j, int64_t lanes, const float* const* rows, float* out, uint8_t* at, int64_t count, int64_t c,
                                 const float* scale, const float* shift, const float* slope) {
  Channel p;
  load<kWhole>(p, scale + j, shift + j, slope + j, lanes);
  for (int64_t i = 0; i < count; ++i) {
    Floats best = {};
    Ints which = {};
#pragma GCC unroll 8
    for (int k = 0; k < 2 * kBelow; ++k) {
      Floats y;
      load<kWhole>(y, rows[k / 2] + (2 * i + (k & 1)) * c + j, lanes);
      y = y * p.scale + p.shift;
      Floats a = activate(p, y);
      // NaN wins and stays, as in PyTorch
      Ints take = k == 0 ? ~Ints{} : (a > best) | (a != a);
      best = take ? a : best;
      which = take ? Ints{} + k : which;
    }
    store<kWhole>(out + i * c + j, best, lanes);
    store_bytes<kWhole>(at + i * c + j, which, lanes);
  }
}

// `kBelow`: rows below one of the pooled image; 1 where nothing is pooled.
template <bool kWhole, int kBelow>
CLINICADL_INLINE void sums_block(int64_t j, int64_t lanes, const float* const* rows, const float* g, const uint8_t* at, int64_t count, int64_t c,
                                 const float* scale, const float* shift, const float* slope, const float* mean, const float* invstd, const Sums& to) {
  Channel p;
  load<kWhole>(p, scale + j, shift + j, slope + j, lanes);
  Floats m, t1 = {}, t2 = {}, t3 = {};
  load<kWhole>(m, mean + j, lanes);
  for (int64_t i = 0; i < count; ++i) {
    Floats x, gradient;
    load<kWhole>(x, rows[0] + (kBelow > 1 ? 2 : 1) * i * c + j, lanes);
    if constexpr (kBelow > 1) {
      Ints which;
      load_bytes<kWhole>(which, at + i * c + j, lanes);
#pragma GCC unroll 7
      for (int k = 1; k < 2 * kBelow; ++k) {
        Floats other;
        load<kWhole>(other, rows[k / 2] + (2 * i + (k & 1)) * c + j, lanes);
        x = which == k ? other : x;
      }
    }
    load<kWhole>(gradient, g + i * c + j, lanes);
    Floats y = x * p.scale + p.shift;
    Floats gy = y > 0 ? gradient : gradient * p.slope;
    t1 += gy;
    t2 += gy * (x - m);
    t3 += y > 0 ? Floats{} : gradient * y;
  }
  float a[kLanes], b[kLanes], d[kLanes];
  __builtin_memcpy(a, &t1, sizeof a);
  __builtin_memcpy(b, &t2, sizeof b);
  __builtin_memcpy(d, &t3, sizeof d);
  for (int64_t l = 0; l < lanes; ++l) to.dy[j + l] += a[l], to.dy_xhat[j + l] += b[l] * invstd[j + l], to.slope[j + l] += d[l];
}

template <bool kWhole>
CLINICADL_INLINE void add_sums_block(int64_t j, int64_t lanes, const float* x, const float* out, const float* g, float* dy, int64_t count, int64_t c,
                                     const float* slope, const float* mean, const float* invstd, const Sums& to) {
  Floats s, m, t1 = {}, t2 = {};
  load<kWhole>(s, slope + j, lanes);
  load<kWhole>(m, mean + j, lanes);
  for (int64_t i = 0; i < count; ++i) {
    Floats v, y, gradient;
    load<kWhole>(v, x + i * c + j, lanes);
    load<kWhole>(y, out + i * c + j, lanes);
    load<kWhole>(gradient, g + i * c + j, lanes);
    gradient = y > 0 ? gradient : gradient * s;
    store<kWhole>(dy + i * c + j, gradient, lanes);
    t1 += gradient;
    t2 += gradient * (v - m);
  }
  float a[kLanes], b[kLanes];
  __builtin_memcpy(a, &t1, sizeof a);
  __builtin_memcpy(b, &t2, sizeof b);
  for (int64_t l = 0; l < lanes; ++l) to.dy[j + l] += a[l], to.dy_xhat[j + l] += b[l] * invstd[j + l];
}

template <bool kWhole>
CLINICADL_INLINE void grad_block(int64_t j, int64_t lanes, const float* x, float* dx, int64_t step, const float* g, const uint8_t* at, int32_t k,
                                 int64_t count, int64_t c, const float* scale, const float* shift, const float* slope, const float* a, const float* b) {
  Channel p;
  load<kWhole>(p, scale + j, shift + j, slope + j, lanes);
  Floats av, bv;
  load<kWhole>(av, a + j, lanes);
  load<kWhole>(bv, b + j, lanes);
  for (int64_t i = 0; i < count; ++i) {
    Floats v;
    load<kWhole>(v, x + i * step + j, lanes);
    Floats out = v * av + bv;
    if (g != nullptr) {
      Floats gradient, y = v * p.scale + p.shift;
      load<kWhole>(gradient, g + i * c + j, lanes);
      if (at != nullptr) {
        Ints which;
        load_bytes<kWhole>(which, at + i * c + j, lanes);
        gradient = which == k ? gradient : Floats{};
      }
      out += p.scale * (y > 0 ? gradient : gradient * p.slope);
    }
    store<kWhole>(dx + i * step + j, out, lanes);
  }
}

}  // namespace

CLINICADL_CLONES void sum_row(const float* x, int64_t count, int64_t c, const float* origin, double* s, double* q) {
  int64_t j = 0;
  for (; j + kLanes <= c; j += kLanes) sum_block<true>(j, kLanes, x, count, c, origin, s, q);
  if (j < c) sum_block<false>(j, c - j, x, count, c, origin, s, q);
}

CLINICADL_CLONES void act_row(const float* x, float* out, int64_t count, int64_t c, const float* scale, const float* shift, const float* slope) {
  int64_t j = 0;
  for (; j + kLanes <= c; j += kLanes) act_block<true>(j, kLanes, x, out, count, c, scale, shift, slope);
  if (j < c) act_block<false>(j, c - j, x, out, count, c, scale, shift, slope);
}

CLINICADL_CLONES void add_act_row(const float* x, const float* add, float* out, int64_t count, int64_t c, const float* scale, const float* shift,
                                  const float* slope) {
  int64_t j = 0;
  for (; j + kLanes <= c; j += kLanes) add_act_block<true>(j, kLanes, x, add, out, count, c, scale, shift, slope);
  if (j < c) add_act_block<false>(j, c - j, x, add, out, count, c, scale, shift, slope);
}

CLINICADL_CLONES void pool_row(int64_t below, const float* const* rows, float* out, uint8_t* at, int64_t count, int64_t c, const float* scale,
                               const float* shift, const float* slope) {
  int64_t j = 0;
  if (below == 4) {
    for (; j + kLanes <= c; j += kLanes) pool_block<true, 4>(j, kLanes, rows, out, at, count, c, scale, shift, slope);
    if (j < c) pool_block<false, 4>(j, c - j, rows, out, at, count, c, scale, shift, slope);
  } else {
    for (; j + kLanes <= c; j += kLanes) pool_block<true, 2>(j, kLanes, rows, out, at, count, c, scale, shift, slope);
    if (j < c) pool_block<false, 2>(j, c - j, rows, out, at, count, c, scale, shift, slope);
  }
}

CLINICADL_CLONES void grad_sums(int64_t below, const float* const* rows, const float* g, const uint8_t* at, int64_t count, int64_t c, const float* scale,
                                const float* shift, const float* slope, const float* mean, const float* invstd, const Sums& to) {
  int64_t j = 0;
  if (at == nullptr) {
    for (; j + kLanes <= c; j += kLanes) sums_block<true, 1>(j, kLanes, rows, g, at, count, c, scale, shift, slope, mean, invstd, to);
    if (j < c) sums_block<false, 1>(j, c - j, rows, g, at, count, c, scale, shift, slope, mean, invstd, to);
  } else if (below == 4) {
    for (; j + kLanes <= c; j += kLanes) sums_block<true, 4>(j, kLanes, rows, g, at, count, c, scale, shift, slope, mean, invstd, to);
    if (j < c) sums_block<false, 4>(j, c - j, rows, g, at, count, c, scale, shift, slope, mean, invstd, to);
  } else {
    for (; j + kLanes <= c; j += kLanes) sums_block<true, 2>(j, kLanes, rows, g, at, count, c, scale, shift, slope, mean, invstd, to);
    if (j < c) sums_block<false, 2>(j, c - j, rows, g, at, count, c, scale, shift, slope, mean, invstd, to);
  }
}

CLINICADL_CLONES void add_grad_sums(const float* x, const float* out, const float* g, float* dy, int64_t count, int64_t c, const float* slope,
                                    const float* mean, const float* invstd, const Sums& to) {
  int64_t j = 0;
  for (; j + kLanes <= c; j += kLanes) add_sums_block<true>(j, kLanes, x, out, g, dy, count, c, slope, mean, invstd, to);
  if (j < c) add_sums_block<false>(j, c - j, x, out, g, dy, count, c, slope, mean, invstd, to);
}

CLINICADL_CLONES void grad_row(const float* x, float* dx, int64_t step, const float* g, const uint8_t* at, int32_t k, int64_t count, int64_t c,
                               const float* scale, const float* shift, const float* slope, const float* a, const float* b) {
  int64_t j = 0;
  for (; j + kLanes <= c; j += kLanes) grad_block<true>(j, kLanes, x, dx, step, g, at, k, count, c, scale, shift, slope, a, b);
  if (j < c) grad_block<false>(j, c - j, x, dx, step, g, at, k, count, c, scale, shift, slope, a, b);
}

}  // namespace clinicadl
