// An image with Gaussian noise: the numbers that libtorch draws with the same seed, drawn faster. The generator's numbers come by hundreds, and what they
// become is computed by libtorch's own functions on eight at a time; where libtorch does not do that, it draws them itself.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <c10/util/MathConstants.h>

#include <algorithm>
#include <array>

#include "addon.h"
#include "clones.h"
#include "kernels/lanes.h"
#include "parallel.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CLINICADL_NORMAL_AVX2
#include <immintrin.h>
// compiled as libtorch is, in which products and sums are put together
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#pragma GCC optimize("fp-contract=fast")
#define CPU_CAPABILITY_AVX2
#include <ATen/native/cpu/avx_mathfun.h>
#undef CPU_CAPABILITY_AVX2
#pragma GCC pop_options
#endif

namespace clinicadl {
namespace {

constexpr int64_t kGrain = 1 << 15;
// libtorch makes of 16 uniform numbers as many normal ones.
constexpr int64_t kGroup = 16;

CLINICADL_CLONES void add_noise(float* noise, const float* x, int64_t n, float mean, float std) {
  for (int64_t i = 0; i < n; ++i) noise[i] = (noise[i] * std + mean) + x[i];
}

#if defined(CLINICADL_NORMAL_AVX2)

// The Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), as uniform numbers of 24 bits from 0 to 1.
class Twister {
 public:
  static constexpr int64_t kStates = 624;
  using Numbers = std::array<float, kStates>;

  explicit Twister(uint32_t seed) {
    state_[0] = seed;
    for (uint32_t i = 1; i < kStates; ++i) state_[i] = 1812433253 * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }

  void next(Numbers& out) { turn(state_.data(), out.data()); }

 private:
  static CLINICADL_INLINE uint32_t twisted(uint32_t a, uint32_t b, uint32_t far) {
    return far ^ (((a & 0x80000000) | (b & 0x7FFFFFFF)) >> 1) ^ ((0 - (b & 1)) & 0x9908B0DF);
  }

  CLINICADL_AVX2 static void turn(uint32_t* s, float* out) {
    constexpr int64_t kFar = 397, kNear = kStates - kFar;
    for (int64_t i = 0; i < kNear; ++i) s[i] = twisted(s[i], s[i + 1], s[i + kFar]);
    // in two parts, each of which reads only what the part before has written
    for (int64_t i = kNear; i < 2 * kNear; ++i) s[i] = twisted(s[i], s[i + 1], s[i - kNear]);
    for (int64_t i = 2 * kNear; i < kStates - 1; ++i) s[i] = twisted(s[i], s[i + 1], s[i - kNear]);
    s[kStates - 1] = twisted(s[kStates - 1], s[0], s[kFar - 1]);
    for (int64_t i = 0; i < kStates; ++i) {
      uint32_t y = s[i];
      y ^= y >> 11;
      y ^= (y << 7) & 0x9D2C5680;
      y ^= (y << 15) & 0xEFC60000;
      y ^= y >> 18;
      out[i] = static_cast<float>(static_cast<int32_t>(y & 0xFFFFFF)) * 0x1p-24f;
    }
  }

  std::array<uint32_t, kStates> state_;
};

// The transform of Box and Muller, in libtorch's order: eight radii, then eight angles.
CLINICADL_AVX2 void make_normal(float* data, int64_t groups) {
  const __m256 one = _mm256_set1_ps(1), minus_two = _mm256_set1_ps(-2), turn = _mm256_set1_ps(2.0f * c10::pi<double>);
  for (int64_t i = 0; i < groups; ++i, data += kGroup) {
    const __m256 radius = _mm256_sqrt_ps(_mm256_mul_ps(minus_two, log256_ps(_mm256_sub_ps(one, _mm256_loadu_ps(data)))));
    __m256 sine, cosine;
    sincos256_ps(_mm256_mul_ps(turn, _mm256_loadu_ps(data + 8)), &sine, &cosine);
    _mm256_storeu_ps(data, _mm256_mul_ps(radius, cosine));
    _mm256_storeu_ps(data + 8, _mm256_mul_ps(radius, sine));
  }
}

// Where `n` is no multiple of a group, the last group is drawn anew, over the end of the one before it.
void noisy(const float* x, float* out, int64_t n, uint32_t seed, float mean, float std) {
  Twister twister(seed);
  Twister::Numbers drawn{};
  const int64_t rest = n % kGroup, sure = rest == 0 ? n : n - kGroup;
  int64_t used = 0, done = 0;
  for (int64_t at = 0; at < n; at += used) {
    twister.next(drawn);
    used = std::min(Twister::kStates, n - at);
    std::copy_n(drawn.data(), used, out + at);
    make_normal(out + at, used / kGroup);
    const int64_t end = std::min(at + used, sure);
    if (end > done) add_noise(out + done, x + done, end - done, mean, std);
    done = std::max(end, done);
  }
  if (rest == 0) return;
  for (int64_t i = 0; i < kGroup; ++i, ++used) {
    if (used == Twister::kStates) {
      twister.next(drawn);
      used = 0;
    }
    out[sure + i] = drawn[static_cast<size_t>(used)];
  }
  make_normal(out + sure, 1);
  add_noise(out + sure, x + sure, kGroup, mean, std);
}

// Whether the numbers are libtorch's to the last bit: another compiler might have put sums and products together otherwise. Asked once, of some thousand.
bool draws_as_libtorch() {
  static const bool same = [] {
    if (instruction_set() == Set::kPlain) return false;
    constexpr int64_t count = 4 * Twister::kStates + 5;
    constexpr uint32_t seed = 1;
    const at::Tensor wanted = at::empty({count}, at::kFloat);
    wanted.normal_(0, 1, at::detail::createCPUGenerator(seed));
    std::array<float, count> zeros{}, drawn;
    noisy(zeros.data(), drawn.data(), count, seed, 0, 1);
    return std::equal(drawn.begin(), drawn.end(), wanted.const_data_ptr<float>());
  }();
  return same;
}

#endif

// addNoise(x, mean, std, seed): x + (numbers as of `randn` with a generator of this seed · std + mean), in float32, each operation rounded.
napi_value add_noise_to(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = state.get(to_handle(env, args[0])).detach().contiguous();
    TORCH_CHECK(x.device().is_cpu() && x.scalar_type() == at::kFloat, "addNoise takes a float32 tensor on the CPU");
    const float mean = static_cast<float>(to_double(env, args[1])), std = static_cast<float>(to_double(env, args[2]));
    const uint64_t seed = to_seed(env, args[3]);
    at::Tensor out = at::empty(x.sizes(), x.options());
    const float* from = x.const_data_ptr<float>();
    float* to = out.mutable_data_ptr<float>();
    const int64_t n = x.numel();
#if defined(CLINICADL_NORMAL_AVX2)
    if (n >= kGroup && draws_as_libtorch()) {
      noisy(from, to, n, static_cast<uint32_t>(seed), mean, std);
      return make_handle(state, out);
    }
#endif
    out.normal_(0, 1, at::detail::createCPUGenerator(seed));
    parallel_for(0, n, kGrain, [&](int64_t begin, int64_t end) { add_noise(to + begin, from + begin, end - begin, mean, std); });
    return make_handle(state, out);
  });
}

}  // namespace

void define_noise(napi_env env, napi_value exports) { define(env, exports, "addNoise", add_noise_to); }

}  // namespace clinicadl
