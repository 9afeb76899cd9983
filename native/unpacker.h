// What chunks are unpacked with, and compared with their checksums.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace clinicadl {

enum class Packer { lz4, zstd };

// Whether chunks that were packed so can be unpacked and checked here.
bool can_unpack(Packer packer);

// The CRC-32 of bytes. Only where something can be unpacked.
uint32_t checksum(const uint8_t* bytes, size_t size);

// One a thread, made at its first use.
class Unpacker {
 public:
  Unpacker();
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  // whether exactly `size` bytes came
  bool unpack(Packer packer, const uint8_t* packed, size_t length, uint8_t* out, size_t size);
  // memory of so many bytes, the same at each call
  uint8_t* room(size_t bytes);

 private:
  void* state_ = nullptr;
  std::vector<uint8_t> room_;
};

}  // namespace clinicadl
