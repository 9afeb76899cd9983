// From the voxels of a file to those of a tensor, in one pass: byte order, number type, scaling, and the order of the axes (x
// fastest in a file, z fastest in a tensor).
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "addon.h"

namespace clinicadl {
namespace {

// float32 holds all integers to here, float64 to the other.
constexpr double kExactInFloat32 = 16777216.0;
constexpr int64_t kExactInFloat64 = (int64_t{1} << 53) - 1;
// How far from an integer a label may be after scaling or resampling.
constexpr double kLabelTolerance = 0.1;
// A block of the transpose stays in the first-level cache: few voxels along x, where the next block goes on in the same
// lines of the source, and many along z, so that whole lines of the target are written. A line has room behind it, so that
// those below one another do not fall into the same few places of the cache.
constexpr size_t kAlongX = 16;
constexpr size_t kRoom = 4;
template <typename T>
constexpr size_t kAlongZ = sizeof(T) == 8 ? 128 : 256;

enum class Rule { kValues, kChecked, kLabels };

struct Job {
  const uint8_t* source;  // the first voxel of the slab
  uint8_t* target;        // the first voxel of the volume
  size_t x, y, z;         // voxels of the volume
  size_t row, plane;      // how far the rows and planes of the source are apart, in voxels
  size_t first, planes;   // of the slab
  double slope, inter;
  bool scaled;
};

// What was found that the target cannot hold: nothing, an integer that float32 would change, or a value.
struct Found {
  enum { kNothing, kInexact, kDouble, kSigned, kUnsigned } what = kNothing;
  double value = 0;
  uint64_t bits = 0;
};

template <typename S>
S swapped(S value) {
  if constexpr (sizeof(S) == 1) return value;
  using Bits = std::conditional_t<sizeof(S) == 2, uint16_t, std::conditional_t<sizeof(S) == 4, uint32_t, uint64_t>>;
  Bits bits;
  std::memcpy(&bits, &value, sizeof(S));
  if constexpr (sizeof(S) == 2) bits = __builtin_bswap16(bits);
  if constexpr (sizeof(S) == 4) bits = __builtin_bswap32(bits);
  if constexpr (sizeof(S) == 8) bits = __builtin_bswap64(bits);
  std::memcpy(&value, &bits, sizeof(S));
  return value;
}

template <typename S>
Found found_integer(S value) {
  return {std::is_signed_v<S> ? Found::kSigned : Found::kUnsigned, 0, static_cast<uint64_t>(value)};
}

// One voxel. What cannot be held is noted, the first of it.
template <typename S, typename T, Rule rule, bool scaled>
T converted(S stored, const Job& job, Found& found) {
  if constexpr (std::is_integral_v<T> && rule != Rule::kLabels) {
    static_assert(std::is_integral_v<S>);
    if constexpr (std::is_unsigned_v<S> && sizeof(S) == 8) {
      if (stored > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) && found.what == Found::kNothing) found = found_integer(stored);
    }
    return static_cast<T>(stored);
  } else {
    if constexpr (std::is_integral_v<S> && sizeof(S) == 8) {
      bool beyond = stored > static_cast<S>(kExactInFloat64);
      if constexpr (std::is_signed_v<S>) beyond |= stored < -kExactInFloat64;
      if (beyond && found.what <= Found::kInexact) found = found_integer(stored);
    }
    if constexpr (!scaled && rule == Rule::kValues) return static_cast<T>(stored);
    double value = static_cast<double>(stored);
    if constexpr (scaled) value = value * job.slope + job.inter;
    if constexpr (rule == Rule::kChecked) {
      if (std::abs(value) > kExactInFloat32 && static_cast<double>(static_cast<float>(value)) != value && value == std::trunc(value) &&
          found.what == Found::kNothing)
        found.what = Found::kInexact;
    }
    if constexpr (rule == Rule::kLabels) {
      const double label = std::nearbyint(value);
      if (!(std::abs(value - label) <= kLabelTolerance)) {
        if (found.what == Found::kNothing) found = {Found::kDouble, value, 0};
        return T{0};
      }
      value = label + 0.0;  // no negative zero
    }
    return static_cast<T>(value);
  }
}

template <typename T>
using Line = T[kAlongX + kRoom];

// Writes a block along z. `out` is the first voxel of the target; its rows are `stride` apart.
template <typename T>
void write_block(const Line<T>* block, size_t nx, size_t nz, T* out, size_t stride) {
  size_t x = 0;
  if constexpr (sizeof(T) == 4) {
    // four by four, in vectors that every processor has
    using Four = int32_t __attribute__((vector_size(16)));
    auto load = [&](size_t z, size_t at) {
      Four four;
      std::memcpy(&four, &block[z][at], sizeof(four));
      return four;
    };
    for (; x + 4 <= nx; x += 4) {
      T* row = out + x * stride;
      size_t z = 0;
      for (; z + 4 <= nz; z += 4) {
        const Four a = load(z, x), b = load(z + 1, x), c = load(z + 2, x), d = load(z + 3, x);
        const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        const Four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
        const Four rows[] = {__builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
                             __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5), __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7)};
        for (size_t i = 0; i < 4; ++i) std::memcpy(row + i * stride + z, &rows[i], sizeof(Four));
      }
      for (; z < nz; ++z)
        for (size_t i = 0; i < 4; ++i) row[i * stride + z] = block[z][x + i];
    }
  }
  for (; x < nx; ++x)
    for (size_t z = 0; z < nz; ++z) out[x * stride + z] = block[z][x];
}

