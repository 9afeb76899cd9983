// Moments in the work of a device, timed without waiting for it. Through libtorch's generic events, which whatever
// backend has been opened serves: no CUDA header is needed.
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <optional>

#include "addon.h"

namespace clinicadl {
namespace {

// What JavaScript holds: empty once destroyed. The garbage collector deletes it, and with it an event that nobody destroyed.
struct HeldEvent {
  c10::Device device;
  std::optional<c10::Event> event;
};

HeldEvent& held(napi_env env, napi_value value) {
  void* data = nullptr;
  if (napi_get_value_external(env, value, &data) != napi_ok) throw std::invalid_argument("expected an event");
  return *static_cast<HeldEvent*>(data);
}
c10::Event& event_of(napi_env env, napi_value value) {
  auto& event = held(env, value).event;
  if (!event) throw std::invalid_argument("the event has been disposed");
  return *event;
}

// eventCreate(device): not recorded yet; it can be timed
napi_value event_create(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    c10::Device device(to_string(env, Args(env, info)[0]));
    c10::impl::VirtualGuardImpl guard(device.type());
    if (!device.has_index()) device = guard.getDevice();
    // PYTORCH_DEFAULT events cannot be timed
    auto owner = std::make_unique<HeldEvent>(HeldEvent{device, std::nullopt});
    owner->event.emplace(device.type(), c10::EventFlag::BACKEND_DEFAULT);
    napi_value out;
    auto finalize = [](napi_env, void* data, void*) { delete static_cast<HeldEvent*>(data); };
    if (napi_create_external(env, owner.get(), finalize, nullptr, &out) != napi_ok) throw std::runtime_error("the event cannot be handed over");
    owner.release();
    return out;
  });
}

// eventRecord(event): behind what this thread's current stream has been asked so far
napi_value event_record(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    napi_value value = Args(env, info)[0];
    c10::Event& event = event_of(env, value);
    const c10::Device& device = held(env, value).device;
    event.record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
    return make_undefined(env);
  });
}

// eventQuery(event): whether the device has come to it; does not wait
napi_value event_query(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) { return make_bool(env, event_of(env, Args(env, info)[0]).query()); });
}

napi_value event_synchronize(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    event_of(env, Args(env, info)[0]).synchronize();
    return make_undefined(env);
  });
}

// eventElapsed(start, end): milliseconds; both must be completed
napi_value event_elapsed(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    Args args(env, info);
    return make_number(env, event_of(env, args[0]).elapsedTime(event_of(env, args[1])));
  });
}

napi_value event_destroy(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    held(env, Args(env, info)[0]).event.reset();
    return make_undefined(env);
  });
}

// cudaDeviceName(index): as the driver calls it. libtorch has no generic question for it.
napi_value cuda_device_name(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    const int index = static_cast<int>(to_int(env, Args(env, info)[0]));
    void* driver = dlopen("libcuda.so.1", RTLD_NOW);
    if (driver == nullptr) throw std::runtime_error(dlerror());
    auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
    auto get = reinterpret_cast<int (*)(int*, int)>(dlsym(driver, "cuDeviceGet"));
    auto get_name = reinterpret_cast<int (*)(char*, int, int)>(dlsym(driver, "cuDeviceGetName"));
    if (init == nullptr || get == nullptr || get_name == nullptr) throw std::runtime_error("libcuda.so.1 cannot name its devices");
    int device = 0;
    char name[256] = {};
    int status = init(0);
    if (status == 0) status = get(&device, index);
    if (status == 0) status = get_name(name, sizeof(name), device);
    if (status != 0) throw std::runtime_error("the driver does not name GPU " + std::to_string(index) + ": CUDA error " + std::to_string(status));
    return make_string(env, name);
  });
}

}  // namespace

void define_event(napi_env env, napi_value exports) {
  define(env, exports, "eventCreate", event_create);
  define(env, exports, "eventRecord", event_record);
  define(env, exports, "eventQuery", event_query);
  define(env, exports, "eventSynchronize", event_synchronize);
  define(env, exports, "eventElapsed", event_elapsed);
  define(env, exports, "eventDestroy", event_destroy);
  define(env, exports, "cudaDeviceName", cuda_device_name);
}

}  // namespace clinicadl
