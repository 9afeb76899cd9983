// Chunks of volumes that were packed with zstd: unpacked, and what is wanted of them put in its place. Node has zstd in itself and
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

// One a thread, made at its first use.
struct Unpacker {
  void* state = zstd().there ? zstd().create() : nullptr;
  std::vector<uint8_t> chunk;
  ~Unpacker() {
    if (state != nullptr) zstd().free(state);
  }
};

// Elements whose bytes lie in planes, all first bytes before all second ones, which packs floats better.
template <typename Word>
void join_planes(const uint8_t* chunk, size_t elements, size_t at, size_t n, uint8_t* out) {
  const uint8_t* planes = chunk + at;
  for (size_t i = 0; i < n; i++) {
    Word word = 0;
    for (size_t byte = 0; byte < sizeof(Word); byte++) word |= static_cast<Word>(static_cast<Word>(planes[byte * elements + i]) << (8 * byte));
    std::memcpy(out + i * sizeof(Word), &word, sizeof(Word));
  }
}

struct Row {
  const uint8_t* chunk;
  size_t elements, size;
  bool planes;
  void copy(size_t at, size_t n, uint8_t* out) const {
    if (!planes || size == 1) return static_cast<void>(std::memcpy(out, chunk + at * size, n * size));
    if (size == 2) return join_planes<uint16_t>(chunk, elements, at, n, out);
    if (size == 4) return join_planes<uint32_t>(chunk, elements, at, n, out);
    if (size == 8) return join_planes<uint64_t>(chunk, elements, at, n, out);
    throw std::invalid_argument("chunkInto: only elements of 1, 2, 4 and 8 bytes can lie in planes");
  }
};

// hasUnpacker(): whether chunks can be unpacked here
napi_value has_unpacker(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_bool(env, zstd().there); });
}

// chunkInto(source, start, length, planes, shape, from, count, target, at, targetShape): what is wanted of a chunk, `count`
// elements along three axes from `from` on, goes into a volume of the target that begins at element `at`, of which three axes are
// `targetShape`. false where the chunk is damaged
napi_value chunk_into(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const Span source = span_of(state, args[0]);
    const size_t start = to_size(env, args[1]), length = to_size(env, args[2]);
    const bool planes = to_bool(env, args[3]);
    const auto shape = to_ints(env, args[4]), from = to_ints(env, args[5]), count = to_ints(env, args[6]);
    const at::Tensor& tensor = state.get(to_handle(env, args[7]));
    const Span target = span_of(state, args[7]);
    const size_t size = tensor.element_size(), at = to_size(env, args[8]);
    const auto row = to_ints(env, args[9]);
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
    if (unpacker.state == nullptr) throw std::runtime_error("chunkInto: there is no zstd");
    if (unpacker.chunk.size() < bytes) unpacker.chunk.resize(bytes);
    const size_t got = zstd().decompress(unpacker.state, unpacker.chunk.data(), bytes, source.data + start, length);
    if (zstd().is_error(got) != 0 || got != bytes) return make_bool(env, false);
    const Row rows{unpacker.chunk.data(), elements, size, planes};
    for (int64_t i = 0; i < count[0]; i++)
      for (int64_t j = 0; j < count[1]; j++)
        rows.copy(((from[0] + i) * shape[1] + from[1] + j) * shape[2] + from[2], count[2], target.data + (at + (i * row[1] + j) * row[2]) * size);
    return make_bool(env, true);
  });
}

}  // namespace

void define_chunks(napi_env env, napi_value exports) {
  define(env, exports, "hasUnpacker", has_unpacker);
  define(env, exports, "chunkInto", chunk_into);
}

}  // namespace clinicadl
