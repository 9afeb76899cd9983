// What sharded weights need of libtorch: a collective that is waited for, memory that a tensor gives back and takes again while views of it
// stay, and a call at the end of a backward pass.
#include <ATen/native/Resize.h>
#include <torch/csrc/autograd/engine.h>

#include "c10d.h"

namespace clinicadl {
namespace {

// allGatherNow(group, output, input): the inputs of all ranks, one after another; waits
napi_value all_gather_now(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::NoGradGuard no_grad;
    const at::Tensor output = state.get(to_handle(env, args[1])), input = state.get(to_handle(env, args[2]));
    all_gather_into(group_of(env, args[0])->of(input), output, input)->wait();
    return make_undefined(env);
  });
}

// resizeStorage(tensor, bytes): of the memory behind it and its views, which keep their shapes; 0 gives it back
napi_value resize_storage(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor& tensor = state.get(to_handle(env, args[0]));
    TORCH_CHECK(tensor.device().is_cpu(), "resizeStorage takes a tensor on the CPU");
    at::native::resize_bytes_cpu(tensor.storage().unsafeGetStorageImpl(), to_size(env, args[1]));
    return make_undefined(env);
  });
}

// atBackwardEnd(fn): within a backward pass, calls fn() when it is over
napi_value at_backward_end(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    auto callback = std::make_shared<Callback>(state, Args(env, info)[0], "what follows a backward pass");
    torch::autograd::Engine::get_default_engine().queue_callback([callback] {
      callback->call([](Env&) { return std::vector<napi_value>(); }, [](Env&, napi_value) {});
    });
    return make_undefined(env);
  });
}

}  // namespace

void define_sharding(napi_env env, napi_value exports) {
  define(env, exports, "allGatherNow", all_gather_now);
  define(env, exports, "resizeStorage", resize_storage);
  define(env, exports, "atBackwardEnd", at_backward_end);
}

}  // namespace clinicadl
