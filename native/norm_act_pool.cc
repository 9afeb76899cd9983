// Normalisation, activation and 2×2×2 max-pooling of a channels-last float32 image in two passes over it, forward and
// backward. Between convolutions a 3D network is bound by memory traffic, not arithmetic: done one by one these three
// write and re-read the full-size image five times, and keep it four times for the backward pass.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "addon.h"

// Eight channels at a time, in registers; compiled for AVX2 with FMA and, chosen at run time, for any other processor.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CLINICADL_CLONES __attribute__((target_clones("arch=x86-64-v3", "default"), optimize("O3")))
#else
#define CLINICADL_CLONES
#endif

namespace clinicadl {
namespace {

struct Geometry {
  int64_t n, c, d, h, w;     // the image
  int64_t pd, ph, pw;        // the pooled image; as the image where nothing is pooled
  bool pool, instance;
  int64_t groups() const { return instance ? n : 1; }
  double per_group() const { return static_cast<double>((instance ? 1 : n) * d * h * w); }
};

constexpr int64_t kLanes = 8;
typedef float Floats __attribute__((vector_size(32)));
typedef int32_t Ints __attribute__((vector_size(32)));
typedef uint8_t Bytes8 __attribute__((vector_size(8)));

// Whole blocks of eight channels are read at once; the last block of a channel count that is no multiple of eight one
// by one. The choice is made at compile time: an index known only at run time would keep every vector in memory.
#define CLINICADL_INLINE inline __attribute__((always_inline))
template <bool kWhole>
CLINICADL_INLINE void load(Floats& v, const float* p, int64_t lanes) {
  if constexpr (kWhole) __builtin_memcpy(&v, p, sizeof v);
  else {
    v = Floats{};
    __builtin_memcpy(&v, p, static_cast<size_t>(lanes) * sizeof(float));
  }
}
template <bool kWhole>
CLINICADL_INLINE void store(float* p, const Floats& v, int64_t lanes) {
  __builtin_memcpy(p, &v, (kWhole ? kLanes : lanes) * sizeof(float));
}
template <bool kWhole>
CLINICADL_INLINE void load_bytes(Ints& v, const uint8_t* p, int64_t lanes) {
  Bytes8 bytes = {};
  __builtin_memcpy(&bytes, p, static_cast<size_t>(kWhole ? kLanes : lanes));
  v = __builtin_convertvector(bytes, Ints);
}
template <bool kWhole>
CLINICADL_INLINE void store_bytes(uint8_t* p, const Ints& v, int64_t lanes) {
  Bytes8 bytes = __builtin_convertvector(v, Bytes8);
  __builtin_memcpy(p, &bytes, static_cast<size_t>(kWhole ? kLanes : lanes));
}

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

// Sums of (x - origin) and its square over `count` voxels, for each channel.
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
CLINICADL_CLONES void sum_row(const float* x, int64_t count, int64_t c, const float* origin, double* s, double* q) {
  int64_t j = 0;
  for (; j + kLanes <= c; j += kLanes) sum_block<true>(j, kLanes, x, count, c, origin, s, q);
  if (j < c) sum_block<false>(j, c - j, x, count, c, origin, s, q);
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
CLINICADL_CLONES void act_row(const float* x, float* out, int64_t count, int64_t c, const float* scale, const float* shift, const float* slope) {
  int64_t j = 0;
  for (; j + kLanes <= c; j += kLanes) act_block<true>(j, kLanes, x, out, count, c, scale, shift, slope);
  if (j < c) act_block<false>(j, c - j, x, out, count, c, scale, shift, slope);
}

template <bool kWhole>
CLINICADL_INLINE void pool_block(int64_t j, int64_t lanes, const float* const* rows, float* out, uint8_t* at, int64_t count, int64_t c,
                                 const float* scale, const float* shift, const float* slope) {
  Channel p;
  load<kWhole>(p, scale + j, shift + j, slope + j, lanes);
  for (int64_t i = 0; i < count; ++i) {
    Floats best = {};
    Ints which = {};
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) {
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
// One row of the pooled image from the eight voxels below each of its own; `at` remembers which was the largest.
CLINICADL_CLONES void pool_row(const float* const* rows, float* out, uint8_t* at, int64_t count, int64_t c, const float* scale, const float* shift,
                               const float* slope) {
  int64_t j = 0;
  for (; j + kLanes <= c; j += kLanes) pool_block<true>(j, kLanes, rows, out, at, count, c, scale, shift, slope);
  if (j < c) pool_block<false>(j, c - j, rows, out, at, count, c, scale, shift, slope);
}

struct Sums {
  double *dy, *dy_xhat, *slope;
};
template <bool kWhole, bool kPool>
CLINICADL_INLINE void sums_block(int64_t j, int64_t lanes, const float* const* rows, const float* g, const uint8_t* at, int64_t count, int64_t c,
                                 const float* scale, const float* shift, const float* slope, const float* mean, const float* invstd, const Sums& to) {
  Channel p;
  load<kWhole>(p, scale + j, shift + j, slope + j, lanes);
  Floats m, t1 = {}, t2 = {}, t3 = {};
  load<kWhole>(m, mean + j, lanes);
  for (int64_t i = 0; i < count; ++i) {
    Floats x, gradient;
    load<kWhole>(x, rows[0] + (kPool ? 2 : 1) * i * c + j, lanes);
    if constexpr (kPool) {
      Ints which;
      load_bytes<kWhole>(which, at + i * c + j, lanes);
#pragma GCC unroll 7
      for (int k = 1; k < 8; ++k) {
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
// Sums over voxels of dy, dy·x̂ and of the gradient of the slope. Of the eight voxels below a pooled one only the
// largest has a gradient; without pooling there is one row and `at` is null.
CLINICADL_CLONES void grad_sums(const float* const* rows, const float* g, const uint8_t* at, int64_t count, int64_t c, const float* scale,
                                const float* shift, const float* slope, const float* mean, const float* invstd, const Sums& to) {
  int64_t j = 0;
  if (at != nullptr) {
    for (; j + kLanes <= c; j += kLanes) sums_block<true, true>(j, kLanes, rows, g, at, count, c, scale, shift, slope, mean, invstd, to);
    if (j < c) sums_block<false, true>(j, c - j, rows, g, at, count, c, scale, shift, slope, mean, invstd, to);
  } else {
    for (; j + kLanes <= c; j += kLanes) sums_block<true, false>(j, kLanes, rows, g, at, count, c, scale, shift, slope, mean, invstd, to);
    if (j < c) sums_block<false, false>(j, c - j, rows, g, at, count, c, scale, shift, slope, mean, invstd, to);
  }
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
// dx = scale · dy + x · a + b: a and b hold what the means of dy and dy·x̂ take away (0 outside training).
// `k` picks the voxel of each eight that this row is; without pooling `at` is null. `g` null: dy is 0 here.
CLINICADL_CLONES void grad_row(const float* x, float* dx, int64_t step, const float* g, const uint8_t* at, int32_t k, int64_t count, int64_t c,
                               const float* scale, const float* shift, const float* slope, const float* a, const float* b) {
  int64_t j = 0;
  for (; j + kLanes <= c; j += kLanes) grad_block<true>(j, kLanes, x, dx, step, g, at, k, count, c, scale, shift, slope, a, b);
  if (j < c) grad_block<false>(j, c - j, x, dx, step, g, at, k, count, c, scale, shift, slope, a, b);
}

struct Saved {
  at::Tensor mean, invstd, scale, shift, slope;  // float32, (groups, c); slope (c)
};

// Means of about a thousand voxels of each group, spread over it. Sums about a value near the mean lose nothing where the
// mean is large beside the deviation; the first voxel alone may be background.
std::vector<float> near_means(const Geometry& g, const float* x) {
  constexpr int64_t kSamples = 1024;
  std::vector<float> near(static_cast<size_t>(g.groups() * g.c));
  std::vector<double> sums(static_cast<size_t>(g.c));
  const int64_t count = static_cast<int64_t>(g.per_group());
  // an odd step does not fall on the same column of every row
  const int64_t step = std::max<int64_t>(count / kSamples, 1) | 1;
  for (int64_t group = 0; group < g.groups(); ++group) {
    std::fill(sums.begin(), sums.end(), 0.0);
    int64_t taken = 0;
    for (int64_t voxel = 0; voxel < count; voxel += step, ++taken)
      for (int64_t j = 0; j < g.c; ++j) sums[j] += x[(group * count + voxel) * g.c + j];
    for (int64_t j = 0; j < g.c; ++j) near[group * g.c + j] = static_cast<float>(sums[j] / static_cast<double>(taken));
  }
  return near;
}

struct Moments {
  std::vector<double> shift, variance;  // mean minus origin, and variance: groups × c
};

// Partial sums go by image slice, so the result does not depend on threads.
Moments moments_about(const Geometry& g, const float* x, const std::vector<float>& origin) {
  const int64_t slices = g.n * g.d, slice = g.h * g.w * g.c;
  std::vector<double> sums(static_cast<size_t>(slices * g.c)), squares(sums.size());
  at::parallel_for(0, slices, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* about = origin.data() + (g.instance ? i / g.d * g.c : 0);
      for (int64_t row = 0; row < g.h; ++row)
        sum_row(x + i * slice + row * g.w * g.c, g.w, g.c, about, sums.data() + i * g.c, squares.data() + i * g.c);
    }
  });
  Moments out{std::vector<double>(origin.size()), std::vector<double>(origin.size())};
  const int64_t slices_per_group = slices / g.groups();
  for (int64_t group = 0; group < g.groups(); ++group)
    for (int64_t j = 0; j < g.c; ++j) {
      double s = 0, q = 0;
      for (int64_t i = group * slices_per_group; i < (group + 1) * slices_per_group; ++i) {
        s += sums[i * g.c + j];
        q += squares[i * g.c + j];
      }
      const double m = s / g.per_group(), v = std::max(0.0, q / g.per_group() - m * m);
      out.shift[group * g.c + j] = m;
      out.variance[group * g.c + j] = std::isnan(q) ? q : v;
    }
  return out;
}

// Mean and 1/std of each group and channel.
void statistics(const Geometry& g, const float* x, double eps, float* mean, float* invstd, std::vector<double>& variance) {
  std::vector<float> origin = near_means(g, x);
  Moments found = moments_about(g, x, origin);
  // squares are summed in float32, which loses as much as the square of the shift outweighs the variance: once more,
  // about the mean, where the thousand voxels were no good sample
  bool poor = false;
  for (size_t i = 0; i < origin.size(); ++i) poor |= found.shift[i] * found.shift[i] > 4 * found.variance[i];
  if (poor) {
    for (size_t i = 0; i < origin.size(); ++i) origin[i] = static_cast<float>(origin[i] + found.shift[i]);
    found = moments_about(g, x, origin);
  }
  variance = std::move(found.variance);
  for (size_t i = 0; i < origin.size(); ++i) {
    mean[i] = static_cast<float>(found.shift[i] + origin[i]);
    invstd[i] = static_cast<float>(1.0 / std::sqrt(variance[i] + eps));
  }
}

void forward_pass(const Geometry& g, const float* x, const Saved& s, float* out, uint8_t* at) {
  const float *scale = s.scale.const_data_ptr<float>(), *shift = s.shift.const_data_ptr<float>(), *slope = s.slope.const_data_ptr<float>();
  const int64_t row = g.w * g.c;
  at::parallel_for(0, g.n * g.pd, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / g.pd, d = i % g.pd, group = g.instance ? n * g.c : 0;
      for (int64_t h = 0; h < g.ph; ++h) {
        float* to = out + (i * g.ph + h) * g.pw * g.c;
        if (!g.pool) {
          act_row(x + (i * g.h + h) * row, to, g.w, g.c, scale + group, shift + group, slope);
          continue;
        }
        const float* rows[4];
        for (int k = 0; k < 4; ++k) rows[k] = x + ((n * g.d + 2 * d + k / 2) * g.h + 2 * h + k % 2) * row;
        pool_row(rows, to, at + (i * g.ph + h) * g.pw * g.c, g.pw, g.c, scale + group, shift + group, slope);
      }
    }
  });
}

// The three layers one after the other, by libtorch's operators: what the fused pass stands for. `mean` and `variance` are
// used where the statistics are not the batch's own.
at::Tensor in_turn(const at::Tensor& x, const std::optional<at::Tensor>& weight, const std::optional<at::Tensor>& bias, const std::optional<at::Tensor>& slope,
                   const std::optional<at::Tensor>& mean, const std::optional<at::Tensor>& variance, double constant_slope, bool training, bool instance, bool pool,
                   double momentum, double eps) {
  at::Tensor y = instance ? at::instance_norm(x, weight, bias, {}, {}, true, momentum, eps, false)
                          : at::batch_norm(x, weight, bias, mean, variance, training, momentum, eps, false);
  if (slope && slope->defined()) y = at::prelu(y, slope->reshape({-1}));
  else if (constant_slope == 0) y = at::relu(y);
  else if (constant_slope != 1) y = at::leaky_relu(y, constant_slope);
  return pool ? at::max_pool3d(y, 2) : y;
}

class NormActPool : public torch::autograd::Function<NormActPool> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& input, const std::optional<at::Tensor>& weight,
                            const std::optional<at::Tensor>& bias, const std::optional<at::Tensor>& slope, const std::optional<at::Tensor>& mean_in,
                            const std::optional<at::Tensor>& var_in,
                            double constant_slope, bool training, bool instance, bool pool, double momentum, double eps) {
    const at::Tensor& x = input;
    at::Tensor running_mean = mean_in.value_or(at::Tensor()), running_var = var_in.value_or(at::Tensor());
    Geometry g{x.size(0), x.size(1), x.size(2), x.size(3), x.size(4), x.size(2), x.size(3), x.size(4), pool, instance};
    if (pool) g.pd /= 2, g.ph /= 2, g.pw /= 2;
    for (const auto& [name, tensor] : {std::pair<const char*, const std::optional<at::Tensor>&>{"weight", weight}, {"bias", bias}, {"running_mean", mean_in}, {"running_var", var_in}})
      if (tensor && tensor->defined())
        TORCH_CHECK(tensor->numel() == g.c && tensor->scalar_type() == at::kFloat && tensor->is_contiguous(), name, " should contain ", g.c,
                    " float32 elements not ", tensor->numel(), " of ", tensor->scalar_type());
    TORCH_CHECK(running_mean.defined() == running_var.defined(), "running_mean and running_var go together");
    if (slope && slope->defined()) TORCH_CHECK(slope->numel() == 1 || slope->numel() == g.c, "the slope should contain 1 or ", g.c, " elements not ", slope->numel());
    TORCH_CHECK(!pool || (g.pd > 0 && g.ph > 0 && g.pw > 0), "max_pool3d: the input of size ", x.sizes(), " is too small for a kernel of 2");
    const bool from_batch = training || instance || !running_mean.defined();
    TORCH_CHECK(!from_batch || g.per_group() > 1, "Expected more than 1 value per channel when training, got input size ", input.sizes());

    auto options = x.options().memory_format(at::MemoryFormat::Contiguous);
    Saved s{at::empty({g.groups(), g.c}, options), at::empty({g.groups(), g.c}, options), at::empty({g.groups(), g.c}, options),
            at::empty({g.groups(), g.c}, options), at::full({g.c}, constant_slope, options)};
    if (slope && slope->defined()) s.slope.copy_(slope->detach().expand({g.c}));
    const float* data = x.const_data_ptr<float>();
    if (from_batch) {
      std::vector<double> variance;
      statistics(g, data, eps, s.mean.mutable_data_ptr<float>(), s.invstd.mutable_data_ptr<float>(), variance);
      if (training && running_mean.defined()) {
        float *rm = running_mean.mutable_data_ptr<float>(), *rv = running_var.mutable_data_ptr<float>();
        const double unbiased = g.per_group() / (g.per_group() - 1);
        for (int64_t j = 0; j < g.c; ++j) {
          rm[j] = static_cast<float>(momentum * s.mean.const_data_ptr<float>()[j] + (1 - momentum) * rm[j]);
          rv[j] = static_cast<float>(momentum * variance[j] * unbiased + (1 - momentum) * rv[j]);
        }
      }
    } else {
      s.mean.copy_(running_mean.view({1, g.c}));
      s.invstd.copy_((running_var + eps).rsqrt_().view({1, g.c}));
    }
    s.scale.copy_(s.invstd);
    if (weight && weight->defined()) s.scale.mul_(weight->detach());
    s.shift.copy_(s.mean).mul_(s.scale).neg_();
    if (bias && bias->defined()) s.shift.add_(bias->detach());

    at::Tensor out = at::empty({g.n, g.c, g.pd, g.ph, g.pw}, x.options().memory_format(at::MemoryFormat::ChannelsLast3d));
    at::Tensor at = pool ? at::empty({g.n * g.pd * g.ph * g.pw * g.c}, options.dtype(at::kByte)) : at::empty({0}, options.dtype(at::kByte));
    forward_pass(g, data, s, out.mutable_data_ptr<float>(), at.mutable_data_ptr<uint8_t>());

    ctx->saved_data["flags"] = std::vector<int64_t>{from_batch, instance, pool, weight && weight->defined(), bias && bias->defined(), slope && slope->defined() ? slope->numel() : 0};
    ctx->saved_data["constant_slope"] = constant_slope;
    ctx->saved_data["eps"] = eps;
    // the layers' own parameters and the variance as it was: for gradients of gradients
    at::Tensor variance = from_batch ? at::Tensor() : running_var.clone();
    ctx->save_for_backward({x, s.mean, s.invstd, s.scale, s.shift, s.slope, at, weight.value_or(at::Tensor()), bias.value_or(at::Tensor()), slope.value_or(at::Tensor()), variance});
    return out;
  }

  // Gradients that have gradients themselves: through the layers in turn, computed again.
  static torch::autograd::variable_list differentiable_backward(torch::autograd::AutogradContext* ctx, const at::Tensor& gradient) {
    auto saved = ctx->get_saved_variables();
    auto flags = ctx->saved_data["flags"].toIntVector();
    const bool from_batch = flags[0] != 0;
    auto optional = [](const at::Tensor& tensor) { return tensor.defined() ? std::optional<at::Tensor>(tensor) : std::nullopt; };
    const std::array<at::Tensor, 4> inputs{saved[0], saved[7], saved[8], saved[9]};
    at::Tensor out = in_turn(inputs[0], optional(inputs[1]), optional(inputs[2]), optional(inputs[3]), from_batch ? std::nullopt : std::optional<at::Tensor>(saved[1].view({-1})),
                             optional(saved[10]), ctx->saved_data["constant_slope"].toDouble(), from_batch, flags[1] != 0, flags[2] != 0, 0.0, ctx->saved_data["eps"].toDouble());
    torch::autograd::variable_list wanted, result(12);
    for (const auto& input : inputs)
      if (input.defined() && input.requires_grad()) wanted.push_back(input);
    auto found = torch::autograd::grad({out}, wanted, {gradient}, true, true, true);
    size_t next = 0;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].defined() && inputs[i].requires_grad()) result[i] = found[next++];
    return result;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list gradients) {
    if (at::GradMode::is_enabled()) return differentiable_backward(ctx, gradients[0]);
    auto saved = ctx->get_saved_variables();
    auto flags = ctx->saved_data["flags"].toIntVector();
    const at::Tensor& x = saved[0];
    at::Tensor gradient = gradients[0].to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast3d);
    Geometry g{x.size(0), x.size(1), x.size(2), x.size(3), x.size(4), x.size(2), x.size(3), x.size(4), flags[2] != 0, flags[1] != 0};
    if (g.pool) g.pd /= 2, g.ph /= 2, g.pw /= 2;
    const float *px = x.const_data_ptr<float>(), *pg = gradient.const_data_ptr<float>();
    const float *mean = saved[1].const_data_ptr<float>(), *invstd = saved[2].const_data_ptr<float>(), *scale = saved[3].const_data_ptr<float>();
    const float *shift = saved[4].const_data_ptr<float>(), *slope = saved[5].const_data_ptr<float>();
    const uint8_t* at = saved[6].const_data_ptr<uint8_t>();
    const int64_t row = g.w * g.c, slices = g.n * g.pd;

    std::vector<double> sums(static_cast<size_t>(slices * 3 * g.c));
    at::parallel_for(0, slices, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t n = i / g.pd, d = i % g.pd, group = g.instance ? n * g.c : 0;
        double* s = sums.data() + i * 3 * g.c;
        for (int64_t h = 0; h < g.ph; ++h) {
          const int64_t out = (i * g.ph + h) * g.pw * g.c;
          const float* rows[4] = {px + (i * g.h + h) * row, nullptr, nullptr, nullptr};
          if (g.pool)
            for (int k = 0; k < 4; ++k) rows[k] = px + ((n * g.d + 2 * d + k / 2) * g.h + 2 * h + k % 2) * row;
          grad_sums(rows, pg + out, g.pool ? at + out : nullptr, g.pw, g.c, scale + group, shift + group, slope, mean + group, invstd + group,
                    Sums{s, s + g.c, s + 2 * g.c});
        }
      }
    });
    std::vector<double> totals(static_cast<size_t>(g.groups() * 3 * g.c));
    for (int64_t i = 0; i < slices; ++i)
      for (int64_t j = 0; j < 3 * g.c; ++j) totals[(g.instance ? i / g.pd : 0) * 3 * g.c + j] += sums[i * 3 * g.c + j];

