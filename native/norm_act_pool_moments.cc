// Means and variances for the fused kernel.

#include <algorithm>
#include <cmath>

#include "norm_act_pool.h"
#include "parallel.h"

namespace clinicadl {
namespace {

// Means of about a thousand voxels or 32 rows of each group, spread over it. Sums about a value near the mean lose nothing where the
// mean is large beside the deviation; the first voxel alone may be background.
std::vector<float> near_means(const Geometry& g, const RowSource& x) {
  std::vector<float> near(static_cast<size_t>(g.groups() * g.c)), room(g.room());
  std::vector<double> sums(static_cast<size_t>(g.c));
  const int64_t rows = g.n * g.d * g.h / g.groups();
  // an odd step does not fall on the same place of every slice
  const int64_t step = std::max<int64_t>(rows / std::max<int64_t>(32, 1024 / g.w), 1) | 1;
  for (int64_t group = 0; group < g.groups(); ++group) {
    std::fill(sums.begin(), sums.end(), 0.0);
    int64_t taken = 0;
    for (int64_t r = 0; r < rows; r += step, taken += g.w) {
      const float* row = x.rows(group * rows + r, 1, room.data());
      for (int64_t i = 0; i < g.w; ++i)
        for (int64_t j = 0; j < g.c; ++j) sums[j] += row[i * g.c + j];
    }
    for (int64_t j = 0; j < g.c; ++j) near[group * g.c + j] = static_cast<float>(sums[j] / static_cast<double>(taken));
  }
  return near;
}

struct Moments {
  std::vector<double> shift, variance;  // mean minus origin, and variance: groups × c
};

// Partial sums go by image slice, so the result does not depend on threads.
Moments moments_about(const Geometry& g, const RowSource& x, const std::vector<float>& origin) {
  const int64_t slices = g.n * g.d;
  std::vector<double> sums(static_cast<size_t>(slices * g.c)), squares(sums.size());
  parallel_for(0, slices, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> room(g.room());
    for (int64_t i = begin; i < end; ++i) {
      const float* about = origin.data() + (g.own() ? i / g.d * g.c : 0);
      for (int64_t row = 0; row < g.h; row += g.rows_at_once()) {
        const int64_t count = std::min(g.rows_at_once(), g.h - row);
        sum_row(x.rows(i * g.h + row, count, room.data()), count * g.w, g.c, about, sums.data() + i * g.c, squares.data() + i * g.c);
      }
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

// The moments of channels together, of those of each: the variance is the mean of theirs and that of their means.
void put_together(int64_t channels, std::vector<double>& mean, std::vector<double>& variance) {
  for (size_t first = 0; first < mean.size(); first += static_cast<size_t>(channels)) {
    double m = 0, v = 0;
    for (size_t i = first; i < first + static_cast<size_t>(channels); ++i) m += mean[i];
    m /= static_cast<double>(channels);
    for (size_t i = first; i < first + static_cast<size_t>(channels); ++i) v += variance[i] + (mean[i] - m) * (mean[i] - m);
    v /= static_cast<double>(channels);
    for (size_t i = first; i < first + static_cast<size_t>(channels); ++i) mean[i] = m, variance[i] = v;
  }
}

}  // namespace

void statistics(const Geometry& g, const RowSource& x, double eps, float* mean, float* invstd, std::vector<double>& variance) {
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
  for (size_t i = 0; i < origin.size(); ++i) found.shift[i] += origin[i];
  if (g.channels_together() > 1) put_together(g.channels_together(), found.shift, found.variance);
  variance = std::move(found.variance);
  for (size_t i = 0; i < origin.size(); ++i) {
    mean[i] = static_cast<float>(found.shift[i]);
    invstd[i] = static_cast<float>(1.0 / std::sqrt(variance[i] + eps));
  }
}

}  // namespace clinicadl
