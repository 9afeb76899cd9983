// The parts of the fused kernel: rows of voxels (norm_act_pool_rows.cc, norm_act_pool_pooled.cc), means and variances
// (norm_act_pool_moments.cc), passes over an image (norm_act_pool_passes.cc) and the function with its gradient
// (norm_act_pool.cc).
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "image_rows.h"

namespace clinicadl {

struct Geometry {
  int64_t n, c, d, h, w;     // the image; of a 2D image, its rows are the slices, and h is 1
  int64_t pd, ph, pw;        // the pooled image; as the image where nothing is pooled
  bool pool, flat;           // flat: a 2D image
  int64_t per_image;         // in how many groups of channels each image has statistics of its own; 0: the batch has, for each channel
  bool own() const { return per_image > 0; }
  int64_t groups() const { return own() ? n : 1; }
  double per_group() const { return static_cast<double>((own() ? 1 : n) * d * h * w); }
  int64_t channels_together() const { return own() ? c / per_image : 1; }
  // Rows below one of the pooled image.
  int64_t window_rows() const { return flat ? 2 : 4; }
  // Which row of the image: row k of those below row (slice, ph) of the pooled image.
  int64_t row_below(int64_t n_, int64_t pd_, int64_t ph_, int64_t k) const {
    return (n_ * d + 2 * pd_ + (flat ? k : k / 2)) * h + (flat ? 0 : 2 * ph_ + k % 2);
  }
  // Short rows follow each other in memory and are taken together, up to a number that float32 sums without loss.
  int64_t rows_at_once() const { return std::max<int64_t>(1, 64 / w); }
  // Numbers in a row of the image, in one of the pooled image, and in all rows that are ever taken together.
  int64_t row() const { return w * c; }
  int64_t pooled_row() const { return pw * c; }
  size_t room() const { return static_cast<size_t>(std::max<int64_t>(rows_at_once(), 4) * row()); }
};

// Sums of (x - origin) and its square over `count` voxels, for each channel.
void sum_row(const float* x, int64_t count, int64_t c, const float* origin, double* s, double* q);

void act_row(const float* x, float* out, int64_t count, int64_t c, const float* scale, const float* shift, const float* slope);

// The same with another image added before the activation.
void add_act_row(const float* x, const float* add, float* out, int64_t count, int64_t c, const float* scale, const float* shift, const float* slope);

// One row of the pooled image from the voxels below each of its own, in `below` rows (2 or 4); `at` remembers which was the largest.
void pool_row(int64_t below, const float* const* rows, float* out, uint8_t* at, int64_t count, int64_t c, const float* scale, const float* shift, const float* slope);

struct Sums {
  double *dy, *dy_xhat, *slope;
};
// Sums over voxels of dy, dy·x̂ and of the gradient of the slope. Of the voxels below a pooled one only the
// largest has a gradient; without pooling there is one row and `at` is null.
void grad_sums(int64_t below, const float* const* rows, const float* g, const uint8_t* at, int64_t count, int64_t c, const float* scale, const float* shift,
               const float* slope, const float* mean, const float* invstd, const Sums& to);

// The sums where another image was added: what came `out` says where the activation cuts, and dy, which is the gradient of what was added, is written.
void add_grad_sums(const float* x, const float* out, const float* g, float* dy, int64_t count, int64_t c, const float* slope, const float* mean,
                   const float* invstd, const Sums& to);

// dx = scale · dy + x · a + b: a and b hold what the means of dy and dy·x̂ take away (0 outside training).
// `k` picks which of the voxels below a pooled one this row is; without pooling `at` is null. `g` null: dy is 0 here.
void grad_row(const float* x, float* dx, int64_t step, const float* g, const uint8_t* at, int32_t k, int64_t count, int64_t c, const float* scale,
              const float* shift, const float* slope, const float* a, const float* b);

// The sums of dy and dy·x̂ from what came out of a pooling, which says what the largest voxel was: x̂ = (y - bias) / weight. `inverse`: 1 / weight. Not
// for slopes that are learnt, or below 0.
void pooled_grad_sums(const float* out, const float* g, int64_t count, int64_t c, const float* inverse, const float* bias, const float* slope, const Sums& to);

// Mean and 1/std of each group and channel, and the variances; channels that are normalised together have the same.
void statistics(const Geometry& g, const RowSource& x, double eps, float* mean, float* invstd, std::vector<double>& variance);

// Of each group and channel: the statistics, and what they and the layer's weights make of an image; the slope for each channel.
struct Constants {
  const float *mean, *invstd, *scale, *shift, *slope;
};

// `add` is null where nothing is added, `at` where nothing is pooled.
void forward_pass(const Geometry& g, const RowSource& x, const RowSource* add, const Constants& s, const RowSink& out, uint8_t* at);

// For each group, c sums of dy, c of dy·x̂, c of the slope's gradient.
std::vector<double> gradient_totals(const Geometry& g, const RowSource& x, const RowSource& gradient, const uint8_t* at, const Constants& s);
// The same from the pooled image alone; `weight` and `bias` are the layer's, for each channel, and no weight is 0. The slope's are 0.
std::vector<double> pooled_gradient_totals(const Geometry& g, const RowSource& out, const RowSource& gradient, const std::vector<float>& weight,
                                           const std::vector<float>& bias, const float* slope);
// The same where another image was added; dy is written.
std::vector<double> added_gradient_totals(const Geometry& g, const RowSource& x, const RowSource& out, const RowSource& gradient, const RowSink& dy, const Constants& s);

// The gradient of the image. `from_batch`: the statistics were the image's own, and depend on it.
void backward_pass(const Geometry& g, bool from_batch, const RowSource& x, const RowSource& gradient, const uint8_t* at, const Constants& s,
                   const std::vector<double>& totals, const RowSink& dx);

}  // namespace clinicadl
