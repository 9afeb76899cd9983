// sign(x)·|x|^γ: logarithm and power of 2 by polynomials in float32, right to 2^-22 of the value. Without branches, so that the compiler makes vectors
// of it; the same bits on every processor.

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "addon.h"
#include "clones.h"
#include "parallel.h"

namespace clinicadl {
namespace {

constexpr int64_t kGrain = 1 << 14, kBlock = 256;
constexpr uint32_t kOne = std::bit_cast<uint32_t>(1.0f);
constexpr uint32_t kRootOfHalf = std::bit_cast<uint32_t>(0.70710678f);
constexpr uint32_t kExponent = 0xFF << 23;
constexpr float kLeastNormal = std::numeric_limits<float>::min();
// Added to a number and taken away again, it rounds to an integer.
constexpr float kInteger = 12582912.0f;  // 3·2^22
// 1 / ln 2, of which the 1 is added apart.
constexpr float kTwiceLess = 0.44269504088896341f;
// Beyond this, the error of the logarithm, which γ makes greater, would be seen.
constexpr double kGreatest = 16;
// 2^±250 is beyond float32 twice over, and its root is not.
constexpr float kFar = 250;

// log2 of a number that is greater than 0: its exponent, and the logarithm of its mantissa m from √½ to √2. With r = m - 1 and s = r / (2 + r), that is
// r - (r²/2 - s·(r²/2 + R)), where R is what follows in the series of 2·artanh(s): r, which is exact, is most of it.
struct Logarithm {
  float exponent, mantissa;
};
inline __attribute__((always_inline)) Logarithm log2_of(float value) {
  // numbers that are not normal are made so
  const int32_t more = value < kLeastNormal ? 24 : 0;
  const uint32_t bits = std::bit_cast<uint32_t>(value * std::bit_cast<float>((127 + more) << 23));
  const uint32_t shifted = bits - kRootOfHalf + kOne;
  const float exponent = static_cast<float>(static_cast<int32_t>(shifted >> 23) - (127 + more));
  const float r = std::bit_cast<float>(bits - (shifted & kExponent) + kOne) - 1;
  const float s = r / (2 + r), z = s * s, half = 0.5f * r * r;
  const float rest = z * ((2.0f / 3 + z * (2.0f / 5)) + z * z * (2.0f / 7 + z * (2.0f / 9)));
  const float less = s * (half + rest) - half;
  return {exponent, (less * kTwiceLess + r * kTwiceLess) + less + r};
}

// 2^f - 1 for f from -½ to ½: the polynomial that comes nearest.
inline __attribute__((always_inline)) float exp2_less_one(float f) {
  const float f2 = f * f;
  const float low = 0.24022647738f + f * 0.05550332367f, high = 0.009618437849f + f * 0.001339890063f;
  return f * 0.6931471825f + f2 * (low + f2 * (high + f2 * 0.0001535334159f));
}

// γ is `coarse` + `fine`; `coarse` has 12 digits, so that its product with an exponent is exact, and so is what is left of it beside an integer. Logarithms
// first, then powers: each half is so short that the processor has several of it under way.
CLINICADL_CLONES void power(const float* x, float* out, int64_t n, float gamma, float coarse, float fine) {
  float most[kBlock], rest[kBlock];
  for (int64_t at = 0; at < n; at += kBlock) {
    const int64_t count = std::min(kBlock, n - at);
    for (int64_t i = 0; i < count; ++i) {
      const Logarithm log = log2_of(std::fabs(x[at + i]));
      most[i] = coarse * log.exponent;
      rest[i] = fine * log.exponent + gamma * log.mantissa;
    }
    for (int64_t i = 0; i < count; ++i) {
      const float size = std::fabs(x[at + i]);
      const float rounded = (most[i] + rest[i] + kInteger) - kInteger;
      const float raised = 1 + exp2_less_one((most[i] - rounded) + rest[i]);
      // in two steps: the power of 2 alone may be beyond float32
      const float least = rounded > -kFar ? rounded : -kFar;
      const int32_t whole = static_cast<int32_t>(least < kFar ? least : kFar), half = whole >> 1;
      const float scaled = raised * std::bit_cast<float>((half + 127) << 23) * std::bit_cast<float>((whole - half + 127) << 23);
      // 0, infinite numbers and NaN stay what they are
      const bool plain = (size > 0) & (size < std::numeric_limits<float>::infinity());
      out[at + i] = std::copysign(plain ? scaled : size, x[at + i]);
    }
  }
}

void power(const float* x, float* out, int64_t n, double gamma) {
  if (gamma == 1) {
    std::copy_n(x, n, out);
  } else if (gamma > kGreatest) {
    for (int64_t i = 0; i < n; ++i) out[i] = std::copysign(static_cast<float>(std::pow(std::fabs(static_cast<double>(x[i])), gamma)), x[i]);
  } else {
    const float coarse = std::bit_cast<float>(std::bit_cast<uint32_t>(static_cast<float>(gamma)) & ~uint32_t{0xFFF});
    power(x, out, n, static_cast<float>(gamma), coarse, static_cast<float>(gamma - coarse));
  }
}

// signedPower(x, exponents): of (C, …) in float32, each channel with its exponent, which is finite and greater than 0.
napi_value signed_power(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = state.get(to_handle(env, args[0])).detach().contiguous();
    TORCH_CHECK(x.dim() > 0 && x.device().is_cpu() && x.scalar_type() == at::kFloat, "signedPower takes a float32 tensor on the CPU");
    const int64_t channels = x.size(0);
    TORCH_CHECK(array_length(env, args[1]) == channels, "signedPower: there is one exponent for each of ", channels, " channels");
    at::Tensor out = at::empty(x.sizes(), x.options());
    if (x.numel() == 0) return make_handle(state, out);
    const int64_t n = x.numel() / channels;
    for (int64_t channel = 0; channel < channels; ++channel) {
      napi_value element;
      ok(napi_get_element(env, args[1], static_cast<uint32_t>(channel), &element));
      const double gamma = to_double(env, element);
      TORCH_CHECK(std::isfinite(gamma) && gamma > 0, "signedPower: an exponent is finite and greater than 0, not ", gamma);
      const float* from = x.const_data_ptr<float>() + channel * n;
      float* to = out.mutable_data_ptr<float>() + channel * n;
      parallel_for(0, n, kGrain, [&](int64_t begin, int64_t end) { power(from + begin, to + begin, end - begin, gamma); });
    }
    return make_handle(state, out);
  });
}

}  // namespace

void define_power(napi_env env, napi_value exports) { define(env, exports, "signedPower", signed_power); }

}  // namespace clinicadl
