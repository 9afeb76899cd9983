// Intensities cut and brought to another range, in one pass: each operation is rounded as if it were done by itself.

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "addon.h"
#include "clones.h"
#include "parallel.h"

namespace clinicadl {
namespace {

constexpr int64_t kGrain = 1 << 15;

// ((x, not below `low` nor above `high`) - minus) / by · times + plus. NaN stays NaN.
struct Scale {
  float low, high, minus, by, times, plus;
};

CLINICADL_CLONES void scale(const float* x, float* out, int64_t n, const Scale& s) {
  const Scale own = s;
  for (int64_t i = 0; i < n; ++i) {
    float y = own.low > x[i] ? own.low : x[i];
    y = own.high < y ? own.high : y;
    out[i] = (y - own.minus) / own.by * own.times + own.plus;
  }
}

struct Extent {
  float least = std::numeric_limits<float>::infinity(), greatest = -std::numeric_limits<float>::infinity();
  bool nan = false;
};

CLINICADL_CLONES void extend(const float* x, int64_t n, Extent& extent) {
  constexpr int64_t kLanes = 32;
  float least[kLanes], greatest[kLanes];
  int32_t nan[kLanes] = {};
  std::fill_n(least, kLanes, extent.least);
  std::fill_n(greatest, kLanes, extent.greatest);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int64_t j = 0; j < kLanes; ++j) {
      const float v = x[i + j];
      least[j] = v < least[j] ? v : least[j];
      greatest[j] = v > greatest[j] ? v : greatest[j];
      nan[j] |= v != v ? 1 : 0;
    }
  for (int64_t j = 0; i + j < n; ++j) {
    const float v = x[i + j];
    least[j] = v < least[j] ? v : least[j];
    greatest[j] = v > greatest[j] ? v : greatest[j];
    nan[j] |= v != v ? 1 : 0;
  }
  for (int64_t j = 0; j < kLanes; ++j) {
    extent.least = std::min(extent.least, least[j]);
    extent.greatest = std::max(extent.greatest, greatest[j]);
    extent.nan |= nan[j] != 0;
  }
}

at::Tensor floats_of(Env& state, napi_value handle, const char* what) {
  at::Tensor x = state.get(to_handle(state.env, handle));
  TORCH_CHECK(x.device().is_cpu() && x.scalar_type() == at::kFloat, what, " takes a float32 tensor on the CPU");
  return x.detach().contiguous();
}

// rescale(x, low, high, minus, by, times, plus): a new tensor.
napi_value rescale(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = floats_of(state, args[0], "rescale");
    auto number = [&](size_t i) { return static_cast<float>(to_double(env, args[i])); };
    const Scale s{number(1), number(2), number(3), number(4), number(5), number(6)};
    at::Tensor out = at::empty(x.sizes(), x.options());
    const float* from = x.const_data_ptr<float>();
    float* to = out.mutable_data_ptr<float>();
    parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) { scale(from + begin, to + begin, end - begin, s); });
    return make_handle(state, out);
  });
}

// extent(x): the smallest and the greatest value; both NaN where there is one.
napi_value extent_of(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = floats_of(state, args[0], "extent");
    TORCH_CHECK(x.numel() > 0, "extent: a tensor without elements has none");
    const float* from = x.const_data_ptr<float>();
    Extent all;
    std::mutex mutex;
    parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
      Extent own;
      extend(from + begin, end - begin, own);
      std::lock_guard<std::mutex> lock(mutex);
      all.least = std::min(all.least, own.least);
      all.greatest = std::max(all.greatest, own.greatest);
      all.nan |= own.nan;
    });
    if (all.nan) all.least = all.greatest = std::numeric_limits<float>::quiet_NaN();
    napi_value pair = make_array(env, 2);
    set_element(env, pair, 0, make_number(env, all.least));
    set_element(env, pair, 1, make_number(env, all.greatest));
    return pair;
  });
}

}  // namespace

void define_rescale(napi_env env, napi_value exports) {
  define(env, exports, "rescale", rescale);
  define(env, exports, "extent", extent_of);
}

}  // namespace clinicadl
