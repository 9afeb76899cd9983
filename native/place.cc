// An image that begins and ends elsewhere, in one pass: rows are copied, what is beyond the image is filled.

#include <algorithm>
#include <array>
#include <cstring>

#include "addon.h"
#include "parallel.h"

namespace clinicadl {
namespace {

struct Job {
  std::array<int64_t, 3> start, from, to;  // where the new image begins in the old one, and their sizes
  at::IntArrayRef strides;                 // of the old image, in elements; a row is contiguous
};

// T has the size of an element.
template <typename T>
void place(const T* x, T* out, T value, int64_t channels, const Job& job) {
  const int64_t width = job.to[2], first = std::clamp<int64_t>(-job.start[2], 0, width);
  const int64_t count = std::clamp<int64_t>(job.from[2] - job.start[2], first, width) - first;
  parallel_for(0, channels * job.to[0] * job.to[1], std::max<int64_t>(1, (1 << 15) / width), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      T* const target = out + row * width;
      const int64_t i = row / job.to[1] % job.to[0] + job.start[0], j = row % job.to[1] + job.start[1];
      if (count == 0 || i < 0 || i >= job.from[0] || j < 0 || j >= job.from[1]) {
        std::fill_n(target, width, value);
        continue;
      }
      const int64_t channel = row / (job.to[0] * job.to[1]);
      const T* source = x + channel * job.strides[0] + i * job.strides[1] + j * job.strides[2] + first + job.start[2];
      std::fill_n(target, first, value);
      std::memcpy(target + first, source, static_cast<size_t>(count) * sizeof(T));
      std::fill_n(target + first + count, width - first - count, value);
    }
  });
}

template <typename T>
void place(const at::Tensor& x, at::Tensor& out, const at::Tensor& value, const Job& job) {
  T fill;
  std::memcpy(&fill, value.const_data_ptr(), sizeof fill);
  place(static_cast<const T*>(x.const_data_ptr()), static_cast<T*>(out.mutable_data_ptr()), fill, x.size(0), job);
}

// placeVoxels(x, start, size, value): of (C, D, H, W), `size` voxels from voxel `start` on; `value` where the image is not.
napi_value place_voxels(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::Tensor x = state.get(to_handle(env, args[0])).detach();
    const std::vector<int64_t> start = to_ints(env, args[1]), size = to_ints(env, args[2]);
    TORCH_CHECK(x.dim() == 4 && x.device().is_cpu() && x.layout() == at::kStrided, "placeVoxels takes a 4-dimensional tensor on the CPU");
    TORCH_CHECK(start.size() == 3 && size.size() == 3 && *std::min_element(size.begin(), size.end()) > 0, "placeVoxels: a start and a size are three numbers");
    if (x.stride(3) != 1) x = x.contiguous();
    const int64_t shape[] = {x.size(0), size[0], size[1], size[2]};
    at::Tensor out = at::empty(shape, x.options());
    const at::Tensor value = at::full({1}, to_double(env, args[3]), x.options());
    const Job job{{start[0], start[1], start[2]}, {x.size(1), x.size(2), x.size(3)}, {size[0], size[1], size[2]}, x.strides()};
    switch (x.element_size()) {
      case 1: place<uint8_t>(x, out, value, job); break;
      case 2: place<uint16_t>(x, out, value, job); break;
      case 4: place<uint32_t>(x, out, value, job); break;
      case 8: place<uint64_t>(x, out, value, job); break;
      default: TORCH_CHECK(false, "placeVoxels: no elements of ", x.element_size(), " bytes");
    }
    return make_handle(state, out);
  });
}

}  // namespace

void define_place(napi_env env, napi_value exports) { define(env, exports, "placeVoxels", place_voxels); }

}  // namespace clinicadl
