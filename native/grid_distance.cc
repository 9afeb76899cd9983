// How far each voxel is from the nearest that is 0, over the grid: the sum ("taxicab") or the greatest ("chessboard") of how far it is along each
// axis. Exact.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "addon.h"
#include "lines.h"
#include "parallel.h"

namespace clinicadl {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Within a row, to its own zeros.
void along_row(const uint8_t* mask, double* out, int64_t n, double spacing) {
  double distance = kInfinity;
  for (int64_t i = 0; i < n; ++i) out[i] = distance = mask[i] == 0 ? 0 : distance + spacing;
  distance = kInfinity;
  for (int64_t i = n - 1; i >= 0; --i) out[i] = distance = std::min(out[i], distance + spacing);
}

void along_rows(const uint8_t* mask, double* out, const at::IntArrayRef shape, double spacing) {
  const int64_t w = shape[3];
  parallel_for(0, shape[0] * shape[1] * shape[2], std::max<int64_t>(1, (1 << 15) / w), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) along_row(mask + row * w, out + row * w, w, spacing);
  });
}

// Each voxel is as far as the one before it or behind it along an axis, and a step: there and back, over parts of `n` rows that lie `step` apart,
// so many voxels of each that all stay in the cache.
void taxicab_along(double* out, int64_t planes, int64_t plane, int64_t n, int64_t step, double spacing) {
  constexpr int64_t kPart = 64;
  const int64_t parts = (step + kPart - 1) / kPart;
  if (n == 1) return;
  parallel_for(0, planes * parts, std::max<int64_t>(1, (1 << 15) / (n * kPart)), [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      const int64_t first = part % parts * kPart, count = std::min(kPart, step - first);
      double* start = out + part / parts * plane + first;
      for (const int64_t way : {1, -1}) {
        for (int64_t i = 1; i < n; ++i) {
          double* here = start + (way == 1 ? i : n - 1 - i) * step;
          const double* before = here - way * step;
          for (int64_t x = 0; x < count; ++x) here[x] = std::min(here[x], before[x] + spacing);
        }
      }
    }
  });
}

void taxicab(const uint8_t* mask, double* out, const at::IntArrayRef shape, const std::array<double, 3>& spacing) {
  const int64_t n = shape[0], d = shape[1], h = shape[2], w = shape[3];
  along_rows(mask, out, shape, spacing[2]);
  taxicab_along(out, n * d, h * w, h, w, spacing[1]);
  taxicab_along(out, n, d * h * w, d, h * w, spacing[0]);
}

// line[i] = min over j of max(line[j], spacing · |i - j|)
struct Chessboard {
  int64_t n;
  double spacing;
  std::vector<double> nearest;
  Chessboard(int64_t n, double spacing) : n(n), spacing(spacing), nearest(n) {}
  void operator()(double* line) {
    for (int64_t i = 0; i < n; ++i) {
      double best = line[i];
      const int64_t farthest = std::max(i, n - 1 - i);
      // voxels further away than the nearest found cannot be nearer
      for (int64_t k = 1; k <= farthest && spacing * static_cast<double>(k) < best; ++k) {
        const double before = k <= i ? line[i - k] : kInfinity, after = i + k < n ? line[i + k] : kInfinity;
        best = std::min(best, std::max(std::min(before, after), spacing * static_cast<double>(k)));
      }
      nearest[i] = best;
    }
    std::copy(nearest.begin(), nearest.end(), line);
  }
};

void chessboard(const uint8_t* mask, double* out, const at::IntArrayRef shape, const std::array<double, 3>& spacing) {
  along_rows(mask, out, shape, spacing[2]);
  along_height_and_depth(out, shape, [&](int64_t voxels, size_t axis) { return Chessboard(voxels, spacing[axis]); });
}

// Steps as the least instructions of x86-64 compare them, eight at once. Further than any voxel of an image that is counted so, with room for a step more.
using Steps = int16_t;
constexpr Steps kFar = std::numeric_limits<Steps>::max() / 2;