// A block is converted along x, where the source is contiguous, and written along z, where the target is.
template <typename S, typename T, bool swap, Rule rule, bool scaled>
Found run(const Job& job) {
  Found found;
  Line<T> block[kAlongZ<T>];
  for (size_t y = 0; y < job.y; ++y) {
    for (size_t x0 = 0; x0 < job.x; x0 += kAlongX) {
      const size_t nx = std::min(kAlongX, job.x - x0);
      for (size_t z0 = 0; z0 < job.planes; z0 += kAlongZ<T>) {
        const size_t nz = std::min(kAlongZ<T>, job.planes - z0);
        for (size_t z = 0; z < nz; ++z) {
          const uint8_t* line = job.source + ((z0 + z) * job.plane + y * job.row + x0) * sizeof(S);
          // the next row of this plane, which the processor does not see coming
          __builtin_prefetch(line + job.row * sizeof(S));
          auto convert = [&](size_t count) {
            for (size_t x = 0; x < count; ++x) {
              S stored;
              std::memcpy(&stored, line + x * sizeof(S), sizeof(S));
              if constexpr (swap) stored = swapped(stored);
              block[z][x] = converted<S, T, rule, scaled>(stored, job, found);
            }
          };
          // a number that the compiler knows becomes vectors
          if (nx == kAlongX) convert(kAlongX);
          else convert(nx);
        }
        write_block<T>(block, nx, nz, reinterpret_cast<T*>(job.target) + (x0 * job.y + y) * job.z + job.first + z0, job.y * job.z);
      }
    }
  }
  return found;
}

template <typename S, typename T, Rule rule>
Found run_rule(const Job& job, bool swap) {
  if constexpr (sizeof(S) > 1) {
    if (swap) return job.scaled ? run<S, T, true, rule, true>(job) : run<S, T, true, rule, false>(job);
  }
  return job.scaled ? run<S, T, false, rule, true>(job) : run<S, T, false, rule, false>(job);
}

[[noreturn]] void refuse(const std::string& stored, const std::string& target) {
  throw std::invalid_argument("voxels of " + stored + " are not read as " + target);
}

template <typename S>
Found run_stored(const Job& job, bool swap, at::ScalarType target, const std::string& rule, const std::string& stored) {
  if (rule == "labels") {
    if (target == at::kInt) return run_rule<S, int32_t, Rule::kLabels>(job, swap);
    if (target == at::kFloat) return run_rule<S, float, Rule::kLabels>(job, swap);
    if (target == at::kDouble) return run_rule<S, double, Rule::kLabels>(job, swap);
  } else if (rule == "checked") {
    if (target == at::kFloat) return run_rule<S, float, Rule::kChecked>(job, swap);
  } else if (rule == "values") {
    if (target == at::kFloat) return run_rule<S, float, Rule::kValues>(job, swap);
    if (target == at::kDouble) return run_rule<S, double, Rule::kValues>(job, swap);
    // integers as they are, in the same type or the next larger signed one
    if constexpr (std::is_integral_v<S>) {
      using Same = std::conditional_t<std::is_signed_v<S> || sizeof(S) == 1, S,
                                      std::conditional_t<sizeof(S) == 2, int32_t, int64_t>>;
      if (target == c10::CppTypeToScalarType<Same>::value && !job.scaled) return run_rule<S, Same, Rule::kValues>(job, swap);
    }
  }
  refuse(stored, std::string(dtype_name(target)) + " (" + rule + ")");
}

