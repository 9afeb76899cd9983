// Chunks of volumes that were packed with LZ4 or zstd: unpacked, and what is wanted of them put in its place. LZ4 unpacks several times
// as fast, where the system has it; it is opened at run time, as its interface has been the same since 1.7. Node has zstd in itself and
// exports its functions; a call through `node:zlib` would make a new state for each chunk, which takes as long as the unpacking.
#include <dlfcn.h>

#include <cstring>

#include "addon.h"

namespace clinicadl {
namespace {

struct Zstd {
  void* (*create)() = nullptr;
  size_t (*free)(void*) = nullptr;
  size_t (*decompress)(void*, void*, size_t, const void*, size_t) = nullptr;
  unsigned (*is_error)(size_t) = nullptr;
  bool there = false;
};

struct Lz4 {
  int (*compress)(const char*, char*, int, int, int) = nullptr;
  int (*decompress)(const char*, char*, int, int) = nullptr;
  bool there = false;
};

template <typename F>
bool find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, name));
  return function != nullptr;
}

const Zstd& zstd() {
  static const Zstd found = [] {
    Zstd out;
#if defined(__APPLE__)
    const char* names[] = {nullptr, "libzstd.1.dylib"};
#else
    const char* names[] = {nullptr, "libzstd.so.1"};
#endif
    // without a name, it is the program itself and what it was started with
    for (const char* name : names) {
      void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
      if (library == nullptr) continue;
      out.there = find(library, "ZSTD_createDCtx", out.create) && find(library, "ZSTD_freeDCtx", out.free) &&
                  find(library, "ZSTD_decompressDCtx", out.decompress) && find(library, "ZSTD_isError", out.is_error);
      if (out.there) break;
    }
    return out;
  }();
  return found;
}

const Lz4& lz4() {
  static const Lz4 found = [] {
    Lz4 out;
#if defined(__APPLE__)
    const char* names[] = {"liblz4.1.dylib", "/opt/homebrew/lib/liblz4.1.dylib", "/usr/local/lib/liblz4.1.dylib"};
#else
    const char* names[] = {"liblz4.so.1"};
#endif
    for (const char* name : names) {
      void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
      if (library == nullptr) continue;
      out.there = find(library, "LZ4_compress_HC", out.compress) && find(library, "LZ4_decompress_safe", out.decompress);
      if (out.there) break;
    }
    return out;
  }();
  return found;
}

// One a thread, made at its first use.
struct Unpacker {
  void* state = zstd().there ? zstd().create() : nullptr;
  std::vector<uint8_t> chunk, joined;
  ~Unpacker() {
    if (state != nullptr) zstd().free(state);
  }
  // whether exactly `size` bytes came
  bool unpack(bool with_lz4, const uint8_t* packed, size_t length, uint8_t* out, size_t size) {
    constexpr size_t kMost = 0x7E000000;
    if (with_lz4) {
      if (length > kMost || size > kMost) return false;
      const int got = lz4().decompress(reinterpret_cast<const char*>(packed), reinterpret_cast<char*>(out), static_cast<int>(length), static_cast<int>(size));
      return got >= 0 && static_cast<size_t>(got) == size;
    }
    const size_t got = zstd().decompress(state, out, size, packed, length);
    return zstd().is_error(got) == 0 && got == size;
  }
};

uint8_t* room(std::vector<uint8_t>& memory, size_t bytes) {
  if (memory.size() < bytes) memory.resize(bytes);
  return memory.data();
}

// Elements whose bytes lie in planes, all first bytes before all second ones, which packs floats better.
template <typename Word>
void join_planes(const uint8_t* planes, size_t elements, size_t n, uint8_t* out) {
  for (size_t i = 0; i < n; i++) {
    Word word = 0;
    for (size_t byte = 0; byte < sizeof(Word); byte++) word |= static_cast<Word>(static_cast<Word>(planes[byte * elements + i]) << (8 * byte));
    std::memcpy(out + i * sizeof(Word), &word, sizeof(Word));
  }
}

void join(const uint8_t* planes, size_t size, size_t elements, size_t n, uint8_t* out) {
  if (size == 2) return join_planes<uint16_t>(planes, elements, n, out);
  if (size == 4) return join_planes<uint32_t>(planes, elements, n, out);
  if (size == 8) return join_planes<uint64_t>(planes, elements, n, out);
  throw std::invalid_argument("chunkInto: only elements of 2, 4 and 8 bytes can lie in planes");
}

// chunkPackers(): what chunks can be unpacked with here, the fastest first
napi_value chunk_packers(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    std::vector<std::string> names;
    if (lz4().there) names.push_back("lz4");
    if (zstd().there) names.push_back("zstd");
    napi_value out = make_array(env, names.size());
    for (size_t i = 0; i < names.size(); i++) set_element(env, out, i, make_string(env, names[i]));
    return out;
  });
}

