// The machine: threads, determinism, build, and CUDA, which is opened at run time where there is a GPU.
#include <ATen/Context.h>
#include <ATen/Version.h>
#include <ATen/cpu/Utils.h>
#include <torch/headeronly/version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>

#include <limits>

#include "addon.h"
#include "parallel.h"

namespace clinicadl {
namespace {

thread_local bool beside = false;

napi_value get_num_threads(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_number(env, at::get_num_threads()); });
}
napi_value set_num_threads(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    const int64_t threads = to_int(env, Args(env, info)[0]);
    TORCH_CHECK(threads > 0 && threads <= std::numeric_limits<int>::max(), "Expected a positive number of threads, got ", threads);
    at::set_num_threads(static_cast<int>(threads));
    return make_undefined(env);
  });
}
napi_value work_beside(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    beside = true;
    return make_undefined(env);
  });
}
napi_value get_num_interop_threads(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_number(env, at::get_num_interop_threads()); });
}

napi_value set_deterministic(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    Args args(env, info);
    at::globalContext().setDeterministicAlgorithms(to_bool(env, args[0]), to_bool(env, args[1]));
    return make_undefined(env);
  });
}
napi_value deterministic(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    napi_value out = make_array(env, 2);
    set_element(env, out, 0, make_bool(env, at::globalContext().deterministicAlgorithms()));
    set_element(env, out, 1, make_bool(env, at::globalContext().deterministicAlgorithmsWarnOnly()));
    return out;
  });
}
napi_value set_cudnn(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    Args args(env, info);
    at::globalContext().setDeterministicCuDNN(to_bool(env, args[0]));
    at::globalContext().setBenchmarkCuDNN(to_bool(env, args[1]));
    return make_undefined(env);
  });
}
napi_value set_flush_denormal(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) { return make_bool(env, at::globalContext().setFlushDenormal(to_bool(env, Args(env, info)[0]))); });
}

napi_value config(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_string(env, at::show_config() + "\n" + at::get_parallel_info() + "\n" + at::get_cpu_capability()); });
}

// processor(): { capability: that of libtorch's own kernels, features: the instruction sets that there are }
napi_value processor(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    napi_value out, features;
    napi_create_object(env, &out);
    napi_create_array(env, &features);
    uint32_t count = 0;
    for (const auto& [name, value] : at::cpu::get_cpu_capabilities()) {
      if (value.isBool() && value.toBool()) napi_set_element(env, features, count++, make_string(env, name));
    }
    napi_set_named_property(env, out, "capability", make_string(env, at::get_cpu_capability()));
    napi_set_named_property(env, out, "features", features);
    return out;
  });
}

// loadCuda(path): registers libtorch's CUDA backend with the dispatcher; an empty string, or why it could not be opened
napi_value load_cuda(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    void* handle = dlopen(to_string(env, Args(env, info)[0]).c_str(), RTLD_NOW | RTLD_GLOBAL);
    return make_string(env, handle == nullptr ? std::string(dlerror()) : std::string());
  });
}

napi_value cuda_available(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_bool(env, at::globalContext().hasCUDA() && at::detail::getCUDAHooks().deviceCount() > 0); });
}
napi_value cuda_device_count(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_number(env, at::globalContext().hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0); });
}
// cudaCurrentDevice(), cudaSetDevice(index): the one of this thread, which "cuda" names
napi_value cuda_current_device(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_number(env, c10::impl::VirtualGuardImpl(c10::kCUDA).getDevice().index()); });
}
napi_value cuda_set_device(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    const auto index = static_cast<c10::DeviceIndex>(to_int(env, Args(env, info)[0]));
    c10::impl::VirtualGuardImpl(c10::kCUDA).setDevice(c10::Device(c10::kCUDA, index));
    return make_undefined(env);
  });
}
// setTf32(convolutions, products): whether GPUs may round their factors
napi_value set_tf32(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    Args args(env, info);
    at::globalContext().setAllowTF32CuDNN(to_bool(env, args[0]));
    at::globalContext().setAllowTF32CuBLAS(to_bool(env, args[1]));
    return make_undefined(env);
  });
}
napi_value cuda_synchronize(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    c10::Device device(to_string(env, Args(env, info)[0]));
    c10::impl::VirtualGuardImpl guard(device.type());
    guard.synchronizeDevice(device.has_index() ? device.index() : guard.getDevice().index());
    return make_undefined(env);
  });
}

// its allocator exists once CUDA was set up
c10::DeviceAllocator* device_allocator(const c10::Device& device) {
  at::globalContext().lazyInitDevice(device.type());
  return c10::getDeviceAllocator(device.type());
}

// Of "cuda", that of this thread.
c10::DeviceIndex index_of(const c10::Device& device) {
  return device.has_index() ? device.index() : c10::impl::VirtualGuardImpl(device.type()).getDevice().index();
}

// cudaMemory(device): { allocated, maxAllocated, reserved, maxReserved } in bytes
napi_value cuda_memory(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    c10::Device device(to_string(env, Args(env, info)[0]));
    auto stats = device_allocator(device)->getDeviceStats(index_of(device));
    napi_value out;
    ok(napi_create_object(env, &out));
    auto set = [&](const char* name, int64_t value) { set_property(env, out, name, make_number(env, static_cast<double>(value))); };
    set("allocated", stats.allocated_bytes[0].current);
    set("maxAllocated", stats.allocated_bytes[0].peak);
    set("reserved", stats.reserved_bytes[0].current);
    set("maxReserved", stats.reserved_bytes[0].peak);
    return out;
  });
}
napi_value cuda_empty_cache(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    device_allocator(c10::Device(c10::kCUDA))->emptyCache();
    return make_undefined(env);
  });
}
napi_value cuda_reset_peak(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    c10::Device device(to_string(env, Args(env, info)[0]));
    device_allocator(device)->resetPeakStats(index_of(device));
    return make_undefined(env);
  });
}

napi_value version(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_string(env, TORCH_VERSION); });
}

}  // namespace

bool works_beside() { return beside; }

void define_system(napi_env env, napi_value exports) {
  define(env, exports, "getNumThreads", get_num_threads);
  define(env, exports, "workBeside", work_beside);
  define(env, exports, "setNumThreads", set_num_threads);
  define(env, exports, "getNumInteropThreads", get_num_interop_threads);
  define(env, exports, "setDeterministic", set_deterministic);
  define(env, exports, "deterministic", deterministic);
  define(env, exports, "setCudnn", set_cudnn);
  define(env, exports, "setFlushDenormal", set_flush_denormal);
  define(env, exports, "config", config);
  define(env, exports, "processor", processor);
  define(env, exports, "loadCuda", load_cuda);
  define(env, exports, "cudaAvailable", cuda_available);
  define(env, exports, "cudaDeviceCount", cuda_device_count);
  define(env, exports, "cudaCurrentDevice", cuda_current_device);
  define(env, exports, "cudaSetDevice", cuda_set_device);
  define(env, exports, "setTf32", set_tf32);
  define(env, exports, "cudaSynchronize", cuda_synchronize);
  define(env, exports, "cudaMemory", cuda_memory);
  define(env, exports, "cudaEmptyCache", cuda_empty_cache);
  define(env, exports, "cudaResetPeak", cuda_reset_peak);
  define(env, exports, "version", version);
}

}  // namespace clinicadl
