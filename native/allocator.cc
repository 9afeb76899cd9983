#include "allocator.h"

#include <c10/util/Exception.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <cstdlib>
#include <string>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>

#include <cstring>
#endif

namespace clinicadl {
namespace {

// Under AddressSanitizer every block is one of malloc's own and goes back to it at once, so that a use after a tensor's end
// is seen. Behind the bytes that were asked for lies a tail that no one may touch: what the addon and calls such as memcpy do
// there is seen at once, and what libtorch wrote there, which is not instrumented, when the block is given back.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kCaching = false;
constexpr size_t kTail = 64;
constexpr uint8_t kUntouched = 0xA5;

void guard_tail(void* data, size_t size) {
  auto* tail = static_cast<uint8_t*>(data) + size;
  std::memset(tail, kUntouched, kTail);
  __asan_poison_memory_region(tail, kTail);
}
void check_tail(void* data, size_t size) {
  auto* tail = static_cast<uint8_t*>(data) + size;
  __asan_unpoison_memory_region(tail, kTail);
  for (size_t i = 0; i < kTail; ++i)
    if (tail[i] != kUntouched) {
      // the report says where, and who allocated the block; the write itself is long past
      __asan_poison_memory_region(tail, kTail);
      __asan_report_error(__builtin_return_address(0), __builtin_frame_address(0), __builtin_frame_address(0), tail + i, 1, 1);
    }
}
#else
constexpr bool kCaching = true;
constexpr size_t kTail = 0;
void guard_tail(void*, size_t) {}
void check_tail(void*, size_t) {}
#endif

// Eight classes to each power of two: at most an eighth of a block is unused.
size_t size_class(size_t bytes) {
  size_t power = size_t{1} << (63 - __builtin_clzll(bytes));
  size_t step = std::max<size_t>(power / 8, 4096);
  return (bytes + step - 1) / step * step;
}

size_t round_up(size_t bytes, size_t step) { return (bytes + step - 1) / step * step; }

}  // namespace

// Never destroyed: tensors may outlive every static object.
CachingAllocator& allocator() {
  static auto* instance = new CachingAllocator();
  return *instance;
}

void CachingAllocator::release(void* data) {
  if (data != nullptr) allocator().give_back(data);
}

void CachingAllocator::empty_cache() {
  std::lock_guard<std::mutex> lock(mutex_);
  empty_locked();
}

AllocatorStats CachingAllocator::stats() {
  std::lock_guard<std::mutex> lock(mutex_);
  AllocatorStats stats = stats_;
  stats.cached = cached();
  return stats;
}

void CachingAllocator::reset_peak() {
  std::lock_guard<std::mutex> lock(mutex_);
  stats_.peak = stats_.live;
}

// A block that waits, or null. `size`: what it should have; it becomes what it has.
void* CachingAllocator::reuse(size_t& size) {
  if (size >= kLarge) return arenas_.take_used(size);
  if (size <= kSmall) {
    auto& list = small_[size / kUnit];
    if (list.empty()) return nullptr;
    void* data = list.back();
    list.pop_back();
    small_bytes_ -= size;
    return data;
  }
  if (size < kPlain) return nullptr;
  // the smallest that fits and wastes at most an eighth
  auto found = middle_.lower_bound(size);
  if (found == middle_.end() || found->first > size + size / 8) return nullptr;
  void* data = found->second;
  size = found->first;
  middle_bytes_ -= size;
  middle_.erase(found);
  return data;
}

void* CachingAllocator::take(size_t bytes) {
  size_t size = !kCaching ? bytes : bytes < kPlain ? round_up(bytes, kUnit) : bytes < kLarge ? size_class(bytes) : round_up(bytes, Arenas::kStep);
  std::lock_guard<std::mutex> lock(mutex_);
  ++stats_.allocations;
  if (kCaching) {
    if (void* data = reuse(size)) {
      if (size >= kPlain) ++stats_.hits;
      count(size);
      return data;
    }
    if (size >= kPlain) ++stats_.misses;
  }
  const int64_t cap = cap_, wanted = static_cast<int64_t>(size);
  if (cap > 0 && stats_.live + cached() + wanted > cap) empty_locked();
  if (cap > 0 && stats_.live + wanted > cap) fail(bytes);
  void* data = fresh(size);
  if (data == nullptr) {
    empty_locked();
    data = fresh(size);
    if (data == nullptr) fail(bytes);
  }
  count(size);
  return data;
}

void* CachingAllocator::fresh(size_t size) {
  if (kCaching && size >= kLarge) return arenas_.take(size);
  void* data = nullptr;
  if (posix_memalign(&data, kUnit, size + kTail) != 0) return nullptr;
  guard_tail(data, size);
  sizes_.emplace(data, size);
  return data;
}

void CachingAllocator::count(size_t size) {
  stats_.live += static_cast<int64_t>(size);
  stats_.peak = std::max(stats_.peak, stats_.live);
}

void CachingAllocator::fail(size_t bytes) const {
  auto mb = [](int64_t n) { return std::to_string((n + 1048575) / 1048576) + " MB"; };
  TORCH_CHECK(false, "CPU out of memory: tried to allocate ", mb(static_cast<int64_t>(bytes)), " with ", mb(stats_.live), " in use",
              cap_ > 0 ? " and a cap of " + mb(cap_) : std::string(),
              ". Use a smaller batch size or image, or raise the cap (torch.memory.setCap).");
}

void CachingAllocator::give_back(void* data) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = sizes_.find(data);
  if (found == sizes_.end()) {
    stats_.live -= static_cast<int64_t>(arenas_.give_back(data));
    trim_locked();
    return;
  }
  const size_t size = found->second;
  stats_.live -= static_cast<int64_t>(size);
  check_tail(data, size);
  if (kCaching && size <= kSmall && small_bytes_ + size <= kSmallKept) {
    small_[size / kUnit].push_back(data);
    small_bytes_ += size;
  } else if (kCaching && size >= kPlain) {
    middle_.emplace(size, data);
    middle_bytes_ += size;
    trim_locked();
  } else {
    sizes_.erase(found);
    std::free(data);
  }
}

// A cache larger than what has ever been in use at once holds only what is no longer asked for.
void CachingAllocator::trim_locked() {
  const int64_t enough = stats_.peak + stats_.peak / 4 + static_cast<int64_t>(64) * 1048576;
  while (stats_.live + cached() > enough && arenas_.shrink()) {
  }
  while (stats_.live + cached() > enough && !middle_.empty()) free_middle(std::prev(middle_.end()));
}

void CachingAllocator::free_middle(std::multimap<size_t, void*>::iterator block) {
  middle_bytes_ -= block->first;
  sizes_.erase(block->second);
  std::free(block->second);
  middle_.erase(block);
}

void CachingAllocator::empty_locked() {
  while (arenas_.shrink()) {
  }
  while (!middle_.empty()) free_middle(middle_.begin());
  for (auto& list : small_) {
    for (void* data : list) {
      sizes_.erase(data);
      std::free(data);
    }
    list.clear();
  }
  small_bytes_ = 0;
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace clinicadl
