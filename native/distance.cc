// The exact Euclidean distance of each voxel to the nearest that is 0: one axis after the other, each line the lower envelope of
// parabolas (Felzenszwalb and Huttenlocher, 2012). In place; beyond the result, a few lines for each thread.
#include <ATen/Dispatch.h>

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

// Squared distances within a row, to its own zeros.
template <typename T>
void along_row(const uint8_t* mask, T* out, int64_t n, double spacing) {
  int64_t last = -1;
  for (int64_t i = 0; i < n; ++i) {
    if (mask[i] == 0) last = i;
    out[i] = static_cast<T>(last < 0 ? kInfinity : static_cast<double>(i - last));
  }
  if (last < 0) return;
  for (int64_t i = n - 1; i >= 0; --i) {
    if (mask[i] == 0) last = i;
    const double after = last >= i ? static_cast<double>(last - i) : kInfinity;
    const double distance = std::min<double>(out[i], after) * spacing;
    out[i] = static_cast<T>(distance * distance);
  }
}

struct Envelope {
  int64_t n;
  double spacing;
  std::vector<double> height, start;  // of the parabolas: their lowest value, and from where each is the lowest of all
  std::vector<int64_t> centre;
  Envelope(int64_t n, double spacing) : n(n), spacing(spacing), height(n), start(n), centre(n) {}

  // line[i] = min over j of line[j] + (spacing · (i - j))²
  void operator()(double* line) {
    const double square = spacing * spacing;
    int64_t count = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double value = line[i];
      if (value == kInfinity) continue;
      double from = -kInfinity;
      while (count > 0) {
        const int64_t c = centre[count - 1];
        const double distance = static_cast<double>(i - c);
        // where this parabola crosses the last one
        from = (value - height[count - 1]) / (2 * square * distance) + 0.5 * static_cast<double>(i + c);
        if (from > start[count - 1]) break;
        --count;
        from = -kInfinity;
      }
      height[count] = value;
      start[count] = from;
      centre[count++] = i;
    }
    if (count == 0) return;
    int64_t k = 0;
    for (int64_t i = 0; i < n; ++i) {
      while (k + 1 < count && start[k + 1] < static_cast<double>(i)) ++k;
      const double distance = spacing * static_cast<double>(i - centre[k]);
      line[i] = height[k] + distance * distance;
    }
  }
};

template <typename T>
void distances(const uint8_t* mask, T* out, const at::IntArrayRef shape, const std::array<double, 3>& spacing) {
  const int64_t n = shape[0], d = shape[1], h = shape[2], w = shape[3];
  parallel_for(0, n * d * h, std::max<int64_t>(1, (1 << 15) / w), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) along_row(mask + row * w, out + row * w, w, spacing[2]);
  });
  along_height_and_depth(out, shape, [&](int64_t voxels, size_t axis) { return Envelope(voxels, spacing[axis]); });
  parallel_for(0, n * d * h * w, 1 << 15, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = std::sqrt(out[i]);
  });
}

// distanceTransform(mask, spacings of D, H and W, whether in float64): of (N, D, H, W) in uint8, each image by itself; infinite where no
// voxel of the image is 0.
napi_value distance_transform(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::Tensor mask = state.get(to_handle(env, args[0]));
    const std::array<double, 3> spacing{to_double(env, args[1]), to_double(env, args[2]), to_double(env, args[3])};
    const bool wide = to_bool(env, args[4]);
    TORCH_CHECK(mask.dim() == 4 && mask.device().is_cpu() && mask.scalar_type() == at::kByte,
                "distanceTransform takes a 4-dimensional tensor of uint8 on the CPU");
    for (double size : spacing) TORCH_CHECK(std::isfinite(size) && size > 0, "distanceTransform: a spacing is greater than 0, not ", size);
    mask = mask.contiguous();
    at::Tensor out = at::empty(mask.sizes(), mask.options().dtype(wide ? at::kDouble : at::kFloat));
    if (mask.numel() > 0) {
      if (wide) distances(mask.const_data_ptr<uint8_t>(), out.mutable_data_ptr<double>(), mask.sizes(), spacing);
      else distances(mask.const_data_ptr<uint8_t>(), out.mutable_data_ptr<float>(), mask.sizes(), spacing);
    }
    return make_handle(state, out);
  });
}

}  // namespace

void define_distance(napi_env env, napi_value exports) { define(env, exports, "distanceTransform", distance_transform); }

}  // namespace clinicadl
