// What JavaScript is told of memory, and asks of it.
#include <c10/core/CPUAllocator.h>

#include "addon.h"
#include "allocator.h"

namespace clinicadl {
namespace {

napi_value live_tensors(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_number(env, static_cast<double>(live_handles.load())); });
}
napi_value live_bytes(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_number(env, static_cast<double>(allocator().stats().live)); });
}

napi_value memory_stats(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    AllocatorStats stats = allocator().stats();
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
