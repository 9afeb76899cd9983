// The values at some places in the order of all, without sorting them: two passes count the halves of their bits.
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include "addon.h"

namespace clinicadl {
namespace {

constexpr size_t kHalf = size_t{1} << 16;

// Numbers in the order of the values; NaN, of either sign, is above all.
uint32_t key_of(float value) {
  if (value != value) return std::numeric_limits<uint32_t>::max();
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits ^ (bits >> 31 != 0 ? 0xFFFFFFFFu : 0x80000000u);
}

float value_of(uint32_t key) {
  if (key == std::numeric_limits<uint32_t>::max()) return std::numeric_limits<float>::quiet_NaN();
  const uint32_t bits = key ^ (key >> 31 != 0 ? 0x80000000u : 0xFFFFFFFFu);
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// In which count the element of this rank is, and how many are before it in that count.
std::pair<uint32_t, int64_t> found(const std::vector<int64_t>& counts, int64_t rank) {
  for (uint32_t i = 0;; ++i) {
    if (rank < counts[i]) return {i, rank};
    rank -= counts[i];
  }
}

std::vector<float> values_at(const float* x, int64_t n, const std::vector<int64_t>& ranks) {
  // neighbours are often equal in their upper half: two counters each, so that one addition need not wait for the other
  std::vector<int64_t> upper(kHalf), odd(kHalf);
  int64_t i = 0;
  for (; i + 1 < n; i += 2) {
    ++upper[key_of(x[i]) >> 16];
    ++odd[key_of(x[i + 1]) >> 16];
  }
  if (i < n) ++upper[key_of(x[i]) >> 16];
  for (size_t k = 0; k < kHalf; ++k) upper[k] += odd[k];

  // of the upper halves that are looked for, the lower ones are counted
  std::vector<uint8_t> slot(kHalf);
  std::vector<std::vector<int64_t>> lower;
  std::vector<std::pair<uint32_t, int64_t>> places;
  for (const int64_t rank : ranks) {
    places.push_back(found(upper, rank));
    uint8_t& own = slot[places.back().first];
    if (own != 0) continue;
    lower.emplace_back(kHalf);
    own = static_cast<uint8_t>(lower.size());
  }
  for (int64_t k = 0; k < n; ++k) {
    const uint32_t key = key_of(x[k]);
    if (const uint8_t own = slot[key >> 16]; own != 0) ++lower[own - 1][key & 0xFFFF];
  }
  std::vector<float> values;
  for (const auto& [half, rank] : places) values.push_back(value_of(half << 16 | found(lower[slot[half] - 1], rank).first));
  return values;
}

// valuesAt(x, ranks): for each rank, the value that has so many values before it in ascending order; NaN comes last.
napi_value values_at_ranks(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = state.get(to_handle(env, args[0])).detach().contiguous();
    const std::vector<int64_t> ranks = to_ints(env, args[1]);
    TORCH_CHECK(x.device().is_cpu() && x.scalar_type() == at::kFloat, "valuesAt takes a float32 tensor on the CPU");
    TORCH_CHECK(ranks.size() < 256, "valuesAt: at most 255 ranks at once, not ", ranks.size());
    for (const int64_t rank : ranks) TORCH_CHECK(rank >= 0 && rank < x.numel(), "valuesAt: there is no rank ", rank, " of ", x.numel(), " values");
    const std::vector<float> values = values_at(x.const_data_ptr<float>(), x.numel(), ranks);
    napi_value array = make_array(env, values.size());
    for (size_t i = 0; i < values.size(); ++i) set_element(env, array, i, make_number(env, values[i]));
    return array;
  });
}

}  // namespace

void define_order(napi_env env, napi_value exports) { define(env, exports, "valuesAt", values_at_ranks); }

}  // namespace clinicadl
