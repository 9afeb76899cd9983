// Tensors that all threads of the process may read: images that are decoded once for all workers of a loader. They are copies
// in memory of their own, so that what stays for hours lies between no step's blocks, and counts as no step's tensors.
#include <sys/mman.h>

#include <cstring>
#include <unordered_map>

#include "addon.h"

namespace clinicadl {
namespace {

struct Entry {
  std::string description;
  std::vector<at::Tensor> tensors;
  int64_t bytes = 0;
};
using Entries = std::unordered_map<std::string, std::shared_ptr<const Entry>>;

std::mutex caches_mutex;
std::unordered_map<uint64_t, Entries> caches;
uint64_t next_cache = 1;
int64_t total_bytes = 0;

// Whole pages, which go back to the system when the last tensor of them has gone.
at::Tensor own_copy(const at::Tensor& tensor) {
  at::Tensor source = tensor.detach().contiguous();
  const size_t size = std::max<size_t>(source.nbytes(), 1);
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw std::runtime_error("the system has no " + std::to_string(size) + " bytes left to keep a tensor in");
  std::memcpy(data, source.data_ptr(), source.nbytes());
  return at::from_blob(data, source.sizes(), [size](void* memory) { munmap(memory, size); }, source.options());
}

uint64_t to_id(napi_env env, napi_value value) { return static_cast<uint64_t>(to_int(env, value)); }

napi_value open(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    std::lock_guard<std::mutex> lock(caches_mutex);
    caches.emplace(next_cache, Entries{});
    return make_number(env, static_cast<double>(next_cache++));
  });
}

// sharedCachePut(cache, key, description, tensors, limit): whether the tensors are in the cache afterwards. They are not when the cache was closed,
// or all caches together would hold more than `limit` bytes. What is there already stays.
napi_value put(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const uint64_t id = to_id(env, args[0]);
    std::string key = to_string(env, args[1]);
    auto entry = std::make_shared<Entry>();
    entry->description = to_string(env, args[2]);
    std::vector<at::Tensor> given = tensors_of(state, args[3]);
    const double limit = to_double(env, args[4]);
    for (const at::Tensor& tensor : given) {
      if (!tensor.defined() || !tensor.device().is_cpu() || tensor.layout() != at::kStrided) throw std::invalid_argument("a shared cache holds dense tensors of the CPU only");
      entry->bytes += static_cast<int64_t>(tensor.numel() * tensor.element_size());
    }
    {
      // the place is taken before the copy, so that threads together stay below the limit
      std::lock_guard<std::mutex> lock(caches_mutex);
      auto cache = caches.find(id);
      if (cache == caches.end()) return make_bool(env, false);
      if (cache->second.count(key) > 0) return make_bool(env, true);
      if (static_cast<double>(total_bytes + entry->bytes) > limit) return make_bool(env, false);
      total_bytes += entry->bytes;
    }
    const int64_t bytes = entry->bytes;
    bool kept = false;
    try {
      for (const at::Tensor& tensor : given) entry->tensors.push_back(own_copy(tensor));
      std::lock_guard<std::mutex> lock(caches_mutex);
      auto cache = caches.find(id);
      const bool open = cache != caches.end();
      kept = open && cache->second.emplace(std::move(key), std::move(entry)).second;
      if (!kept) total_bytes -= bytes;
      return make_bool(env, open);
    } catch (...) {
      if (!kept) {
        std::lock_guard<std::mutex> lock(caches_mutex);
        total_bytes -= bytes;
      }
      throw;
    }
  });
}

// sharedCacheGet(cache, key): null, or [description, handles]. The tensors share the cache's memory, and outlive it.
napi_value get(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    std::shared_ptr<const Entry> entry;
    {
      std::lock_guard<std::mutex> lock(caches_mutex);
      auto cache = caches.find(to_id(env, args[0]));
      if (cache == caches.end()) return make_null(env);
      auto found = cache->second.find(to_string(env, args[1]));
      if (found == cache->second.end()) return make_null(env);
      entry = found->second;
    }
    std::vector<at::Tensor> aliases;
    for (const at::Tensor& tensor : entry->tensors) aliases.push_back(tensor.detach());
    napi_value out = make_array(env, 2);
    set_element(env, out, 0, make_string(env, entry->description));
    set_element(env, out, 1, make_handles(state, aliases));
    return out;
  });
}

// Takes everything out of a cache. It is freed where nobody holds the lock, once nobody reads it any more.
Entries emptied(uint64_t id, bool forget) {
  std::lock_guard<std::mutex> lock(caches_mutex);
  auto cache = caches.find(id);
  if (cache == caches.end()) return {};
  Entries dying = std::move(cache->second);
  if (forget) caches.erase(cache);
  else cache->second = Entries{};
  for (const auto& [key, entry] : dying) total_bytes -= entry->bytes;
  return dying;
}

napi_value clear(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    emptied(to_id(env, Args(env, info)[0]), false);
    return make_undefined(env);
  });
}

napi_value close(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    emptied(to_id(env, Args(env, info)[0]), true);
    return make_undefined(env);
  });
}

// sharedCacheBytes(): of all caches.
napi_value bytes(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    std::lock_guard<std::mutex> lock(caches_mutex);
    return make_number(env, static_cast<double>(total_bytes));
  });
}

}  // namespace

void define_shared_cache(napi_env env, napi_value exports) {
  define(env, exports, "sharedCacheOpen", open);
  define(env, exports, "sharedCachePut", put);
  define(env, exports, "sharedCacheGet", get);
  define(env, exports, "sharedCacheClear", clear);
  define(env, exports, "sharedCacheClose", close);
  define(env, exports, "sharedCacheBytes", bytes);
}

}  // namespace clinicadl
