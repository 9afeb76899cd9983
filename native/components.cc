// Connected components of label images: voxels that touch and hold the same label, other than 0, are one object. Two passes
// with union-find over the runs of the rows. Its trees lie in the result itself: beyond it, there are the runs of one slice for each
// thread, and the size and first voxel of each object.
#include <ATen/Dispatch.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include "addon.h"
#include "parallel.h"

namespace clinicadl {
namespace {

// Images one behind the other, each of d × h rows of w voxels; voxels touch within `hops` steps along axes.
struct Grid {
  int64_t n, d, h, w;
  int hops;
  int64_t rows() const { return n * d * h; }
};

// Voxels of a row, one after the other, that hold the same label.
template <typename T>
struct Run {
  int64_t begin, end;
  T label;
};
template <typename T>
using Runs = std::vector<Run<T>>;

template <typename T>
void find_runs(const T* row, int64_t w, Runs<T>& runs) {
  runs.clear();
  for (int64_t i = 0; i < w;) {
    const T label = row[i];
    int64_t end = i + 1;
    while (end < w && row[end] == label) ++end;
    if (label != 0) runs.push_back({i, end, label});
    i = end;
  }
}

// The trees: the first voxel of each run holds 1 more than the place of the first voxel of an earlier run of the same object, or than its
// own place, if it knows of none; so a root is the first voxel of its object, however the work was shared out.
template <typename I>
I root_of(I* tree, I at) {
  while (tree[at] != at + 1) {
    const I parent = tree[at] - 1;
    tree[at] = tree[parent];
    at = parent;
  }
  return at;
}

template <typename I>
void unite(I* tree, int64_t a, int64_t b) {
  const I one = root_of(tree, static_cast<I>(a)), other = root_of(tree, static_cast<I>(b));
  if (one < other) tree[other] = one + 1;
  else tree[one] = other + 1;
}

// Unites the runs of a row, which begins at `here`, with those of an earlier one beside it that reach within `slack` voxels of them.
template <typename T, typename I>
void connect(const Runs<T>& runs, int64_t here, const Runs<T>& earlier, int64_t there, int64_t slack, I* tree) {
  size_t first = 0;
  for (const Run<T>& run : runs) {
    while (first < earlier.size() && earlier[first].end + slack <= run.begin) ++first;
    for (size_t i = first; i < earlier.size() && earlier[i].begin < run.end + slack; ++i)
      if (earlier[i].label == run.label) unite(tree, here + run.begin, there + earlier[i].begin);
  }
}

// Calls with(earlier row, slack) for the rows beside a row that come before it.
template <typename F>
void earlier_rows(const Grid& g, int64_t row, const F& with) {
  const int64_t y = row % g.h, z = row / g.h % g.d;
  auto within = [&](int64_t earlier, int hops) {
    if (hops <= g.hops) with(earlier, hops < g.hops ? 1 : 0);
  };
  if (y > 0) within(row - 1, 1);
  if (z == 0) return;
  within(row - g.h, 1);
  if (y > 0) within(row - g.h - 1, 2);
  if (y + 1 < g.h) within(row - g.h + 1, 2);
}

struct Objects {
  std::vector<int64_t> sizes, firsts;
};

template <typename T, typename I>
Objects components(const Grid& g, const T* x, I* out) {
  constexpr int64_t kVoxels = 1 << 16;
  const int64_t rows = g.rows(), w = g.w;
  const int64_t parts = std::clamp<int64_t>(rows * w / kVoxels, 1, std::min<int64_t>(2 * at::get_num_threads(), rows));
  auto start = [&](int64_t part) { return rows * part / parts; };
  std::atomic<bool> bad{false};
  parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    // a row reaches back as far as the row before it in the slice before
    const int64_t reach = g.d == 1 ? 2 : g.h + 2;
    std::vector<Runs<T>> recent(reach);
    for (int64_t part = begin; part < end; ++part)
      for (int64_t row = start(part); row < start(part + 1); ++row) {
        Runs<T>& runs = recent[row % reach];
        find_runs(x + row * w, w, runs);
        std::fill(out + row * w, out + (row + 1) * w, I(0));
        for (const Run<T>& run : runs) {
          // what is not a number is not greater than 0, either
          if (!(run.label > 0)) bad = true;
          std::fill(out + row * w + run.begin, out + row * w + run.end, static_cast<I>(row * w + run.begin + 1));
        }
        earlier_rows(g, row, [&](int64_t earlier, int64_t slack) {
          if (earlier >= start(part)) connect(runs, row * w, recent[earlier % reach], earlier * w, slack, out);
        });
      }
  });
  TORCH_CHECK(!bad, "connectedComponents: labels should be 0 or greater, and the image holds negative numbers or NaN");
  Runs<T> runs, others;
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t row = start(part); row < std::min(start(part + 1), start(part) + g.h + 1); ++row) {
      find_runs(x + row * w, w, runs);
      earlier_rows(g, row, [&](int64_t earlier, int64_t slack) {
        if (earlier >= start(part)) return;
        find_runs(x + earlier * w, w, others);
        connect(runs, row * w, others, earlier * w, slack, out);
      });
    }

  // parents come first, and hold the number of their object by then
  Objects objects;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < w;) {
      I* const at = out + row * w + i;
      if (*at == 0) {
        ++i;
        continue;
      }
      const I own = static_cast<I>(row * w + i + 1);
      const bool root = *at == own;
      int64_t size = 1;
      while (i + size < w && at[size] == own) ++size;
      if (root) {
        objects.sizes.push_back(0);
        objects.firsts.push_back(own - 1);
      }
      const I number = root ? static_cast<I>(objects.sizes.size()) : out[*at - 1];
      std::fill(at, at + size, number);
      objects.sizes[number - 1] += size;
      i += size;
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