    at::Tensor dx;
    if (ctx->needs_input_grad(0)) {
      std::vector<float> a(g.groups() * g.c), b(a.size());
      if (flags[0] != 0)
        for (int64_t group = 0; group < g.groups(); ++group)
          for (int64_t j = 0; j < g.c; ++j) {
            const int64_t at = group * g.c + j;
            const double mean_dy = totals[group * 3 * g.c + j] / g.per_group();
            const double factor = -scale[at] * invstd[at] * totals[group * 3 * g.c + g.c + j] / g.per_group();
            a[at] = static_cast<float>(factor);
            b[at] = static_cast<float>(-scale[at] * mean_dy - factor * mean[at]);
          }
      dx = at::empty_like(x, x.options(), at::MemoryFormat::ChannelsLast3d);
      float* pdx = dx.mutable_data_ptr<float>();
      at::parallel_for(0, g.n * g.d, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t n = i / g.d, d = i % g.d, group = g.instance ? n * g.c : 0;
          for (int64_t h = 0; h < g.h; ++h) {
            const int64_t in = (i * g.h + h) * row;
            auto run = [&](int64_t from, int64_t step, int64_t count, const float* gr, const uint8_t* which, int32_t k) {
              grad_row(px + in + from, pdx + in + from, step, gr, which, k, count, g.c, scale + group, shift + group, slope, a.data() + group,
                       b.data() + group);
            };
            if (!g.pool) {
              run(0, g.c, g.w, pg + in, nullptr, 0);
            } else if (d / 2 >= g.pd || h / 2 >= g.ph) {
              run(0, g.c, g.w, nullptr, nullptr, 0);  // the border that pooling leaves out
            } else {
              const int64_t out = (((n * g.pd + d / 2) * g.ph) + h / 2) * g.pw * g.c;
              const int32_t k = static_cast<int32_t>((d % 2) * 4 + (h % 2) * 2);
              run(0, 2 * g.c, g.pw, pg + out, at + out, k);
              run(g.c, 2 * g.c, g.pw, pg + out, at + out, k + 1);
              if (g.w > 2 * g.pw) run(2 * g.pw * g.c, g.c, g.w - 2 * g.pw, nullptr, nullptr, 0);
            }
          }
        }
      });
    }
    auto collect = [&](int64_t which) {
      at::Tensor out = at::zeros({g.c}, saved[1].options());
      float* p = out.mutable_data_ptr<float>();
      for (int64_t j = 0; j < g.c; ++j) {
        double total = 0;
        for (int64_t group = 0; group < g.groups(); ++group) total += totals[group * 3 * g.c + which * g.c + j];
        p[j] = static_cast<float>(total);
      }
      return out;
    };
    at::Tensor dweight = flags[3] != 0 ? collect(1) : at::Tensor();
    at::Tensor dbias = flags[4] != 0 ? collect(0) : at::Tensor();
    at::Tensor dslope = flags[5] != 0 ? collect(2) : at::Tensor();
    if (flags[5] == 1 && g.c != 1) dslope = dslope.sum().view({1});
    at::Tensor none;
    return {dx, dweight, dbias, dslope, none, none, none, none, none, none, none, none};
  }
};

