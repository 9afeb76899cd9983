// What is used of libdeflate, which takes a third of zlib's time, where the system has it. These functions have been the same since 1.0.
#pragma once
#include <cstddef>
#include <cstdint>

namespace clinicadl {

struct Libdeflate {
  void* (*alloc)() = nullptr;
  void (*free)(void*) = nullptr;
  // 0 is success; how much was read and written
  int (*decompress)(void*, const void*, size_t, void*, size_t, size_t*, size_t*) = nullptr;
  uint32_t (*crc32)(uint32_t, const void*, size_t) = nullptr;
  bool there = false;
};

const Libdeflate& libdeflate();

}  // namespace clinicadl
