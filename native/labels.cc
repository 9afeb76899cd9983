// What is done where an image has certain labels, in one pass: a block of it becomes choices, which lie in the cache.
#include <ATen/Dispatch.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <vector>

#include "addon.h"
#include "clones.h"
#include "parallel.h"

namespace clinicadl {
namespace {

constexpr int64_t kBlock = 2048;
constexpr int64_t kGrain = 1 << 15;

// Labels of the type of an image; what the type does not hold is nowhere in it.
template <typename T>
std::vector<T> labels_as(const std::vector<int64_t>& labels) {
  std::vector<T> own;
  for (const int64_t label : labels) {
    if constexpr (std::is_same_v<T, bool>) {
      if (label == 0 || label == 1) own.push_back(label != 0);
    } else if constexpr (std::is_integral_v<T>) {
      if (label >= static_cast<int64_t>(std::numeric_limits<T>::min()) && label <= static_cast<int64_t>(std::numeric_limits<T>::max())) own.push_back(static_cast<T>(label));
    } else {
      if (static_cast<int64_t>(static_cast<double>(static_cast<T>(label))) == label) own.push_back(static_cast<T>(label));
    }
  }
  return own;
}

// 1 where a voxel has one of the labels, or, without labels, where it is not 0 (NaN is not).
template <typename T>
void choose(const T* __restrict x, int64_t n, const std::vector<T>* labels, uint8_t* __restrict chosen) {
  if (labels == nullptr) {
    for (int64_t i = 0; i < n; ++i) chosen[i] = x[i] != T(0) ? 1 : 0;
    return;
  }
  std::fill_n(chosen, n, uint8_t{0});
  for (const T label : *labels)
    for (int64_t i = 0; i < n; ++i) chosen[i] |= x[i] == label ? 1 : 0;
}

// T has the size of an element.
template <typename T>
void fill(const void* x, const uint8_t* chosen, uint8_t where, const void* value, void* out, int64_t at, int64_t n) {
  const T* __restrict from = static_cast<const T*>(x) + at;
  T* __restrict to = static_cast<T*>(out) + at;
  T own;
  std::memcpy(&own, value, sizeof own);
  for (int64_t i = 0; i < n; ++i) {
    // read in any case: without a branch, the loop becomes vectors
    const T old = from[i];
    to[i] = chosen[i] == where ? own : old;
  }
}

using Fill = void (*)(const void*, const uint8_t*, uint8_t, const void*, void*, int64_t, int64_t);
Fill fill_of(int64_t size) {
  switch (size) {
    case 1: return fill<uint8_t>;
    case 2: return fill<uint16_t>;
    case 4: return fill<uint32_t>;
    case 8: return fill<uint64_t>;
    default: TORCH_CHECK(false, "fillWhere: no elements of ", size, " bytes");
  }
}

void require_cpu(const at::Tensor& x, const char* what) { TORCH_CHECK(x.device().is_cpu() && x.layout() == at::kStrided, what, " takes tensors on the CPU"); }

// fillWhere(x, mask, labels | null, where, value): `value` where the mask has one of the labels (null: where it is not 0), or, with `where`
// false, where it has not; elsewhere x. The mask has the elements of x, or those of x[0].
napi_value fill_where(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = state.get(to_handle(env, args[0])).detach().contiguous(), mask = state.get(to_handle(env, args[1])).detach().contiguous();
    require_cpu(x, "fillWhere"), require_cpu(mask, "fillWhere");
    const bool all = is_nullish(env, args[2]);
    const std::vector<int64_t> labels = all ? std::vector<int64_t>{} : to_ints(env, args[2]);
    const uint8_t where = to_bool(env, args[3]) ? 1 : 0;
    const at::Tensor value = at::full({1}, to_double(env, args[4]), x.options());
    at::Tensor out = at::empty(x.sizes(), x.options());
    const int64_t n = x.numel(), m = mask.numel();
    if (n == 0) return make_handle(state, out);
    TORCH_CHECK(m == n || (x.dim() > 0 && m * x.size(0) == n), "fillWhere: a mask of ", mask.sizes(), " does not lie on ", x.sizes());
    const Fill fill = fill_of(x.element_size());
    const void *from = x.const_data_ptr(), *with = value.const_data_ptr();
    void* to = out.mutable_data_ptr();
    AT_DISPATCH_ALL_TYPES_AND3(at::kBool, at::kHalf, at::kBFloat16, mask.scalar_type(), "fillWhere", [&] {
      const scalar_t* choices = mask.const_data_ptr<scalar_t>();
      const std::vector<scalar_t> own = labels_as<scalar_t>(labels);
      parallel_for(0, n, kGrain, [&](int64_t begin, int64_t end) {
        uint8_t chosen[kBlock];
        for (int64_t i = begin; i < end;) {
          const int64_t count = std::min({kBlock, end - i, m - i % m});
          choose<scalar_t>(choices + i % m, count, all ? nullptr : &own, chosen);
          fill(from, chosen, where, with, to, i, count);
          i += count;
        }
      });
    });
    return make_handle(state, out);
  });
}

