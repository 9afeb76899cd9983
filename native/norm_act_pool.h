// The parts of the fused kernel: rows of voxels (norm_act_pool_rows.cc), means and variances (norm_act_pool_moments.cc), and
// the function with its gradient (norm_act_pool.cc).
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace clinicadl {

struct Geometry {
  int64_t n, c, d, h, w;     // the image
  int64_t pd, ph, pw;        // the pooled image; as the image where nothing is pooled
  bool pool, instance;
  int64_t groups() const { return instance ? n : 1; }
  double per_group() const { return static_cast<double>((instance ? 1 : n) * d * h * w); }
};

// Sums of (x - origin) and its square over `count` voxels, for each channel.
void sum_row(const float* x, int64_t count, int64_t c, const float* origin, double* s, double* q);

void act_row(const float* x, float* out, int64_t count, int64_t c, const float* scale, const float* shift, const float* slope);

// One row of the pooled image from the eight voxels below each of its own; `at` remembers which was the largest.
void pool_row(const float* const* rows, float* out, uint8_t* at, int64_t count, int64_t c, const float* scale, const float* shift, const float* slope);

struct Sums {
  double *dy, *dy_xhat, *slope;
};
// Sums over voxels of dy, dy·x̂ and of the gradient of the slope. Of the eight voxels below a pooled one only the
// largest has a gradient; without pooling there is one row and `at` is null.
void grad_sums(const float* const* rows, const float* g, const uint8_t* at, int64_t count, int64_t c, const float* scale, const float* shift,
               const float* slope, const float* mean, const float* invstd, const Sums& to);

// dx = scale · dy + x · a + b: a and b hold what the means of dy and dy·x̂ take away (0 outside training).
// `k` picks the voxel of each eight that this row is; without pooling `at` is null. `g` null: dy is 0 here.
void grad_row(const float* x, float* dx, int64_t step, const float* g, const uint8_t* at, int32_t k, int64_t count, int64_t c, const float* scale,
              const float* shift, const float* slope, const float* a, const float* b);

// Mean and 1/std of each group and channel, and the variances.
void statistics(const Geometry& g, const float* x, double eps, float* mean, float* invstd, std::vector<double>& variance);

}  // namespace clinicadl
