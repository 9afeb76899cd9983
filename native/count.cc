// How many voxels of each row have a label: from which one of them is drawn without a list of all.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>

#include "addon.h"

namespace clinicadl {
namespace {

// As many are counted in a byte, so that of masks of bytes sixteen are counted at once.
constexpr int64_t kBlock = 255;

template <typename T, typename Is>
int32_t count_row(const T* row, int64_t n, const Is& is) {
  int32_t total = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = std::min(n, begin + kBlock);
    uint8_t part = 0;
    for (int64_t i = begin; i < end; ++i) part = static_cast<uint8_t>(part + (is(row[i]) ? 1 : 0));
    total += part;
  }
  return total;
}

template <typename T, typename Is>
void count_rows(const T* x, int64_t rows, int64_t n, int32_t* out, const Is& is) {
  at::parallel_for(0, rows, std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(n, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) out[row] = count_row(x + row * n, n, is);
  });
}

// countRows(x, label): of (D, H, W), how many elements of each row (D, H) are the label; null: are not 0.
napi_value count_rows_of(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = state.get(to_handle(env, args[0])).detach().contiguous();
    TORCH_CHECK(x.dim() == 3 && x.device().is_cpu(), "countRows takes a 3-dimensional tensor on the CPU");
    const bool any = is_nullish(env, args[1]);
    const double label = any ? 0 : to_double(env, args[1]);
    at::Tensor out = at::zeros({x.size(0), x.size(1)}, at::kInt);
    const int64_t rows = out.numel(), n = x.size(2);
    int32_t* to = out.mutable_data_ptr<int32_t>();
    AT_DISPATCH_ALL_TYPES_AND3(at::kBool, at::kHalf, at::kBFloat16, x.scalar_type(), "countRows", [&] {
      const auto* from = x.const_data_ptr<scalar_t>();
      const bool is_held = label >= 0 && label <= std::min(9e15, static_cast<double>(std::numeric_limits<scalar_t>::max()));
      const auto value = static_cast<scalar_t>(is_held ? label : 0);
      if (any) count_rows(from, rows, n, to, [](scalar_t v) { return v != static_cast<scalar_t>(0); });
      // a label that the type does not hold is nowhere
      else if (static_cast<double>(value) == label) count_rows(from, rows, n, to, [value](scalar_t v) { return v == value; });
    });
    return make_handle(state, out);
  });
}

}  // namespace

void define_count(napi_env env, napi_value exports) { define(env, exports, "countRows", count_rows_of); }

}  // namespace clinicadl
