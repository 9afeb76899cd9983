// Eight channels at a time, for the rows of the fused kernel.
#pragma once
#include <cstddef>
#include <cstdint>

namespace clinicadl {
namespace {

constexpr int64_t kLanes = 8;
typedef float Floats __attribute__((vector_size(32)));
typedef int32_t Ints __attribute__((vector_size(32)));
typedef uint8_t Bytes8 __attribute__((vector_size(8)));

// Whole blocks of eight channels are read at once; the last block of a channel count that is no multiple of eight one
// by one. The choice is made at compile time: an index known only at run time would keep every vector in memory.
#define CLINICADL_INLINE inline __attribute__((always_inline))
template <bool kWhole>
CLINICADL_INLINE void load(Floats& v, const float* p, int64_t lanes) {
  if constexpr (kWhole) __builtin_memcpy(&v, p, sizeof v);
  else {
    v = Floats{};
    __builtin_memcpy(&v, p, static_cast<size_t>(lanes) * sizeof(float));
  }
}
template <bool kWhole>
CLINICADL_INLINE void store(float* p, const Floats& v, int64_t lanes) {
  __builtin_memcpy(p, &v, (kWhole ? kLanes : lanes) * sizeof(float));
}
template <bool kWhole>
CLINICADL_INLINE void load_bytes(Ints& v, const uint8_t* p, int64_t lanes) {
  Bytes8 bytes = {};
  __builtin_memcpy(&bytes, p, static_cast<size_t>(kWhole ? kLanes : lanes));
  v = __builtin_convertvector(bytes, Ints);
}
template <bool kWhole>
CLINICADL_INLINE void store_bytes(uint8_t* p, const Ints& v, int64_t lanes) {
  Bytes8 bytes = __builtin_convertvector(v, Bytes8);
  __builtin_memcpy(p, &bytes, static_cast<size_t>(kWhole ? kLanes : lanes));
}

}  // namespace
}  // namespace clinicadl
