// A caching allocator for CPU tensors. Without one, a third of a training step is the kernel zeroing pages that were
// given back a moment before.
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <cstdlib>
#include <map>
#include <unordered_map>

#include "addon.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>

#include <cstring>
#endif

namespace clinicadl {
namespace {

constexpr size_t kSmall = 64 * 1024;          // below: plain malloc, which caches by itself
constexpr size_t kHuge = 2 * 1024 * 1024;     // from here on: aligned to huge pages
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

struct Stats {
  int64_t live = 0, peak = 0, cached = 0, hits = 0, misses = 0, allocations = 0;
};

// Eight classes to each power of two: at most an eighth of a block is unused.
size_t size_class(size_t bytes) {
  size_t power = size_t{1} << (63 - __builtin_clzll(bytes));
  size_t step = std::max<size_t>(power / 8, 4096);
  return (bytes + step - 1) / step * step;
}

class CachingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* data = bytes == 0 ? nullptr : take(bytes);
    return {data, data, &release, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, std::size_t count) const override { default_copy_data(to, from, count); }

  void empty_cache() {
    std::lock_guard<std::mutex> lock(mutex_);
    empty_locked();
  }
  void set_cap(int64_t bytes) { cap_ = bytes; }
  int64_t cap() const { return cap_; }
  Stats stats() {
    std::lock_guard<std::mutex> lock(mutex_);
    return stats_;
  }
  void reset_peak() {
    std::lock_guard<std::mutex> lock(mutex_);
    stats_.peak = stats_.live;
  }

 private:
  void* take(size_t bytes) {
    size_t size = !kCaching ? bytes : bytes < kSmall ? (bytes + 63) / 64 * 64 : size_class(bytes);
    std::lock_guard<std::mutex> lock(mutex_);
    ++stats_.allocations;
    if (kCaching && bytes >= kSmall) {
      // the smallest free block that fits and wastes at most an eighth
      auto found = free_.lower_bound(size);
      if (found != free_.end() && found->first <= size + size / 8) {
        void* data = found->second;
        size = found->first;
        free_.erase(found);
        ++stats_.hits;
        stats_.cached -= static_cast<int64_t>(size);
        occupy(data, size);
        return data;
      }
      ++stats_.misses;
    }
    if (cap_ > 0 && stats_.live + stats_.cached + static_cast<int64_t>(size) > cap_) empty_locked();
    if (cap_ > 0 && stats_.live + static_cast<int64_t>(size) > cap_) fail(bytes);
    void* data = fresh(size);
    if (data == nullptr) {
      empty_locked();
      data = fresh(size);
      if (data == nullptr) fail(bytes);
    }
    occupy(data, size);
    return data;
  }

  static void* fresh(size_t size) {
    void* data = nullptr;
    if (posix_memalign(&data, kCaching && size >= kHuge ? kHuge : 64, size + kTail) != 0) return nullptr;
#if defined(MADV_HUGEPAGE)
    if (kCaching && size >= kHuge) madvise(data, size, MADV_HUGEPAGE);
#endif
    guard_tail(data, size);
    return data;
  }

  void occupy(void* data, size_t size) {
    sizes_.emplace(data, size);
    stats_.live += static_cast<int64_t>(size);
    stats_.peak = std::max(stats_.peak, stats_.live);
  }

  [[noreturn]] void fail(size_t bytes) const {
    auto mb = [](int64_t n) { return std::to_string((n + 1048575) / 1048576) + " MB"; };
    TORCH_CHECK(false, "CPU out of memory: tried to allocate ", mb(static_cast<int64_t>(bytes)), " with ", mb(stats_.live), " in use",
                cap_ > 0 ? " and a cap of " + mb(cap_) : std::string(),
                ". Use a smaller batch size or image, or raise the cap (torch.memory.setCap).");
  }

  void empty_locked() {
    for (auto& block : free_) std::free(block.second);
    free_.clear();
    stats_.cached = 0;
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
  }

  static void release(void* data);
  void give_back(void* data) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = sizes_.find(data);
    size_t size = found->second;
    sizes_.erase(found);
    stats_.live -= static_cast<int64_t>(size);
    check_tail(data, size);
    if (!kCaching || size < kSmall) {
      std::free(data);
      return;
    }
    free_.emplace(size, data);
    stats_.cached += static_cast<int64_t>(size);
    // a cache larger than what has ever been in use at once holds only blocks of sizes that are no longer asked for
    while (stats_.cached + stats_.live > stats_.peak + stats_.peak / 4 + static_cast<int64_t>(64) * 1048576 && !free_.empty()) {
      auto largest = std::prev(free_.end());
      stats_.cached -= static_cast<int64_t>(largest->first);
      std::free(largest->second);
      free_.erase(largest);
    }
  }

  std::mutex mutex_;
  std::multimap<size_t, void*> free_;
  std::unordered_map<void*, size_t> sizes_;
  Stats stats_;
  std::atomic<int64_t> cap_{0};
};

// Never destroyed: tensors may outlive every static object.
CachingAllocator& allocator() {
  static auto* instance = new CachingAllocator();
  return *instance;
}

void CachingAllocator::release(void* data) {
  if (data != nullptr) allocator().give_back(data);
}

napi_value live_tensors(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_number(env, static_cast<double>(live_handles.load())); });
}
napi_value live_bytes(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_number(env, static_cast<double>(allocator().stats().live)); });
}

napi_value memory_stats(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    Stats stats = allocator().stats();
    napi_value out;
    ok(napi_create_object(env, &out));
    auto set = [&](const char* name, int64_t value) { set_property(env, out, name, make_number(env, static_cast<double>(value))); };
    set("liveBytes", stats.live);
    set("peakBytes", stats.peak);
    set("cachedBytes", stats.cached);
    set("capBytes", allocator().cap());
    set("allocations", stats.allocations);
    set("hits", stats.hits);
    set("misses", stats.misses);
    return out;
  });
}

napi_value empty_cache(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    allocator().empty_cache();
    return make_undefined(env);
  });
}

napi_value set_cap(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    allocator().set_cap(to_int(env, Args(env, info)[0]));
    return make_undefined(env);
  });
}

napi_value reset_peak(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    allocator().reset_peak();
    return make_undefined(env);
  });
}

}  // namespace

int64_t allocator_live_bytes() { return allocator().stats().live; }

// malloc itself is left as it is: it serves JavaScript's buffers, too, and what it kept for later would be lost to both.
void install_allocator() {
  c10::SetCPUAllocator(&allocator(), 1);
}

void define_memory(napi_env env, napi_value exports) {
  define(env, exports, "liveTensors", live_tensors);
  define(env, exports, "liveBytes", live_bytes);
  define(env, exports, "memoryStats", memory_stats);
  define(env, exports, "emptyCache", empty_cache);
  define(env, exports, "setMemoryCap", set_cap);
  define(env, exports, "resetPeakMemory", reset_peak);
}

}  // namespace clinicadl
