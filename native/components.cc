// Connected components of label images: voxels that touch and hold the same label, other than 0, are one object. Two passes
// with union-find, whose trees lie in the result itself: beyond it, only the size and the first voxel of each object are kept.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <limits>

#include "addon.h"

namespace clinicadl {
namespace {

// Images one behind the other, each of d × h rows of w voxels; voxels touch within `hops` steps along axes.
struct Grid {
  int64_t n, d, h, w;
  int hops;
  int64_t rows() const { return n * d * h; }
};

// A parent comes before its children, so that the root of an object is its first voxel, however the work was shared out.
template <typename I>
I root_of(I* parents, I i) {
  while (parents[i] != i) {
    parents[i] = parents[parents[i]];
    i = parents[i];
  }
  return i;
}

template <typename I>
void unite(I* parents, int64_t a, int64_t b) {
  const I one = root_of(parents, static_cast<I>(a)), other = root_of(parents, static_cast<I>(b));
  if (one < other) parents[other] = one;
  else parents[one] = other;
}

// Unites the voxels of a row with those of an earlier one beside it. What neighbours in either row have already united is left out:
// within objects almost everything.
template <typename T, typename I>
void connect(const T* x, I* parents, int64_t w, int64_t row, int64_t earlier, bool diagonal) {
  const T *here = x + row * w, *there = x + earlier * w;
  for (int64_t i = 0; i < w; ++i) {
    const T value = here[i];
    if (value == 0) continue;
    const bool left = i > 0 && here[i - 1] == value;
    if (there[i] == value) {
      if (!left || there[i - 1] != value) unite(parents, row * w + i, earlier * w + i);
    } else if (diagonal) {
      if (i > 0 && !left && there[i - 1] == value) unite(parents, row * w + i, earlier * w + i - 1);
      if (i + 1 < w && here[i + 1] != value && there[i + 1] == value) unite(parents, row * w + i, earlier * w + i + 1);
    }
  }
}

// With the earlier rows beside it whose number is from `from` and below `to`.
template <typename T, typename I>
void connect_with(const Grid& g, const T* x, I* parents, int64_t row, int64_t from, int64_t to) {
  const int64_t y = row % g.h, z = row / g.h % g.d;
  auto with = [&](int64_t earlier, int hops) {
    if (hops <= g.hops && earlier >= from && earlier < to) connect(x, parents, g.w, row, earlier, hops < g.hops);
  };
  if (y > 0) with(row - 1, 1);
  if (z == 0) return;
  with(row - g.h, 1);
  if (y > 0) with(row - g.h - 1, 2);
  if (y + 1 < g.h) with(row - g.h + 1, 2);
}

struct Objects {
  std::vector<int64_t> sizes, firsts;
};

template <typename T, typename I>
Objects components(const Grid& g, const T* x, I* out) {
  constexpr int64_t kVoxels = 1 << 16, kMost = 64;
  const int64_t rows = g.rows(), parts = std::clamp<int64_t>(rows * g.w / kVoxels, 1, std::min(kMost, rows));
  auto start = [&](int64_t part) { return rows * part / parts; };
  std::atomic<bool> bad{false};
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part)
      for (int64_t row = start(part); row < start(part + 1); ++row) {
        const T* here = x + row * g.w;
        for (int64_t i = 0; i < g.w; ++i) {
          // what is not a number is not 0 or more, either
          if (!(here[i] >= 0)) bad = true;
          const int64_t at = row * g.w + i;
          out[at] = here[i] == 0 ? I(-1) : i > 0 && here[i - 1] == here[i] ? out[at - 1] : static_cast<I>(at);
        }
        connect_with(g, x, out, row, start(part), row);
      }
  });
  TORCH_CHECK(!bad, "connectedComponents: labels should be 0 or greater, and the image holds negative numbers or NaN");
  // a row reaches back as far as the row before it in the slice before
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t row = start(part); row < std::min(rows, start(part) + g.h + 1); ++row) connect_with(g, x, out, row, 0, start(part));

  Objects objects;
  for (int64_t at = 0; at < rows * g.w; ++at) {
    const I parent = out[at];
    if (parent < 0) {
      out[at] = 0;
    } else if (parent == at) {
      objects.sizes.push_back(1);
      objects.firsts.push_back(at);
      out[at] = static_cast<I>(objects.sizes.size());
    } else {
      // the parent came before, and holds the number of its object already
      out[at] = out[parent];
      ++objects.sizes[out[at] - 1];
    }
  }
  return objects;
}

at::Tensor to_tensor(const std::vector<int64_t>& values) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<int64_t>());
  return tensor;
}

// connectedComponents(labels, hops): of (N, D, H, W), each image by itself, objects numbered from 1 in the order of their first voxels;
// then the size of each, and the place of its first voxel in the whole.
napi_value connected_components(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::Tensor x = state.get(to_handle(env, args[0]));
    const int64_t hops = to_int(env, args[1]);
    TORCH_CHECK(x.dim() == 4 && x.device().is_cpu(), "connectedComponents takes a 4-dimensional tensor on the CPU");
    TORCH_CHECK(hops >= 1 && hops <= 3, "connectedComponents: the connectivity is 1, 2 or 3, not ", hops);
    x = x.detach().contiguous();
    const Grid g{x.size(0), x.size(1), x.size(2), x.size(3), static_cast<int>(hops)};
    const bool small = x.numel() <= std::numeric_limits<int32_t>::max();
    at::Tensor out = at::empty(x.sizes(), x.options().dtype(small ? at::kInt : at::kLong));
    Objects objects;
    if (x.numel() > 0)
      AT_DISPATCH_ALL_TYPES_AND(at::kBool, x.scalar_type(), "connectedComponents", [&] {
        const scalar_t* data = x.const_data_ptr<scalar_t>();
        objects = small ? components(g, data, out.mutable_data_ptr<int32_t>()) : components(g, data, out.mutable_data_ptr<int64_t>());
      });
    return make_handles(state, {out, to_tensor(objects.sizes), to_tensor(objects.firsts)});
  });
}

}  // namespace

void define_components(napi_env env, napi_value exports) { define(env, exports, "connectedComponents", connected_components); }

}  // namespace clinicadl