Found run_job(const std::string& stored, const Job& job, bool swap, at::ScalarType target, const std::string& rule) {
  if (stored == "uint8") return run_stored<uint8_t>(job, swap, target, rule, stored);
  if (stored == "int8") return run_stored<int8_t>(job, swap, target, rule, stored);
  if (stored == "uint16") return run_stored<uint16_t>(job, swap, target, rule, stored);
  if (stored == "int16") return run_stored<int16_t>(job, swap, target, rule, stored);
  if (stored == "uint32") return run_stored<uint32_t>(job, swap, target, rule, stored);
  if (stored == "int32") return run_stored<int32_t>(job, swap, target, rule, stored);
  if (stored == "uint64") return run_stored<uint64_t>(job, swap, target, rule, stored);
  if (stored == "int64") return run_stored<int64_t>(job, swap, target, rule, stored);
  if (stored == "float32") return run_stored<float>(job, swap, target, rule, stored);
  if (stored == "float64") return run_stored<double>(job, swap, target, rule, stored);
  refuse(stored, dtype_name(target));
}

size_t size_of(const std::string& stored) {
  if (stored.ends_with("64")) return 8;
  if (stored.ends_with("32")) return 4;
  return stored.ends_with("16") ? 2 : 1;
}

// Whether `at` and so many elements after it lie in `size` bytes. Each number may be anything.
bool lie_in(size_t size, size_t at, std::initializer_list<size_t> counts, size_t element) {
  size_t bytes = element;
  for (size_t count : counts)
    if (__builtin_mul_overflow(bytes, count, &bytes)) return false;
  return at <= size && bytes <= size - at;
}

// Voxels of the source from the first to the last that is read; more than there can be where it is beyond counting.
size_t span_of_planes(const Job& job) {
  if (job.planes == 0 || job.y == 0 || job.x == 0) return 0;
  size_t before = 0;
  if (__builtin_mul_overflow(job.plane, job.planes - 1, &before)) return std::numeric_limits<size_t>::max();
  size_t last = (job.y - 1) * job.row + job.x;  // at most a plane
  return __builtin_add_overflow(before, last, &last) ? std::numeric_limits<size_t>::max() : last;
}

// voxelsInto(source, sourceAt, stored, swap, target, dtype, targetAt, [x, y, z], first, planes, slope, inter, rule, row, plane):
// converts `planes` planes, which begin at byte `sourceAt` of the source, to those from `first` on of the volume that begins at
// element `targetAt` of the target. `row` and `plane` are the voxels from one row and plane of the source to the next. Rules: "values"; "checked", for integers that float32 would change; "labels", rounded.
// null; "inexact" where there is such an integer; else the first value that the target cannot hold
napi_value voxels_into(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const Span source = span_of(state, args[0]), target = span_of(state, args[4]);
    const size_t source_at = to_size(env, args[1]);
    const std::string stored = to_string(env, args[2]);
    const at::ScalarType dtype = dtype_from_name(to_string(env, args[5]));
    const size_t target_at = to_size(env, args[6]), element = c10::elementSize(dtype);
    const std::vector<int64_t> shape = to_ints(env, args[7]);
    if (shape.size() != 3 || shape[0] < 0 || shape[1] < 0 || shape[2] < 0) throw std::invalid_argument("voxelsInto: a volume has three sizes");
    Job job{};
    job.x = static_cast<size_t>(shape[0]), job.y = static_cast<size_t>(shape[1]), job.z = static_cast<size_t>(shape[2]);
    job.first = to_size(env, args[8]), job.planes = to_size(env, args[9]);
    job.slope = to_double(env, args[10]), job.inter = to_double(env, args[11]);
    job.row = to_size(env, args[13]), job.plane = to_size(env, args[14]);
    job.scaled = job.slope != 1 || job.inter != 0;
    size_t begin = 0;
    if (job.first > job.z || job.planes > job.z - job.first || __builtin_mul_overflow(target_at, element, &begin) ||
        job.row < job.x || !lie_in(job.plane, 0, {job.row, job.y}, 1) || !lie_in(source.size, source_at, {span_of_planes(job)}, size_of(stored)) || !lie_in(target.size, begin, {job.x, job.y, job.z}, element))
      throw std::invalid_argument("voxelsInto: the slab does not lie in its source and its target");
    if (reinterpret_cast<uintptr_t>(target.data) % element != 0) throw std::invalid_argument("voxelsInto: the target is not aligned to its elements");
    job.source = source.data + source_at;
    job.target = target.data + begin;
    const Found found = run_job(stored, job, to_bool(env, args[3]), dtype, to_string(env, args[12]));
    napi_value out;
    switch (found.what) {
      case Found::kNothing: return make_null(env);
      case Found::kInexact: return make_string(env, "inexact");
      case Found::kDouble: return make_number(env, found.value);
      case Found::kSigned: ok(napi_create_bigint_int64(env, static_cast<int64_t>(found.bits), &out)); return out;
      case Found::kUnsigned: ok(napi_create_bigint_uint64(env, found.bits, &out)); return out;
    }
    return make_null(env);
  });
}

}  // namespace

void define_voxels(napi_env env, napi_value exports) { define(env, exports, "voxelsInto", voxels_into); }

}  // namespace clinicadl
