// Lines through an image along one of its axes, each changed by itself.
#pragma once
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "parallel.h"

namespace clinicadl {

// So many lines side by side are read at once: their voxels fill the cache lines.
constexpr int64_t kLines = 16;

// Lines of n voxels that lie `step` apart; `width` of them begin side by side, in each of `planes` planes, which `plane` finds. `make` gives, for
// each thread, the function of a line of n doubles that changes it in place.
template <typename T, typename Plane, typename Make>
void along_axis(int64_t planes, const Plane& plane, int64_t n, int64_t step, int64_t width, const Make& make) {
  if (n == 1) return;
  const int64_t blocks = (width + kLines - 1) / kLines;
  parallel_for(0, planes * blocks, std::max<int64_t>(1, (1 << 15) / (n * kLines)), [&](int64_t begin, int64_t end) {
    auto apply = make();
    std::vector<double> lines(kLines * n);
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block % blocks * kLines, count = std::min(kLines, width - first);
      T* at = plane(block / blocks) + first;
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < count; ++j) lines[j * n + i] = at[i * step + j];
      for (int64_t j = 0; j < count; ++j) apply(lines.data() + j * n);
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < count; ++j) at[i * step + j] = static_cast<T>(lines[j * n + i]);
    }
  });
}

// The lines along the height of images (N, D, H, W), and then those along the depth. `make` gives the function of a line of so many voxels along an
// axis of the three.
template <typename T, typename Make>
void along_height_and_depth(T* out, const at::IntArrayRef shape, const Make& make) {
  const int64_t n = shape[0], d = shape[1], h = shape[2], w = shape[3];
  along_axis<T>(n * d, [=](int64_t plane) { return out + plane * h * w; }, h, w, w, [&] { return make(h, 1); });
  along_axis<T>(n * h, [=](int64_t plane) { return out + (plane / h * d * h + plane % h) * w; }, d, h * w, w, [&] { return make(d, 0); });
}

}  // namespace clinicadl