// packLz4(source, target): packs with LZ4, for unpacking as fast as it can be; the bytes that it took, or 0 where they are more than there is room for
napi_value pack_lz4(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const Span source = span_of(state, args[0]), target = span_of(state, args[1]);
    if (!lz4().there) throw std::runtime_error("packLz4: there is no LZ4");
    constexpr size_t kMost = 0x7E000000;
    if (source.size > kMost || target.size > kMost) throw std::invalid_argument("packLz4: LZ4 packs less than 2 GB at once");
    constexpr int kLevel = 9;
    const int bytes = lz4().compress(reinterpret_cast<const char*>(source.data), reinterpret_cast<char*>(target.data), static_cast<int>(source.size), static_cast<int>(target.size), kLevel);
    return make_number(env, bytes > 0 ? bytes : 0);
  });
}

// chunkInto(source, start, length, lz4, planes, shape, from, count, target, at, targetShape): what is wanted of a chunk, `count`
// elements along three axes from `from` on, goes into a volume of the target that begins at element `at`, of which three axes are
// `targetShape`. A chunk is one part, or one for each plane: the bytes of it as uint32, then these; stored as they are where they are as
// many as unpacked. false where it is none
napi_value chunk_into(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const Span source = span_of(state, args[0]);
    const size_t start = to_size(env, args[1]), length = to_size(env, args[2]);
    const bool with_lz4 = to_bool(env, args[3]), planes = to_bool(env, args[4]);
    const auto shape = to_ints(env, args[5]), from = to_ints(env, args[6]), count = to_ints(env, args[7]);
    const at::Tensor& tensor = state.get(to_handle(env, args[8]));
    const Span target = span_of(state, args[8]);
    const size_t size = tensor.element_size(), at = to_size(env, args[9]);
    const auto row = to_ints(env, args[10]);
    if (start > source.size || length > source.size - start) throw std::invalid_argument("chunkInto: the chunk is beyond the end");
    if (shape.size() != 3 || from.size() != 3 || count.size() != 3 || row.size() != 3) throw std::invalid_argument("chunkInto: three axes are needed");
    for (size_t axis = 0; axis < 3; axis++) {
      constexpr int64_t kMost = int64_t{1} << 40;
      if (shape[axis] < 1 || shape[axis] > kMost || from[axis] < 0 || count[axis] < 1 || from[axis] > shape[axis] - count[axis] || count[axis] > row[axis] || row[axis] > kMost)
        throw std::invalid_argument("chunkInto: the axes do not go together");
    }
    const size_t last = at + ((count[0] - 1) * row[1] + count[1] - 1) * row[2] + count[2];
    if (last > target.size / size) throw std::invalid_argument("chunkInto: the target is too small");
    const size_t elements = shape[0] * shape[1] * shape[2], bytes = elements * size;
    thread_local Unpacker unpacker;
    if (with_lz4 ? !lz4().there : unpacker.state == nullptr) throw std::runtime_error(with_lz4 ? "chunkInto: there is no LZ4" : "chunkInto: there is no zstd");
    uint8_t* chunk = room(unpacker.chunk, bytes);
    const uint8_t* packed = source.data + start;
    const uint8_t* const end = packed + length;
    const size_t parts = planes ? size : 1, part = bytes / parts;
    for (size_t i = 0; i < parts; i++) {
      if (end - packed < 4) return make_bool(env, false);
      const size_t taken = packed[0] | packed[1] << 8 | packed[2] << 16 | static_cast<size_t>(packed[3]) << 24;
      packed += 4;
      if (taken > static_cast<size_t>(end - packed)) return make_bool(env, false);
      if (taken == part) std::memcpy(chunk + i * part, packed, part);
      else if (!unpacker.unpack(with_lz4, packed, taken, chunk + i * part, part)) return make_bool(env, false);
      packed += taken;
    }
    if (packed != end) return make_bool(env, false);
    // from the first element that is wanted to the last: rows of a chunk are too short to be joined one by one
    const size_t first = (from[0] * shape[1] + from[1]) * shape[2] + from[2];
    const size_t span = ((count[0] - 1) * shape[1] + count[1] - 1) * shape[2] + count[2];
    const uint8_t* wanted = chunk + first * size;
    if (parts > 1) {
      uint8_t* joined = room(unpacker.joined, span * size);
      join(chunk + first, size, elements, span, joined);
      wanted = joined;
    }
    for (int64_t i = 0; i < count[0]; i++)
      for (int64_t j = 0; j < count[1]; j++)
        std::memcpy(target.data + (at + (i * row[1] + j) * row[2]) * size, wanted + (i * shape[1] + j) * shape[2] * size, count[2] * size);
    return make_bool(env, true);
  });
}

}  // namespace

void define_chunks(napi_env env, napi_value exports) {
  define(env, exports, "chunkPackers", chunk_packers);
  define(env, exports, "packLz4", pack_lz4);
  define(env, exports, "chunkInto", chunk_into);
}

}  // namespace clinicadl
