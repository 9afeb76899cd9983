// The allocator of CPU tensors.
#pragma once
#include <c10/core/Allocator.h>

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "arena.h"

namespace clinicadl {

struct AllocatorStats {
  int64_t live = 0, peak = 0, cached = 0, hits = 0, misses = 0, allocations = 0;
};

// It keeps what is freed: without that, a third of a training step is the kernel zeroing pages that were given back a moment before.
// Small blocks are malloc's, and wait in lists by size; those in the middle are found by a size that fits; large ones are cut from arenas.
class CachingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* data = bytes == 0 ? nullptr : take(bytes);
    return {data, data, &release, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, std::size_t count) const override { default_copy_data(to, from, count); }

  void empty_cache();
  void set_cap(int64_t bytes) { cap_ = bytes; }
  int64_t cap() const { return cap_; }
  AllocatorStats stats();
  void reset_peak();

 private:
  static constexpr size_t kUnit = 64;
  static constexpr size_t kSmall = 4 * 1024;          // up to here: lists by size
  static constexpr size_t kPlain = 64 * 1024;         // below: plain malloc, which caches by itself
  static constexpr size_t kLarge = 1024 * 1024;       // from here on: arenas
  static constexpr size_t kSmallKept = 1024 * 1024;   // bytes in the lists of small blocks

  static void release(void* data);
  void give_back(void* data);
  void* take(size_t bytes);
  void* reuse(size_t& size);
  void* fresh(size_t size);
  void count(size_t size);
  void empty_locked();
  void trim_locked();
  void free_middle(std::multimap<size_t, void*>::iterator block);
  [[noreturn]] void fail(size_t bytes) const;
  int64_t cached() const { return static_cast<int64_t>(small_bytes_ + middle_bytes_) + arenas_.cached(); }

  std::mutex mutex_;
  // of all blocks but those of arenas, in use or waiting: they stay while the block does
  std::unordered_map<void*, size_t> sizes_;
  std::array<std::vector<void*>, kSmall / kUnit + 1> small_;
  std::multimap<size_t, void*> middle_;
  size_t small_bytes_ = 0, middle_bytes_ = 0;
  Arenas arenas_;
  AllocatorStats stats_;
  std::atomic<int64_t> cap_{0};
};

CachingAllocator& allocator();

}  // namespace clinicadl
