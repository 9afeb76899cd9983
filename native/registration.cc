#include "addon.h"
#include "sums.h"

namespace clinicadl {
namespace {

std::atomic<uint32_t> next_env_id{1};
std::once_flag process_once;

napi_value init(napi_env env, napi_value exports) {
  std::call_once(process_once, install_allocator);
  auto* state = new Env();
  state->env = env;
  state->id = next_env_id++;
  state->life->thread = std::this_thread::get_id();
  if (napi_set_instance_data(env, state, [](napi_env, void* data, void*) { delete static_cast<Env*>(data); }, nullptr) != napi_ok) {
    delete state;
    return nullptr;
  }
  return guarded(env, [&](Env&) {
    define_ops(env, exports);
    define_tensor(env, exports);
    define_bytes(env, exports);
    define_autograd(env, exports);
    define_random(env, exports);
    define_memory(env, exports);
    define_system(env, exports);
    define_transfer(env, exports);
    define_function(env, exports);
    define_conv_few(env, exports);
    define_conv_depthwise(env, exports);
    define_fused(env, exports);
    define_convolution(env, exports);
    define_components(env, exports);
    define_distance(env, exports);
    define_grid_distance(env, exports);
    define_resample(env, exports);
    define_rescale(env, exports);
    define_order(env, exports);
    define_place(env, exports);
    define_count(env, exports);
    define_labels(env, exports);
    define_blur(env, exports);
    define_power(env, exports);
    define_noise(env, exports);
    define_swap(env, exports);
    define_holes(env, exports);
    define_c10d(env, exports);
    define_reducer(env, exports);
    define_sharding(env, exports);
    define_event(env, exports);
    define_files(env, exports);
    define_sums(env, exports);
    define_shared_cache(env, exports);
    define_inflate(env, exports);
    define_chunks(env, exports);
    define_unpacker(env, exports);
    define_voxels(env, exports);
    return exports;
  });
}

}  // namespace
}  // namespace clinicadl

extern "C" __attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  return clinicadl::init(env, exports);
}
extern "C" __attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1() { return NAPI_VERSION; }
