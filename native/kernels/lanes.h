// What the kernels that compute several channels at once share: as many numbers as a register holds, and which registers there are.
#pragma once
#include <ATen/Version.h>

#include <cstdint>
#include <string>

#define CLINICADL_INLINE inline __attribute__((always_inline))
#if defined(__x86_64__)
#define CLINICADL_AVX2 __attribute__((target("arch=x86-64-v3"), noinline))
#define CLINICADL_AVX512 __attribute__((target("arch=x86-64-v4"), noinline))
#endif

namespace clinicadl {

typedef float Floats8 __attribute__((vector_size(32)));
typedef float Floats16 __attribute__((vector_size(64)));
template <typename V>
constexpr int64_t lanes = sizeof(V) / sizeof(float);

// The last block of channels may be filled up: only `count` of its lanes are there in memory.
template <typename V, bool kWhole>
CLINICADL_INLINE void load(V& v, const float* p, int64_t count) {
  if constexpr (kWhole) __builtin_memcpy(&v, p, sizeof v);
  else {
    v = V{};
    __builtin_memcpy(&v, p, static_cast<size_t>(count) * sizeof(float));
  }
}

enum class Set { kPlain, kAvx2, kAvx512 };

// What the processor has is asked once, of libtorch, which can be held to less.
inline Set instruction_set() {
#if defined(__x86_64__)
  static const Set found = [] {
    const std::string name = at::get_cpu_capability();
    return name == "AVX512" ? Set::kAvx512 : name == "AVX2" ? Set::kAvx2 : Set::kPlain;
  }();
  return found;
#else
  return Set::kPlain;
#endif
}

}  // namespace clinicadl