// Steps of a king, of one image: each voxel is as far as a neighbour, by corners too, and a step; those that come before it in one pass, and those
// behind it in another (Rosenfeld and Pfaltz 1968, Pattern Recognition 1, p. 33).
void kings_steps(const uint8_t* mask, Steps* steps, int64_t depth, int64_t height, int64_t width) {
  for (int64_t i = 0; i < depth * height * width; ++i) steps[i] = mask[i] == 0 ? 0 : kFar;
  // the least of the rows before, with a place more at both ends
  std::vector<Steps> room(width + 2);
  Steps* least = room.data() + 1;
  for (const int64_t way : {1, -1}) {
    for (int64_t plane = 0; plane < depth; ++plane) {
      const int64_t z = way == 1 ? plane : depth - 1 - plane;
      for (int64_t line = 0; line < height; ++line) {
        const int64_t y = way == 1 ? line : height - 1 - line;
        std::fill(room.begin(), room.end(), kFar);
        const std::array<std::array<int64_t, 2>, 4> rows{{{z, y - way}, {z - way, y - 1}, {z - way, y}, {z - way, y + 1}}};
        for (const auto& [other_z, other_y] : rows) {
          if (other_z < 0 || other_z >= depth || other_y < 0 || other_y >= height) continue;
          const Steps* from = steps + (other_z * height + other_y) * width;
          for (int64_t x = 0; x < width; ++x) least[x] = std::min(least[x], from[x]);
        }
        Steps* here = steps + (z * height + y) * width;
        for (int64_t x = 0; x < width; ++x) here[x] = std::min<Steps>(here[x], static_cast<Steps>(std::min(std::min(least[x - 1], least[x]), least[x + 1]) + 1));
        Steps before = kFar;
        for (int64_t i = 0; i < width; ++i) {
          Steps& voxel = here[way == 1 ? i : width - 1 - i];
          voxel = before = std::min<Steps>(voxel, before + 1);
        }
      }
    }
  }
}

void chessboard_in_steps(const uint8_t* mask, double* out, const at::IntArrayRef shape) {
  const int64_t voxels = shape[1] * shape[2] * shape[3];
  parallel_for(0, shape[0], 1, [&](int64_t begin, int64_t end) {
    std::vector<Steps> steps(voxels);
    for (int64_t image = begin; image < end; ++image) {
      kings_steps(mask + image * voxels, steps.data(), shape[1], shape[2], shape[3]);
      for (int64_t i = 0; i < voxels; ++i) out[image * voxels + i] = steps[i] >= kFar ? kInfinity : steps[i];
    }
  });
}

// gridDistance(mask, spacings of D, H and W, "taxicab" | "chessboard"): of (N, D, H, W) in uint8, each image by itself, in float64; infinite where
// no voxel of the image is 0.
napi_value grid_distance(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor mask = state.get(to_handle(env, args[0])).contiguous();
    std::array<double, 3> spacing{to_double(env, args[1]), to_double(env, args[2]), to_double(env, args[3])};
    const std::string metric = to_string(env, args[4]);
    TORCH_CHECK(mask.dim() == 4 && mask.device().is_cpu() && mask.scalar_type() == at::kByte, "gridDistance takes a 4-dimensional tensor of uint8 on the CPU");
    TORCH_CHECK(metric == "taxicab" || metric == "chessboard", "gridDistance: 'taxicab' or 'chessboard', not '", metric, "'");
    for (double size : spacing) TORCH_CHECK(std::isfinite(size) && size > 0, "distanceTransform: a spacing is greater than 0, not ", size);
    at::Tensor out = at::empty(mask.sizes(), mask.options().dtype(at::kDouble));
    if (mask.numel() == 0) return make_handle(state, out);
    const auto* from = mask.const_data_ptr<uint8_t>();
    auto* to = out.mutable_data_ptr<double>();
    // the size of a voxel along an axis that has one only counts nothing
    for (int axis = 0; axis < 3; ++axis)
      if (mask.size(axis + 1) == 1) spacing[axis] = spacing[mask.size(3) > 1 ? 2 : mask.size(2) > 1 ? 1 : 0];
    // of cubes, steps are counted, which are exact, and then multiplied
    const bool cubes = spacing[0] == spacing[1] && spacing[1] == spacing[2];
    const double size = cubes ? spacing[0] : 1;
    if (cubes) spacing = {1, 1, 1};
    const bool few = std::max({mask.size(1), mask.size(2), mask.size(3)}) < kFar;
    if (metric == "taxicab") taxicab(from, to, mask.sizes(), spacing);
    else if (cubes && few) chessboard_in_steps(from, to, mask.sizes());
    else chessboard(from, to, mask.sizes(), spacing);
    if (size != 1) out.mul_(size);
    return make_handle(state, out);
  });
}

}  // namespace

void define_grid_distance(napi_env env, napi_value exports) { define(env, exports, "gridDistance", grid_distance); }

}  // namespace clinicadl
