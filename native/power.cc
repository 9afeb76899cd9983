// sign(x)·|x|^γ: logarithm and power of 2 by polynomials in float64, of which float32 keeps all but the last half of a digit. Without
// branches, so that the compiler makes vectors of it; the same bits on every processor.

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "addon.h"
#include "clones.h"
#include "parallel.h"

namespace clinicadl {
namespace {

constexpr int64_t kGrain = 1 << 14;
constexpr uint64_t kOne = std::bit_cast<uint64_t>(1.0);
constexpr uint64_t kRootOfHalf = std::bit_cast<uint64_t>(0.70710678118654752440);
constexpr uint64_t kExponent = uint64_t{0x7FF} << 52;
// Added to a small integer, it puts it into the lowest bits of a number, and rounds to integers.
constexpr double kInteger = 4503599627370496.0;         // 2^52, for integers from 0 on
constexpr double kSigned = 6755399441055744.0;          // 3·2^51, for integers of either sign
constexpr double kTwoOverLog2 = 2.88539008177792681472;  // 2 / ln 2
constexpr double kLog2 = 0.69314718055994530942;
// 2^±200 is beyond float32, and not beyond float64.
constexpr double kFar = 200;

// log2 of a number that is normal and greater than 0: its exponent, and an odd series in s = (m - 1) / (m + 1) for its mantissa from √½ to √2,
// so that |s| < 0.172; what is left out is below 2^-35. Terms are summed by pairs, which do not wait for each other.
inline __attribute__((always_inline)) double log2_of(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const uint64_t shifted = bits - kRootOfHalf + kOne;
  const double exponent = std::bit_cast<double>((shifted >> 52) | std::bit_cast<uint64_t>(kInteger)) - (kInteger + 1023);
  const double m = std::bit_cast<double>(bits - (shifted & kExponent) + kOne);
  const double s = (m - 1) / (m + 1), q = s * s;
  const double q2 = q * q;
  const double series = (1 + q * (1.0 / 3)) + q2 * (1.0 / 5 + q * (1.0 / 7)) + q2 * q2 * (1.0 / 9 + q * (1.0 / 11));
  return exponent + kTwoOverLog2 * s * series;
}

// 2^y: an integer, and the exponential series of the rest, at most ½; what is left out is below 2^-37.
inline __attribute__((always_inline)) double exp2_of(double y) {
  const double far = y < -kFar ? -kFar : y > kFar ? kFar : y;
  const double rounded = far + kSigned;
  const double f = (far - (rounded - kSigned)) * kLog2;
  const double f2 = f * f, f4 = f2 * f2;
  const double low = (1 + f) + f2 * (1.0 / 2 + f * (1.0 / 6)), middle = (1.0 / 24 + f * (1.0 / 120)) + f2 * (1.0 / 720 + f * (1.0 / 5040));
  const double series = low + f4 * middle + f4 * f4 * (1.0 / 40320 + f * (1.0 / 362880));
  return std::bit_cast<double>(std::bit_cast<uint64_t>(series) + (std::bit_cast<uint64_t>(rounded) << 52));
}

CLINICADL_CLONES void power(const float* x, float* out, int64_t n, double gamma) {
  for (int64_t i = 0; i < n; ++i) {
    const float size = std::fabs(x[i]);
    const float raised = static_cast<float>(exp2_of(gamma * log2_of(static_cast<double>(size))));
    // 0, infinite numbers and NaN stay what they are
    const bool plain = (size > 0) & (size < std::numeric_limits<float>::infinity());
    out[i] = std::copysign(plain ? raised : size, x[i]);
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