template <typename T>
void one_hot(const T* x, T* out, int64_t n, int64_t classes) {
  parallel_for(0, n, kGrain, [&](int64_t begin, int64_t end) {
    int32_t labels[kBlock];
    for (int64_t i = begin; i < end; i += kBlock) {
      const int64_t count = std::min(kBlock, end - i);
      for (int64_t j = 0; j < count; ++j) labels[j] = static_cast<int32_t>(x[i + j]);
      for (int64_t c = 0; c < classes; ++c) {
        T* const to = out + c * n + i;
        for (int64_t j = 0; j < count; ++j) to[j] = static_cast<T>(labels[j] == static_cast<int32_t>(c) ? 1 : 0);
      }
    }
  });
}

// oneHot(x, classes): (classes, …) of the type of x, 1 where x has the number of the class and 0 elsewhere; of fractions, the whole part counts.
napi_value one_hot_of(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = state.get(to_handle(env, args[0])).detach().contiguous();
    const int64_t classes = to_int(env, args[1]);
    require_cpu(x, "oneHot");
    TORCH_CHECK(classes > 0 && classes <= std::numeric_limits<int32_t>::max(), "oneHot: there cannot be ", classes, " classes");
    std::vector<int64_t> shape = x.sizes().vec();
    shape.insert(shape.begin(), classes);
    at::Tensor out = at::empty(shape, x.options());
    AT_DISPATCH_ALL_TYPES_AND3(at::kBool, at::kHalf, at::kBFloat16, x.scalar_type(), "oneHot",
                               [&] { one_hot(x.const_data_ptr<scalar_t>(), out.mutable_data_ptr<scalar_t>(), x.numel(), classes); });
    return make_handle(state, out);
  });
}

CLINICADL_CLONES bool whole_floats(const float* x, int64_t n) {
  int32_t wrong = 0;
  for (int64_t i = 0; i < n; ++i) wrong |= (x[i] >= 0) & (x[i] == std::trunc(x[i])) & (x[i] < std::numeric_limits<float>::infinity()) ? 0 : 1;
  return wrong == 0;
}

// areLabels(x): whether all numbers of a float32 tensor are 0, 1, 2 …
napi_value are_labels(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = state.get(to_handle(env, args[0])).detach().contiguous();
    require_cpu(x, "areLabels");
    TORCH_CHECK(x.scalar_type() == at::kFloat, "areLabels takes float32");
    const float* data = x.const_data_ptr<float>();
    std::atomic<bool> good{true};
    parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end && good; i += kBlock)
        if (!whole_floats(data + i, std::min(kBlock, end - i))) good = false;
    });
    return make_bool(env, good);
  });
}

// Labels below are found by a table, those above in a tree.
constexpr int64_t kTable = 1 << 16;

template <typename T>
std::vector<double> distinct(const T* x, int64_t n) {
  std::vector<uint8_t> seen(kTable);
  std::set<double> above;
  for (int64_t i = 0; i < n; ++i) {
    const double label = static_cast<double>(x[i]);
    if (label < kTable) seen[static_cast<size_t>(label)] = 1;
    else if (above.empty() || *above.rbegin() != label) above.insert(label);
  }
  std::vector<double> labels;
  for (int64_t label = 0; label < kTable; ++label)
    if (seen[label] != 0) labels.push_back(static_cast<double>(label));
  labels.insert(labels.end(), above.begin(), above.end());
  return labels;
}

// labelsOf(x): each once, in ascending order. x holds labels only.
napi_value labels_of(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = state.get(to_handle(env, args[0])).detach().contiguous();
    require_cpu(x, "labelsOf");
    std::vector<double> labels;
    AT_DISPATCH_ALL_TYPES_AND3(at::kBool, at::kHalf, at::kBFloat16, x.scalar_type(), "labelsOf", [&] {
      const scalar_t* data = x.const_data_ptr<scalar_t>();
      // what is no label would be looked up beyond the table
      for (int64_t i = 0; i < x.numel(); ++i) TORCH_CHECK(data[i] >= scalar_t(0), "labelsOf: ", data[i], " is no label");
      labels = distinct(data, x.numel());
    });
    napi_value array = make_array(env, labels.size());
    for (size_t i = 0; i < labels.size(); ++i) set_element(env, array, i, make_number(env, labels[i]));
    return array;
  });
}

}  // namespace

void define_labels(napi_env env, napi_value exports) {
  define(env, exports, "fillWhere", fill_where);
  define(env, exports, "oneHot", one_hot_of);
  define(env, exports, "areLabels", are_labels);
  define(env, exports, "labelsOf", labels_of);
}

}  // namespace clinicadl
