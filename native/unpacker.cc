// LZ4 and zstd. LZ4 unpacks several times as fast, where the system has it; its interface has been the same since 1.7. Node has zstd in
// itself and exports its functions; a call through `node:zlib` would make a new state for each chunk, which takes as long as the unpacking.
#include "unpacker.h"

#include "addon.h"
#include "libdeflate.h"
#include "library.h"

namespace clinicadl {
namespace {

constexpr size_t kMostOfLz4 = 0x7E000000;

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

// zlib's, which Node has in itself and exports: where there is no libdeflate, whose is three times as fast.
struct Zlib {
  unsigned long (*crc32)(unsigned long, const unsigned char*, unsigned) = nullptr;
  bool there = false;
};

const Zstd& zstd() {
  static const Zstd found = [] {
    Zstd out;
    const auto take = [&](void* library) {
      return find_function(library, "ZSTD_createDCtx", out.create) && find_function(library, "ZSTD_freeDCtx", out.free) &&
             find_function(library, "ZSTD_decompressDCtx", out.decompress) && find_function(library, "ZSTD_isError", out.is_error);
    };
#if defined(__APPLE__)
    out.there = open_library({nullptr, "libzstd.1.dylib"}, take);
#else
    out.there = open_library({nullptr, "libzstd.so.1"}, take);
#endif
    return out;
  }();
  return found;
}

const Lz4& lz4() {
  static const Lz4 found = [] {
    Lz4 out;
    const auto take = [&](void* library) { return find_function(library, "LZ4_compress_HC", out.compress) && find_function(library, "LZ4_decompress_safe", out.decompress); };
#if defined(__APPLE__)
    out.there = open_library({"liblz4.1.dylib", "/opt/homebrew/lib/liblz4.1.dylib", "/usr/local/lib/liblz4.1.dylib"}, take);
#else
    out.there = open_library({"liblz4.so.1"}, take);
#endif
    return out;
  }();
  return found;
}

const Zlib& zlib() {
  static const Zlib found = [] {
    Zlib out;
    const auto take = [&](void* library) { return find_function(library, "crc32", out.crc32); };
#if defined(__APPLE__)
    out.there = open_library({nullptr, "libz.1.dylib"}, take);
#else
    out.there = open_library({nullptr, "libz.so.1"}, take);
#endif
    return out;
  }();
  return found;
}

// chunkPackers(): what chunks can be unpacked with here, the fastest first
napi_value chunk_packers(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    std::vector<std::string> names;
    if (can_unpack(Packer::lz4)) names.push_back("lz4");
    if (can_unpack(Packer::zstd)) names.push_back("zstd");
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
    if (source.size > kMostOfLz4 || target.size > kMostOfLz4) throw std::invalid_argument("packLz4: LZ4 packs less than 2 GB at once");
    constexpr int kLevel = 9;
    const int bytes = lz4().compress(reinterpret_cast<const char*>(source.data), reinterpret_cast<char*>(target.data), static_cast<int>(source.size), static_cast<int>(target.size), kLevel);
    return make_number(env, bytes > 0 ? bytes : 0);
  });
}

}  // namespace

bool can_unpack(Packer packer) { return (libdeflate().there || zlib().there) && (packer == Packer::lz4 ? lz4().there : zstd().there); }

uint32_t checksum(const uint8_t* bytes, size_t size) {
  if (libdeflate().there) return libdeflate().crc32(0, bytes, size);
  constexpr size_t kMost = size_t{1} << 30;
  unsigned long value = 0;
  for (size_t done = 0; done < size; done += kMost) value = zlib().crc32(value, bytes + done, static_cast<unsigned>(std::min(kMost, size - done)));
  return static_cast<uint32_t>(value);
}

Unpacker::Unpacker() {
  if (zstd().there) state_ = zstd().create();
}

Unpacker::~Unpacker() {
  if (state_ != nullptr) zstd().free(state_);
}

bool Unpacker::unpack(Packer packer, const uint8_t* packed, size_t length, uint8_t* out, size_t size) {
  if (packer == Packer::lz4) {
    if (length > kMostOfLz4 || size > kMostOfLz4) return false;
    const int got = lz4().decompress(reinterpret_cast<const char*>(packed), reinterpret_cast<char*>(out), static_cast<int>(length), static_cast<int>(size));
    return got >= 0 && static_cast<size_t>(got) == size;
  }
  if (state_ == nullptr) throw std::runtime_error("zstd has no memory left");
  const size_t got = zstd().decompress(state_, out, size, packed, length);
  return zstd().is_error(got) == 0 && got == size;
}

uint8_t* Unpacker::room(size_t bytes) {
  if (room_.size() < bytes) room_.resize(bytes);
  return room_.data();
}

void define_unpacker(napi_env env, napi_value exports) {
  define(env, exports, "chunkPackers", chunk_packers);
  define(env, exports, "packLz4", pack_lz4);
}

}  // namespace clinicadl
