// A separable symmetric filter of images of three axes, mirrored at their ends: plane by plane, so that beyond the result only two planes
// are in memory. The same bits on every processor.

#include <algorithm>
#include <array>
#include <vector>

#include "addon.h"
#include "clones.h"
#include "parallel.h"

namespace clinicadl {
namespace {

constexpr int64_t kLanes = 8, kVectors = 4;
typedef float Floats __attribute__((vector_size(32)));

// The weights of one axis, from the middle on; one weight alone changes nothing.
using Weights = std::vector<float>;
int64_t radius_of(const Weights& weights) { return static_cast<int64_t>(weights.size()) - 1; }

// Beyond its ends an axis is mirrored, its outermost voxels included.
int64_t mirrored(int64_t i, int64_t n) {
  const int64_t at = ((i % (2 * n)) + 2 * n) % (2 * n);
  return at < n ? at : 2 * n - 1 - at;
}

// out = weights[0] · rows[r] + Σ weights[k] · (rows[r - k] + rows[r + k]), of rows of n numbers. In each number the sum has the same order.
CLINICADL_CLONES void mix(const float* const* rows, const float* weights, int64_t radius, float* out, int64_t n) {
  const float* const* middle = rows + radius;
  int64_t i = 0;
  for (; i + kLanes * kVectors <= n; i += kLanes * kVectors) {
    Floats sums[kVectors], a, b;
    for (int64_t v = 0; v < kVectors; ++v) {
      __builtin_memcpy(&a, middle[0] + i + v * kLanes, sizeof a);
      sums[v] = weights[0] * a;
    }
    for (int64_t k = 1; k <= radius; ++k) {
      const float *before = middle[-k] + i, *after = middle[k] + i;
      const float weight = weights[k];
      for (int64_t v = 0; v < kVectors; ++v) {
        __builtin_memcpy(&a, before + v * kLanes, sizeof a);
        __builtin_memcpy(&b, after + v * kLanes, sizeof b);
        sums[v] += weight * (a + b);
      }
    }
    __builtin_memcpy(out + i, sums, sizeof sums);
  }
  for (; i < n; ++i) {
    float sum = weights[0] * middle[0][i];
    for (int64_t k = 1; k <= radius; ++k) sum += weights[k] * (middle[-k][i] + middle[k][i]);
    out[i] = sum;
  }
}

struct Job {
  std::array<int64_t, 3> size;
  std::array<Weights, 3> weights;
};

// Room for one thread.
struct Room {
  std::vector<float> across, down, line;
  std::vector<const float*> rows;
  explicit Room(const Job& job) {
    const int64_t plane = job.size[1] * job.size[2];
    if (radius_of(job.weights[0]) > 0) across.resize(plane);
    if (radius_of(job.weights[1]) > 0) down.resize(plane);
    line.resize(job.size[2] + 2 * radius_of(job.weights[2]));
  }
};

// Plane x of an image.
void blur_plane(const Job& job, const float* image, int64_t x, float* out, Room& room) {
  const auto [depth, height, width] = job.size;
  const int64_t plane = height * width;
  const float* from = image + x * plane;
  if (const int64_t r = radius_of(job.weights[0]); r > 0) {
    room.rows.resize(2 * r + 1);
    for (int64_t k = -r; k <= r; ++k) room.rows[k + r] = image + mirrored(x + k, depth) * plane;
    mix(room.rows.data(), job.weights[0].data(), r, room.across.data(), plane);
    from = room.across.data();
  }
  if (const int64_t r = radius_of(job.weights[1]); r > 0) {
    room.rows.resize(2 * r + 1);
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t k = -r; k <= r; ++k) room.rows[k + r] = from + mirrored(y + k, height) * width;
      mix(room.rows.data(), job.weights[1].data(), r, room.down.data() + y * width, width);
    }
    from = room.down.data();
  }
  const int64_t r = radius_of(job.weights[2]);
  if (r == 0) {
    std::copy_n(from, plane, out);
    return;
  }
  room.rows.resize(2 * r + 1);
  for (int64_t k = 0; k <= 2 * r; ++k) room.rows[k] = room.line.data() + k;
  for (int64_t y = 0; y < height; ++y) {
    const float* row = from + y * width;
    std::copy_n(row, width, room.line.data() + r);
    for (int64_t k = 1; k <= r; ++k) {
      room.line[r - k] = row[mirrored(-k, width)];
      room.line[r + width - 1 + k] = row[mirrored(width - 1 + k, width)];
    }
    mix(room.rows.data(), job.weights[2].data(), r, out + y * width, width);
  }
}

// symmetricFilter(x, [weights of D, of H, of W]): of (C, D, H, W) in float32; the weights of an axis from the middle on, at least one.
napi_value symmetric_filter(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = state.get(to_handle(env, args[0])).detach().contiguous();
    TORCH_CHECK(x.dim() == 4 && x.device().is_cpu() && x.scalar_type() == at::kFloat, "symmetricFilter takes a 4-dimensional float32 tensor on the CPU");
    TORCH_CHECK(array_length(env, args[1]) == 3, "symmetricFilter takes the weights of three axes");
    Job job{{x.size(1), x.size(2), x.size(3)}, {}};
    for (uint32_t axis = 0; axis < 3; ++axis) {
      napi_value list, element;
      ok(napi_get_element(env, args[1], axis, &list));
      for (uint32_t i = 0; i < array_length(env, list); ++i) {
        ok(napi_get_element(env, list, i, &element));
        job.weights[axis].push_back(static_cast<float>(to_double(env, element)));
      }
      TORCH_CHECK(!job.weights[axis].empty(), "symmetricFilter: an axis has at least one weight");
    }
    at::Tensor out = at::empty(x.sizes(), x.options());
    if (x.numel() == 0) return make_handle(state, out);
    const float* from = x.const_data_ptr<float>();
    float* to = out.mutable_data_ptr<float>();
    const int64_t depth = job.size[0], plane = job.size[1] * job.size[2];
    parallel_for(0, x.size(0) * depth, std::max<int64_t>(1, (1 << 13) / plane), [&](int64_t begin, int64_t end) {
      Room room(job);
      for (int64_t p = begin; p < end; ++p) blur_plane(job, from + p / depth * depth * plane, p % depth, to + p * plane, room);
    });
    return make_handle(state, out);
  });
}

}  // namespace

void define_blur(napi_env env, napi_value exports) { define(env, exports, "symmetricFilter", symmetric_filter); }

}  // namespace clinicadl