// normActPool(input, weight, bias, slope, runningMean, runningVar, constantSlope, training, instance, pool, momentum, eps)
napi_value norm_act_pool(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    auto optional = [&](size_t i) -> std::optional<at::Tensor> {
      if (is_nullish(env, args[i])) return std::nullopt;
      return state.get(to_handle(env, args[i]));
    };
    at::Tensor input = state.get(to_handle(env, args[0]));
    TORCH_CHECK(input.dim() == 5 && input.scalar_type() == at::kFloat && input.device().is_cpu(), "normActPool takes a 5-dimensional float32 tensor on the CPU");
    const double slope = to_double(env, args[6]), momentum = to_double(env, args[10]), eps = to_double(env, args[11]);
    const bool training = to_bool(env, args[7]), instance = to_bool(env, args[8]), pool = to_bool(env, args[9]);
    // there is nothing to be fast with
    if (input.numel() == 0) return make_handle(state, in_turn(input, optional(1), optional(2), optional(3), optional(4), optional(5), slope, training, instance, pool, momentum, eps));
    // here, so that a copy is part of the graph
    input = input.contiguous(at::MemoryFormat::ChannelsLast3d);
    return make_handle(state, NormActPool::apply(input, optional(1), optional(2), optional(3), optional(4), optional(5), slope, training, instance, pool, momentum, eps));
  });
}

}  // namespace

void define_fused(napi_env env, napi_value exports) { define(env, exports, "normActPool", norm_act_pool); }

}  // namespace clinicadl
