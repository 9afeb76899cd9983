// Faults made on purpose, to see that they are seen. Built with AddressSanitizer and, in a test only, loaded as an addon.
#include <node_api.h>
#include <sanitizer/asan_interface.h>

namespace {

struct Memory {
  char* data = nullptr;
  size_t size = 0;
};
Memory memory_of(napi_env env, napi_callback_info info) {
  napi_value buffer;
  size_t count = 1;
  void* data = nullptr;
  Memory out;
  napi_get_cb_info(env, info, &count, &buffer, nullptr, nullptr);
  napi_get_arraybuffer_info(env, buffer, &data, &out.size);
  out.data = static_cast<char*>(data);
  return out;
}

volatile char sink;
char* remembered = nullptr;

napi_value read_beyond(napi_env env, napi_callback_info info) {
  Memory memory = memory_of(env, info);
  sink = memory.data[memory.size];
  return nullptr;
}
napi_value write_beyond(napi_env env, napi_callback_info info) {
  Memory memory = memory_of(env, info);
  memory.data[memory.size] = 1;
  return nullptr;
}
// As a library would that is not instrumented.
__attribute__((no_sanitize("address"))) napi_value write_beyond_unseen(napi_env env, napi_callback_info info) {
  Memory memory = memory_of(env, info);
  static_cast<volatile char*>(memory.data)[memory.size] = 1;
  return nullptr;
}
napi_value remember(napi_env env, napi_callback_info info) {
  remembered = memory_of(env, info).data;
  return nullptr;
}
napi_value read_remembered(napi_env, napi_callback_info) {
  sink = remembered[0];
  return nullptr;
}
// From here on the memory counts as not there, whoever reads it.
napi_value forbid(napi_env env, napi_callback_info info) {
  Memory memory = memory_of(env, info);
  __asan_poison_memory_region(memory.data, memory.size);
  return nullptr;
}

void define(napi_env env, napi_value exports, const char* name, napi_callback method) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, method, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  define(env, exports, "readBeyond", read_beyond);
  define(env, exports, "writeBeyond", write_beyond);
  define(env, exports, "writeBeyondUnseen", write_beyond_unseen);
  define(env, exports, "remember", remember);
  define(env, exports, "readRemembered", read_remembered);
  define(env, exports, "forbid", forbid);
  return exports;
}
