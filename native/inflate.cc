// Unpacking with libdeflate.
#include "libdeflate.h"

#include <algorithm>
#include <vector>

#include "addon.h"
#include "library.h"

namespace clinicadl {

const Libdeflate& libdeflate() {
  static const Libdeflate found = [] {
    Libdeflate out;
    const auto take = [&](void* library) {
      return find_function(library, "libdeflate_alloc_decompressor", out.alloc) && find_function(library, "libdeflate_free_decompressor", out.free) &&
             find_function(library, "libdeflate_deflate_decompress_ex", out.decompress) && find_function(library, "libdeflate_crc32", out.crc32);
    };
#if defined(__APPLE__)
    out.there = open_library({"libdeflate.0.dylib", "/opt/homebrew/lib/libdeflate.0.dylib", "/usr/local/lib/libdeflate.0.dylib"}, take);
#else
    out.there = open_library({"libdeflate.so.0"}, take);
#endif
    return out;
  }();
  return found;
}

namespace {

struct Decompressor {
  void* state = libdeflate().alloc();
  ~Decompressor() {
    if (state != nullptr) libdeflate().free(state);
  }
};

// One a thread, made at its first use; null where there is none.
void* decompressor() {
  if (!libdeflate().there) return nullptr;
  thread_local Decompressor own;
  return own.state;
}

// inflater(): "libdeflate", or "" where there is none
napi_value inflater(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_string(env, libdeflate().there ? "libdeflate" : ""); });
}

// inflateMember(packed, start, target, at): unpacks the deflate stream at `start` into `target` from `at` on, and checks it
// against the CRC-32 and the size behind it. [where the next member begins, how many bytes came]; null where that cannot be
// done: no libdeflate, a damaged or truncated stream, a wrong checksum, or more in it than there is room for
napi_value inflate_member(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const Span packed = span_of(state, args[0]), target = span_of(state, args[2]);
    const size_t start = to_size(env, args[1]), at = to_size(env, args[3]);
    if (start > packed.size || at > target.size) throw std::invalid_argument("inflateMember: a position is beyond the end");
    constexpr size_t kTrailer = 8;
    void* const own = decompressor();
    if (own == nullptr || packed.size - start < kTrailer) return make_null(env);
    uint8_t* out = target.data + at;
    size_t read = 0, written = 0;
    const int status = libdeflate().decompress(own, packed.data + start, packed.size - start - kTrailer, out, target.size - at, &read, &written);
    if (status != 0) return make_null(env);
    const uint8_t* trailer = packed.data + start + read;
    auto word = [&](size_t i) { return trailer[i] | trailer[i + 1] << 8 | trailer[i + 2] << 16 | static_cast<uint32_t>(trailer[i + 3]) << 24; };
    if (word(0) != libdeflate().crc32(0, out, written) || word(4) != static_cast<uint32_t>(written)) return make_null(env);
    napi_value result = make_array(env, 2);
    set_element(env, result, 0, make_number(env, static_cast<double>(start + read + kTrailer)));
    set_element(env, result, 1, make_number(env, static_cast<double>(written)));
    return result;
  });
}

// inflateStart(packed, start, target): fills `target` with the beginning of the deflate stream at `start`, of which the end need not be there; whether that
// could be done. libdeflate stops where its room ends, and does not say how far it came. So it unpacks into two rooms that held other bytes before: what
// is the same in both was written. It may write a little ahead, for which there is more room than it asks for.
napi_value inflate_start(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const Span packed = span_of(state, args[0]), target = span_of(state, args[2]);
    const size_t start = to_size(env, args[1]);
    if (start > packed.size) throw std::invalid_argument("inflateStart: the position is beyond the end");
    constexpr size_t kAhead = 1024;
    constexpr int kNoRoom = 3;
    void* const own = decompressor();
    if (own == nullptr) return make_bool(env, false);
    const size_t compared = target.size + kAhead;
    std::vector<uint8_t> rooms[] = {std::vector<uint8_t>(compared + kAhead, 0x00), std::vector<uint8_t>(compared + kAhead, 0xFF)};
    int status = 0;
    size_t read = 0, written = 0;
    for (std::vector<uint8_t>& room : rooms)
      status = libdeflate().decompress(own, packed.data + start, packed.size - start, room.data(), room.size(), &read, &written);
    const bool came = status == 0 ? written >= target.size : status == kNoRoom && std::equal(rooms[0].begin(), rooms[0].begin() + compared, rooms[1].begin());
    if (!came) return make_bool(env, false);
    std::copy_n(rooms[0].begin(), target.size, target.data);
    return make_bool(env, true);
  });
}

}  // namespace

void define_inflate(napi_env env, napi_value exports) {
  define(env, exports, "inflater", inflater);
  define(env, exports, "inflateMember", inflate_member);
  define(env, exports, "inflateStart", inflate_start);
}

}  // namespace clinicadl
