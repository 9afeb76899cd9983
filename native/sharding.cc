// What sharded weights need of libtorch: collectives that are waited for, one of which is begun before, memory that a tensor gives back and
// takes again while views of it stay, and a call at the end of a backward pass.
#include <ATen/native/Resize.h>
#include <torch/csrc/autograd/engine.h>

#include "c10d.h"

namespace clinicadl {
namespace {

using Work = c10::intrusive_ptr<c10d::Work>;

// beginAllGather(group, output, input): the inputs of all ranks, one after another, when workWait has waited for it
napi_value begin_all_gather(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::NoGradGuard no_grad;
    const at::Tensor output = state.get(to_handle(env, args[1])), input = state.get(to_handle(env, args[2]));
    auto work = std::make_unique<Work>(all_gather_into(group_of(env, args[0])->of(input), output, input));
    napi_value out;
    ok(napi_create_external(env, work.get(), [](napi_env, void* data, void*) { delete static_cast<Work*>(data); }, nullptr, &out));
    work.release();
    return out;
  });
}

// workWait(work): once; it holds its tensors until then
napi_value work_wait(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    void* data = nullptr;
    if (napi_get_value_external(env, Args(env, info)[0], &data) != napi_ok) throw std::invalid_argument("expected what beginAllGather gave");
    const Work work = std::move(*static_cast<Work*>(data));
    if (!work) throw std::invalid_argument("this has been waited for");
    work->wait();
    return make_undefined(env);
  });
}

// reduceScatterNow(group, output, input): the sum of this rank's parts of the inputs; waits. Gloo has no such collective, and would send twice as
// much to reduce all of it: each rank sends the others their parts, and adds up its own
napi_value reduce_scatter_now(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::NoGradGuard no_grad;
    at::Tensor output = state.get(to_handle(env, args[1])), input = state.get(to_handle(env, args[2]));
    const auto group = group_of(env, args[0])->of(input);
    TORCH_CHECK(input.numel() == output.numel() * group->getSize(), "reduceScatter: expected ", group->getSize(), " times ", output.numel(),
                " elements, got ", input.numel());
    at::Tensor parts = at::empty_like(input);
    std::vector<int64_t> even;
    group->alltoall_base(parts, input, even, even)->wait();
    at::sum_out(output, parts.view({group->getSize(), output.numel()}), {0});
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
  define(env, exports, "beginAllGather", begin_all_gather);
  define(env, exports, "workWait", work_wait);
  define(env, exports, "reduceScatterNow", reduce_scatter_now);
  define(env, exports, "resizeStorage", resize_storage);
  define(env, exports, "atBackwardEnd", at_backward_end);
}

}  // namespace clinicadl
