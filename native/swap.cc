// Pairs of patches of an image change places, in a copy of it.
#include <array>
#include <cstring>
#include <vector>

#include "addon.h"

namespace clinicadl {
namespace {

using Triple = std::array<int64_t, 3>;

// Reads and writes a patch, whose rows lie one after another in memory of its own.
struct Patches {
  uint8_t* image;
  Triple shape, size;  // voxels along each axis
  int64_t channels;
  size_t bytes;  // of a voxel

  template <class Copy>
  void each_row(const Triple& start, Copy copy) const {
    const size_t row = static_cast<size_t>(size[2]) * bytes;
    size_t done = 0;
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t i = 0; i < size[0]; ++i)
        for (int64_t j = 0; j < size[1]; ++j, done += row) {
          const int64_t voxel = ((c * shape[0] + start[0] + i) * shape[1] + start[1] + j) * shape[2] + start[2];
          copy(image + static_cast<size_t>(voxel) * bytes, done, row);
        }
  }
  void read(const Triple& start, uint8_t* into) const {
    each_row(start, [&](const uint8_t* voxels, size_t at, size_t row) { std::memcpy(into + at, voxels, row); });
  }
  void write(const Triple& start, const uint8_t* from) const {
    each_row(start, [&](uint8_t* voxels, size_t at, size_t row) { std::memcpy(voxels, from + at, row); });
  }
};

Triple triple_of(napi_env env, napi_value array, uint32_t first) {
  Triple out;
  for (uint32_t axis = 0; axis < 3; ++axis) {
    napi_value element;
    ok(napi_get_element(env, array, first + axis, &element));
    out[axis] = to_int(env, element);
  }
  return out;
}

// swapPatches(x, size, corners): of (C, D, H, W), with the first voxels of both patches of a pair, six numbers each. Both patches are
// read before one is written, since they may overlap.
napi_value swap_patches(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = state.get(to_handle(env, args[0])).detach();
    TORCH_CHECK(x.dim() == 4 && x.device().is_cpu(), "swapPatches takes a tensor of (C, D, H, W) on the CPU");
    const uint32_t numbers = array_length(env, args[2]);
    TORCH_CHECK(array_length(env, args[1]) == 3 && numbers % 6 == 0, "swapPatches: a size has 3 numbers, and a pair of corners has 6");
    const Triple shape{x.size(1), x.size(2), x.size(3)}, size = triple_of(env, args[1], 0);
    std::vector<Triple> corners;
    for (uint32_t at = 0; at < numbers; at += 3) corners.push_back(triple_of(env, args[2], at));
    for (size_t axis = 0; axis < 3; ++axis) {
      TORCH_CHECK(size[axis] >= 1 && size[axis] <= shape[axis], "swapPatches: a patch of ", size[axis], " voxels does not fit into ", shape[axis]);
      for (const Triple& corner : corners)
        TORCH_CHECK(corner[axis] >= 0 && corner[axis] <= shape[axis] - size[axis], "swapPatches: a patch of ", size[axis], " voxels from ", corner[axis],
                    " on does not fit into ", shape[axis]);
    }
    at::Tensor out = x.clone(at::MemoryFormat::Contiguous);
    const Patches patches{static_cast<uint8_t*>(out.mutable_data_ptr()), shape, size, x.size(0), static_cast<size_t>(out.element_size())};
    const size_t bytes = static_cast<size_t>(x.size(0) * size[0] * size[1] * size[2]) * patches.bytes;
    std::vector<uint8_t> one(bytes), other(bytes);
    for (size_t pair = 0; pair < corners.size(); pair += 2) {
      patches.read(corners[pair], one.data());
      patches.read(corners[pair + 1], other.data());
      patches.write(corners[pair + 1], one.data());
      patches.write(corners[pair], other.data());
    }
    return make_handle(state, out);
  });
}

}  // namespace

void define_swap(napi_env env, napi_value exports) { define(env, exports, "swapPatches", swap_patches); }

}  // namespace clinicadl
