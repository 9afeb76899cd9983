// The passes over an image of the fused kernel, slice by slice: each thread has slices of its own, and sums are put together in
// the order of slices, so that they do not depend on threads.

#include <algorithm>

#include "norm_act_pool.h"
#include "parallel.h"

namespace clinicadl {
namespace {

// Where the constants of a slice's image begin.
int64_t constants_of(const Geometry& g, int64_t image) { return g.own() ? image * g.c : 0; }

// Calls `rows(first, count)` for the rows of a slice that nothing pools, several at once where they are short.
template <typename F>
void each_rows(const Geometry& g, int64_t slice, const F& rows) {
  const int64_t step = g.rows_at_once();
  for (int64_t h = 0; h < g.h; h += step) rows(slice * g.h + h, std::min(step, g.h - h));
}

// Place for rows that are not in memory as they are read, of each thread.
struct Rooms {
  explicit Rooms(const Geometry& g) : x(g.room()), a(g.room()), b(g.room()), c(g.room()) {}
  std::vector<float> x, a, b, c;
};

// The rows below one of the pooled image.
void rows_below(const Geometry& g, const RowSource& x, int64_t n, int64_t d, int64_t h, float* room, const float** rows) {
  for (int64_t k = 0; k < g.window_rows(); ++k) rows[k] = x.rows(g.row_below(n, d, h, k), 1, room + k * g.row());
}

// For each slice of the image that comes out, `slice(i, rooms, sums)` adds up 3·c sums.
template <typename F>
std::vector<double> totals_of(const Geometry& g, const F& slice) {
  const int64_t slices = g.n * g.pd, width = 3 * g.c;
  std::vector<double> sums(static_cast<size_t>(slices * width)), totals(static_cast<size_t>(g.groups() * width));
  parallel_for(0, slices, 1, [&](int64_t begin, int64_t end) {
    Rooms rooms(g);
    for (int64_t i = begin; i < end; ++i) {
      double* s = sums.data() + i * width;
      slice(i, rooms, Sums{s, s + g.c, s + 2 * g.c});
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

void forward_pass(const Geometry& g, const RowSource& x, const RowSource* add, const Constants& s, const RowSink& out, uint8_t* at) {
  parallel_for(0, g.n * g.pd, 1, [&](int64_t begin, int64_t end) {
    Rooms rooms(g);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / g.pd, d = i % g.pd, group = constants_of(g, n);
      const float *scale = s.scale + group, *shift = s.shift + group;
      if (!g.pool) {
        each_rows(g, i, [&](int64_t first, int64_t count) {
          const float* from = x.rows(first, count, rooms.x.data());
          float* to = out.begin(first, rooms.a.data());
          if (add == nullptr) act_row(from, to, count * g.w, g.c, scale, shift, s.slope);
          else add_act_row(from, add->rows(first, count, rooms.b.data()), to, count * g.w, g.c, scale, shift, s.slope);
          out.end(first, count, to);
        });
        continue;
      }
      for (int64_t h = 0; h < g.ph; ++h) {
        const float* rows[4] = {};
        rows_below(g, x, n, d, h, rooms.x.data(), rows);
        float* to = out.begin(i * g.ph + h, rooms.a.data());
        pool_row(g.window_rows(), rows, to, at + (i * g.ph + h) * g.pooled_row(), g.pw, g.c, scale, shift, s.slope);
        out.end(i * g.ph + h, 1, to);
      }
    }
  });
}

std::vector<double> gradient_totals(const Geometry& g, const RowSource& x, const RowSource& gradient, const uint8_t* at, const Constants& s) {
  return totals_of(g, [&](int64_t i, Rooms& rooms, const Sums& sums) {
    const int64_t n = i / g.pd, d = i % g.pd, group = constants_of(g, n);
    auto add = [&](const float* const* rows, const float* gr, const uint8_t* which, int64_t voxels) {
      grad_sums(g.window_rows(), rows, gr, which, voxels, g.c, s.scale + group, s.shift + group, s.slope, s.mean + group, s.invstd + group, sums);
    };
    if (!g.pool) {
      each_rows(g, i, [&](int64_t first, int64_t count) {
        const float* row = x.rows(first, count, rooms.x.data());
        add(&row, gradient.rows(first, count, rooms.a.data()), nullptr, count * g.w);
      });
      return;
    }
    for (int64_t h = 0; h < g.ph; ++h) {
      const float* rows[4] = {};
      rows_below(g, x, n, d, h, rooms.x.data(), rows);
      add(rows, gradient.rows(i * g.ph + h, 1, rooms.a.data()), at + (i * g.ph + h) * g.pooled_row(), g.pw);
    }
  });
}

std::vector<double> pooled_gradient_totals(const Geometry& g, const RowSource& out, const RowSource& gradient, const std::vector<float>& weight,
                                           const std::vector<float>& bias, const float* slope) {
  std::vector<float> inverse(weight.size());
  for (size_t i = 0; i < inverse.size(); ++i) inverse[i] = 1 / weight[i];
  return totals_of(g, [&](int64_t i, Rooms& rooms, const Sums& sums) {
    for (int64_t row = i * g.ph; row < (i + 1) * g.ph; ++row)
      pooled_grad_sums(out.rows(row, 1, rooms.x.data()), gradient.rows(row, 1, rooms.a.data()), g.pw, g.c, inverse.data(), bias.data(), slope, sums);
  });
}

std::vector<double> added_gradient_totals(const Geometry& g, const RowSource& x, const RowSource& out, const RowSource& gradient, const RowSink& dy, const Constants& s) {
  return totals_of(g, [&](int64_t i, Rooms& rooms, const Sums& sums) {
    const int64_t group = constants_of(g, i / g.d);
    each_rows(g, i, [&](int64_t first, int64_t count) {
      float* to = dy.begin(first, rooms.c.data());
      add_grad_sums(x.rows(first, count, rooms.x.data()), out.rows(first, count, rooms.a.data()), gradient.rows(first, count, rooms.b.data()), to, count * g.w, g.c,
                    s.slope, s.mean + group, s.invstd + group, sums);
      dy.end(first, count, to);
    });
  });
}

void backward_pass(const Geometry& g, bool from_batch, const RowSource& x, const RowSource& gradient, const uint8_t* at, const Constants& s,
                   const std::vector<double>& totals, const RowSink& dx) {
  std::vector<float> a(static_cast<size_t>(g.groups() * g.c)), b(a.size());
  if (from_batch) corrections(g, s, totals, a, b);
  parallel_for(0, g.n * g.d, 1, [&](int64_t begin, int64_t end) {
    Rooms rooms(g);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / g.d, d = i % g.d, group = constants_of(g, n);
      const float *from = nullptr;
      float* to = nullptr;
      auto run = [&](int64_t at_number, int64_t step, int64_t count, const float* gr, const uint8_t* which, int32_t k) {
        grad_row(from + at_number, to + at_number, step, gr, which, k, count, g.c, s.scale + group, s.shift + group, s.slope, a.data() + group, b.data() + group);
      };
      if (!g.pool) {
        each_rows(g, i, [&](int64_t first, int64_t count) {
          from = x.rows(first, count, rooms.x.data()), to = dx.begin(first, rooms.a.data());
          run(0, g.c, count * g.w, gradient.rows(first, count, rooms.b.data()), nullptr, 0);
          dx.end(first, count, to);
        });
        continue;
      }
      for (int64_t h = 0; h < g.h; ++h) {
        const int64_t row = i * g.h + h, ph = g.flat ? 0 : h / 2;
        from = x.rows(row, 1, rooms.x.data()), to = dx.begin(row, rooms.a.data());
        if (d / 2 >= g.pd || ph >= g.ph) {
          run(0, g.c, g.w, nullptr, nullptr, 0);  // the border that pooling leaves out
        } else {
          const int64_t pooled = (n * g.pd + d / 2) * g.ph + ph;
          const float* gr = gradient.rows(pooled, 1, rooms.b.data());
          const uint8_t* which = at + pooled * g.pooled_row();
          const int32_t k = static_cast<int32_t>(g.flat ? d % 2 * 2 : d % 2 * 4 + h % 2 * 2);
          run(0, 2 * g.c, g.pw, gr, which, k);
          run(g.c, 2 * g.c, g.pw, gr, which, k + 1);
          if (g.w > 2 * g.pw) run(2 * g.pooled_row(), g.c, g.w - 2 * g.pw, nullptr, nullptr, 0);
        }
        dx.end(row, 1, to);
      }
    }
  });
}

}  // namespace clinicadl
