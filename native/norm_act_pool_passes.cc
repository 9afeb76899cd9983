// The passes over an image of the fused kernel, slice by slice: each thread has slices of its own, and sums are put together in
// the order of slices, so that they do not depend on threads.
#include <ATen/Parallel.h>

#include <algorithm>

#include "norm_act_pool.h"

namespace clinicadl {
namespace {

// Where the constants of a slice's image begin.
int64_t constants_of(const Geometry& g, int64_t image) { return g.own() ? image * g.c : 0; }

// Calls `rows(at, count)` for the rows of a slice that nothing pools, several at once where they are short: where they begin, in
// numbers, and how many voxels they have.
template <typename F>
void each_rows(const Geometry& g, int64_t slice, const F& rows) {
  const int64_t step = g.rows_at_once();
  for (int64_t h = 0; h < g.h; h += step) rows((slice * g.h + h) * g.w * g.c, std::min(step, g.h - h) * g.w);
}

// For each slice of the image that comes out, `slice(i, sums)` adds up 3·c sums.
template <typename F>
std::vector<double> totals_of(const Geometry& g, const F& slice) {
  const int64_t slices = g.n * g.pd, width = 3 * g.c;
  std::vector<double> sums(static_cast<size_t>(slices * width)), totals(static_cast<size_t>(g.groups() * width));
  at::parallel_for(0, slices, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      double* s = sums.data() + i * width;
      slice(i, Sums{s, s + g.c, s + 2 * g.c});
    }
  });
  for (int64_t i = 0; i < slices; ++i)
    for (int64_t j = 0; j < width; ++j) totals[(g.own() ? i / g.pd : 0) * width + j] += sums[i * width + j];
  return totals;
}

// What the means of dy and dy·x̂ over a group take away of the gradient: x · a + b.
void corrections(const Geometry& g, const Constants& s, const std::vector<double>& totals, std::vector<float>& a, std::vector<float>& b) {
  const int64_t together = g.channels_together();
  const double count = g.per_group() * static_cast<double>(together);
  for (int64_t group = 0; group < g.groups(); ++group)
    for (int64_t first = 0; first < g.c; first += together) {
      double dy = 0, dy_xhat = 0;
      for (int64_t j = first; j < first + together; ++j) {
        const double scale = s.scale[group * g.c + j];
        dy += scale * totals[group * 3 * g.c + j];
        dy_xhat += scale * totals[group * 3 * g.c + g.c + j];
      }
      for (int64_t j = first; j < first + together; ++j) {
        const int64_t at = group * g.c + j;
        const double factor = -s.invstd[at] * dy_xhat / count;
        a[at] = static_cast<float>(factor);
        b[at] = static_cast<float>(-dy / count - factor * s.mean[at]);
      }
    }
}

}  // namespace

void forward_pass(const Geometry& g, const float* x, const float* add, const Constants& s, float* out, uint8_t* at) {
  at::parallel_for(0, g.n * g.pd, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / g.pd, d = i % g.pd, group = constants_of(g, n);
      const float *scale = s.scale + group, *shift = s.shift + group;
      if (!g.pool) {
        each_rows(g, i, [&](int64_t from, int64_t count) {
          if (add == nullptr) act_row(x + from, out + from, count, g.c, scale, shift, s.slope);
          else add_act_row(x + from, add + from, out + from, count, g.c, scale, shift, s.slope);
        });
        continue;
      }
      for (int64_t h = 0; h < g.ph; ++h) {
        const float* rows[4] = {};
        for (int64_t k = 0; k < g.window_rows(); ++k) rows[k] = x + g.row_below(n, d, h, k) * g.c;
        const int64_t to = (i * g.ph + h) * g.pw * g.c;
        pool_row(g.window_rows(), rows, out + to, at + to, g.pw, g.c, scale, shift, s.slope);
      }
    }
  });
}

std::vector<double> gradient_totals(const Geometry& g, const float* x, const float* gradient, const uint8_t* at, const Constants& s) {
  return totals_of(g, [&](int64_t i, const Sums& sums) {
    const int64_t n = i / g.pd, d = i % g.pd, group = constants_of(g, n);
    auto add = [&](const float* const* rows, int64_t out, int64_t count) {
      grad_sums(g.window_rows(), rows, gradient + out, g.pool ? at + out : nullptr, count, g.c, s.scale + group, s.shift + group, s.slope, s.mean + group,
                s.invstd + group, sums);
    };
    if (!g.pool) {
      each_rows(g, i, [&](int64_t from, int64_t count) {
        const float* row = x + from;
        add(&row, from, count);
      });
      return;
    }
    for (int64_t h = 0; h < g.ph; ++h) {
      const float* rows[4] = {};
      for (int64_t k = 0; k < g.window_rows(); ++k) rows[k] = x + g.row_below(n, d, h, k) * g.c;
      add(rows, (i * g.ph + h) * g.pw * g.c, g.pw);
    }
  });
}

std::vector<double> added_gradient_totals(const Geometry& g, const float* x, const float* out, const float* gradient, float* dy, const Constants& s) {
  return totals_of(g, [&](int64_t i, const Sums& sums) {
    const int64_t group = constants_of(g, i / g.d);
    each_rows(g, i, [&](int64_t from, int64_t count) {
      add_grad_sums(x + from, out + from, gradient + from, dy + from, count, g.c, s.slope, s.mean + group, s.invstd + group, sums);
    });
  });
}

void backward_pass(const Geometry& g, bool from_batch, const float* x, const float* gradient, const uint8_t* at, const Constants& s,
                   const std::vector<double>& totals, float* dx) {
  std::vector<float> a(static_cast<size_t>(g.groups() * g.c)), b(a.size());
  if (from_batch) corrections(g, s, totals, a, b);
  at::parallel_for(0, g.n * g.d, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / g.d, d = i % g.d, group = constants_of(g, n);
      auto run = [&](int64_t from, int64_t step, int64_t count, const float* gr, const uint8_t* which, int32_t k) {
        grad_row(x + from, dx + from, step, gr, which, k, count, g.c, s.scale + group, s.shift + group, s.slope, a.data() + group, b.data() + group);
      };
      if (!g.pool) {
        each_rows(g, i, [&](int64_t from, int64_t count) { run(from, g.c, count, gradient + from, nullptr, 0); });
        continue;
      }
      for (int64_t h = 0; h < g.h; ++h) {
        const int64_t in = (i * g.h + h) * g.w * g.c, ph = g.flat ? 0 : h / 2;
        if (d / 2 >= g.pd || ph >= g.ph) {
          run(in, g.c, g.w, nullptr, nullptr, 0);  // the border that pooling leaves out
          continue;
        }
        const int64_t out = ((n * g.pd + d / 2) * g.ph + ph) * g.pw * g.c;
        const int32_t k = static_cast<int32_t>(g.flat ? d % 2 * 2 : d % 2 * 4 + h % 2 * 2);
        run(in, 2 * g.c, g.pw, gradient + out, at + out, k);
        run(in + g.c, 2 * g.c, g.pw, gradient + out, at + out, k + 1);
        if (g.w > 2 * g.pw) run(in + 2 * g.pw * g.c, g.c, g.w - 2 * g.pw, nullptr, nullptr, 0);
      }
    }
  });
}

}  // namespace clinicadl
