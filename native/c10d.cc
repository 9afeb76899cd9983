// Processes that work together: PyTorch's c10d, with gloo between CPUs and NCCL between GPUs. Each call begins a collective and gives a promise of
// its end; the work goes on in threads of theirs, beside JavaScript. All processes must begin the same ones in the same order.
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "c10d.h"
#include "pending.h"

namespace clinicadl {
namespace {

using Gloo = c10d::ProcessGroupGloo;

template <typename T>
using Ref = c10::intrusive_ptr<T>;

// The connections of a group, which only a class derived from it may name. Without them what is pending fails at once; with
// them the end of a group waits for it, and so would the end of the process.
struct Opened : Gloo {
  static void disconnect(Gloo& group) {
    for (const auto& context : group.*(&Opened::contexts_)) context->closeConnections();
  }
};
void close(Group& group, bool failed = true) {
  group.close_nccl(failed);
  Opened::disconnect(static_cast<Gloo&>(*group.gloo()));
}
void close(c10d::Store&) {}

// What JavaScript holds of a store or a group; empty once it was closed.
template <typename T>
napi_value make_held(napi_env env, Ref<T> object) {
  auto owner = std::make_unique<Ref<T>>(std::move(object));
  napi_value out;
  auto finalize = [](napi_env, void* data, void*) {
    const std::unique_ptr<Ref<T>> owner(static_cast<Ref<T>*>(data));
    if (*owner) close(**owner);
  };
  ok(napi_create_external(env, owner.get(), finalize, nullptr, &out));
  owner.release();
  return out;
}
template <typename T>
Ref<T>& held(napi_env env, napi_value value, const char* what) {
  void* data = nullptr;
  if (napi_get_value_external(env, value, &data) != napi_ok) throw std::invalid_argument(std::string("expected ") + what);
  auto& object = *static_cast<Ref<T>*>(data);
  if (!object) throw std::invalid_argument(std::string(what) + " has been closed");
  return object;
}
Ref<c10d::Store> store_of(napi_env env, napi_value value) { return held<c10d::Store>(env, value, "a store"); }
Ref<Group> held_group(napi_env env, napi_value value) { return held<Group>(env, value, "a process group"); }

std::chrono::milliseconds milliseconds_of(napi_env env, napi_value value) { return std::chrono::milliseconds(to_int(env, value)); }

// tcpStore(host, port, isServer, timeoutMs): a promise; the server of it stands in one process, which is the last to leave
napi_value tcp_store(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(to_size(env, args[1]));
    options.isServer = to_bool(env, args[2]);
    options.waitWorkers = false;
    options.timeout = milliseconds_of(env, args[3]);
    return Pending::run(state, [host = to_string(env, args[0]), options]() -> Pending::Result {
      Ref<c10d::Store> store = c10::make_intrusive<c10d::TCPStore>(host, options);
      return [store](Env& state) { return make_held(state.env, store); };
    });
  });
}

// fileStore(path, size, timeoutMs): a file that all processes see
napi_value file_store(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    Args args(env, info);
    Ref<c10d::Store> store = c10::make_intrusive<c10d::FileStore>(to_string(env, args[0]), static_cast<int>(to_size(env, args[1])));
    store->setTimeout(milliseconds_of(env, args[2]));
    return make_held(env, std::move(store));
  });
}

// hashStore(): in the memory of this process, which meets nobody
napi_value hash_store(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    Ref<c10d::Store> store = c10::make_intrusive<c10d::HashStore>();
    return make_held(env, std::move(store));
  });
}

// prefixStore(store, prefix): the part of a store whose keys begin so
napi_value prefix_store(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    Args args(env, info);
    Ref<c10d::Store> store = c10::make_intrusive<c10d::PrefixStore>(to_string(env, args[1]), store_of(env, args[0]));
    return make_held(env, std::move(store));
  });
}

// storeSet(store, key, value)
napi_value store_set(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    return Pending::run(state, [store = store_of(env, args[0]), key = to_string(env, args[1]), text = to_string(env, args[2])]() -> Pending::Result {
      store->set(key, std::vector<uint8_t>(text.begin(), text.end()));
      return [](Env& state) { return make_undefined(state.env); };
    });
  });
}

// storeClaim(store, key, value): puts it there unless there is one; what is there then
napi_value store_claim(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    return Pending::run(state, [store = store_of(env, args[0]), key = to_string(env, args[1]), text = to_string(env, args[2])]() -> Pending::Result {
      const std::vector<uint8_t> there = store->compareSet(key, std::vector<uint8_t>(), std::vector<uint8_t>(text.begin(), text.end()));
      return [text = std::string(there.begin(), there.end())](Env& state) { return make_string(state.env, text); };
    });
  });
}

// storeGet(store, key, timeoutMs): waits until it is there, and looks once more where it was not: the answer may have been on its way for longer
napi_value store_get(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const auto timeout = milliseconds_of(env, args[2]);
    return Pending::run(state, [store = store_of(env, args[0]), key = to_string(env, args[1]), timeout]() -> Pending::Result {
      try {
        store->wait({key}, timeout);
      } catch (const c10::Error&) {
        if (!store->check({key})) throw;
      }
      const std::vector<uint8_t> value = store->get(key);
      return [text = std::string(value.begin(), value.end())](Env& state) { return make_string(state.env, text); };
    });
  });
}

napi_value store_close(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    held<c10d::Store>(env, Args(env, info)[0], "a store").reset();
    return make_undefined(env);
  });
}

// glooGroup(store, rank, size, joinMs, timeoutMs, interface): a promise; meets the others through the store within joinMs, and waits
// for what they do as long as timeoutMs. `interface` is the name of a network interface, or "": the one of this host's name
napi_value gloo_group(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const auto rank = static_cast<int>(to_size(env, args[1])), size = static_cast<int>(to_size(env, args[2]));
    const auto join = milliseconds_of(env, args[3]), timeout = milliseconds_of(env, args[4]);
    return Pending::run(state, [store = store_of(env, args[0]), rank, size, join, timeout, name = to_string(env, args[5])]() -> Pending::Result {
      auto options = Gloo::Options::create(join);
      options->devices.push_back(name.empty() ? Gloo::createDefaultDevice() : Gloo::createDeviceForInterface(name));
      auto gloo = c10::make_intrusive<Gloo>(store, rank, size, options);
      gloo->setTimeout(timeout);
      auto group = c10::make_intrusive<Group>(gloo, c10::make_intrusive<c10d::PrefixStore>("nccl", store), timeout);
      return [group](Env& state) { return make_held(state.env, group); };
    });
  });
}

// glooClose(group, failed): ends its connections, so that what is pending in the others fails at once. What is pending here may
// not, and the threads of a group end when it does: one that has failed is left to the end of the process.
napi_value gloo_close(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const bool failed = to_bool(env, args[1]);
    Ref<Group> group = std::move(held<Group>(env, args[0], "a process group"));
    return Pending::run(state, [group, failed]() mutable -> Pending::Result {
      close(*group, failed);
      if (failed) group.release();
      else group.reset();
      return [](Env& state) { return make_undefined(state.env); };
    });
  });
}

// The promise of a collective's end, and of what is done with its result there. What it works with is held by it until then.
napi_value promise_of(Env& state, const Ref<c10d::Work>& work, std::function<void()> finish = nullptr) {
  auto pending = Pending::make(state);
  napi_value promise = pending->promise();
  work->getFuture()->addCallback([pending, finish = std::move(finish)](c10::ivalue::Future& future) {
    if (future.hasError()) return pending->fail(future.exception_ptr());
    if (finish) finish();
    pending->settle([](Env& state) { return make_undefined(state.env); });
  });
  return promise;
}

// One part a rank, which are views. The lists of tensors are the collectives of every version of libtorch; those of one tensor have
// had several names.
std::vector<at::Tensor> parts_of(const char* name, const at::Tensor& whole, const at::Tensor& part, int size) {
  TORCH_CHECK(whole.numel() == part.numel() * size && whole.scalar_type() == part.scalar_type() && whole.is_contiguous() && part.is_contiguous(), name,
              ": expected contiguous tensors of one type, the large one with ", size, " times the elements of the small one, got ", whole.numel(), " and ",
              part.numel(), " elements");
  return whole.view({size, part.numel()}).unbind();
}

// The same, of tensors on `like`'s device. NCCL's future is there at once; what it stands for is done when the GPU has come to it.
napi_value promise_of(Env& state, Group& group, const at::Tensor& like, const Ref<c10d::Work>& work, std::function<void()> finish = nullptr) {
  if (!like.is_cuda()) return promise_of(state, work, std::move(finish));
  // what this thread asks of its GPU from here on comes behind it
  work->synchronize();
  if (finish) finish();
  return Pending::run(state, [work, until = std::chrono::steady_clock::now() + group.timeout()]() -> Pending::Result {
    while (!work->isCompleted()) {
      TORCH_CHECK(std::chrono::steady_clock::now() < until, "the GPUs of the other processes have not answered in time");
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    if (auto why = work->exception()) std::rethrow_exception(why);
    return [](Env& state) { return make_undefined(state.env); };
  });
}

c10d::ReduceOp op_from_name(const std::string& name) {
  if (name == "sum") return c10d::ReduceOp::SUM;
  if (name == "product") return c10d::ReduceOp::PRODUCT;
  if (name == "min") return c10d::ReduceOp::MIN;
  if (name == "max") return c10d::ReduceOp::MAX;
  throw std::invalid_argument("expected sum, product, min or max, got " + name);
}

// glooAllReduce(group, tensors, op): of one type, on one device, contiguous; each becomes the sum (…) of the processes'
napi_value gloo_all_reduce(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    auto tensors = tensors_of(state, args[1]);
    c10d::AllreduceCoalescedOptions options;
    options.reduceOp = op_from_name(to_string(env, args[2]));
    at::NoGradGuard no_grad;
    auto group = held_group(env, args[0]);
    return promise_of(state, *group, tensors.at(0), group->of(tensors[0])->allreduce_coalesced(tensors, options));
  });
}

// glooBroadcast(group, tensor, root)
napi_value gloo_broadcast(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    std::vector<at::Tensor> tensors{state.get(to_handle(env, args[1]))};
    c10d::BroadcastOptions options;
    options.rootRank = to_int(env, args[2]);
    at::NoGradGuard no_grad;
    auto group = held_group(env, args[0]);
    return promise_of(state, *group, tensors[0], group->of(tensors[0])->broadcast(tensors, options));
  });
}

// glooAllGather(group, outputs, input): one output a rank, of the input's shape and type
napi_value gloo_all_gather(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    std::vector<std::vector<at::Tensor>> outputs{tensors_of(state, args[1])};
    std::vector<at::Tensor> inputs{state.get(to_handle(env, args[2]))};
    at::NoGradGuard no_grad;
    auto group = held_group(env, args[0]);
    return promise_of(state, *group, inputs[0], group->of(inputs[0])->allgather(outputs, inputs));
  });
}

// glooAllGatherInto(group, output, input)
napi_value gloo_all_gather_into(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::NoGradGuard no_grad;
    const at::Tensor output = state.get(to_handle(env, args[1])), input = state.get(to_handle(env, args[2]));
    auto group = held_group(env, args[0]);
    return promise_of(state, *group, input, all_gather_into(group->of(input), output, input));
  });
}

// glooReduceScatter(group, output, input, op): gloo has no such collective; each process takes its part of what all of them reduce
napi_value gloo_reduce_scatter(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::NoGradGuard no_grad;
    const auto group = held_group(env, args[0]);
    const at::Tensor output = state.get(to_handle(env, args[1]));
    std::vector<at::Tensor> reduced{state.get(to_handle(env, args[2])).clone()};
    const auto backend = group->of(output);
    const at::Tensor own = parts_of("reduceScatterTensor", reduced[0], output, backend->getSize())[backend->getRank()];
    c10d::AllreduceOptions options;
    options.reduceOp = op_from_name(to_string(env, args[3]));
    return promise_of(state, *group, output, backend->allreduce(reduced, options), [output, own] {
      at::NoGradGuard no_grad;
      output.view({output.numel()}).copy_(own);
    });
  });
}

napi_value gloo_barrier(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) { return promise_of(state, held_group(env, Args(env, info)[0])->gloo()->barrier()); });
}

}  // namespace

c10::intrusive_ptr<Group> group_of(napi_env env, napi_value value) { return held_group(env, value); }

c10::intrusive_ptr<c10d::Work> all_gather_into(const c10::intrusive_ptr<c10d::Backend>& group, const at::Tensor& output, const at::Tensor& input) {
  std::vector<std::vector<at::Tensor>> outputs{parts_of("allGatherIntoTensor", output, input, group->getSize())};
  std::vector<at::Tensor> inputs{input.view({input.numel()})};
  return group->allgather(outputs, inputs);
}

void define_c10d(napi_env env, napi_value exports) {
  define(env, exports, "tcpStore", tcp_store);
  define(env, exports, "fileStore", file_store);
  define(env, exports, "hashStore", hash_store);
  define(env, exports, "prefixStore", prefix_store);
  define(env, exports, "storeSet", store_set);
  define(env, exports, "storeClaim", store_claim);
  define(env, exports, "storeGet", store_get);
  define(env, exports, "storeClose", store_close);
  define(env, exports, "glooGroup", gloo_group);
  define(env, exports, "glooClose", gloo_close);
  define(env, exports, "glooAllReduce", gloo_all_reduce);
  define(env, exports, "glooBroadcast", gloo_broadcast);
  define(env, exports, "glooAllGather", gloo_all_gather);
  define(env, exports, "glooAllGatherInto", gloo_all_gather_into);
  define(env, exports, "glooReduceScatter", gloo_reduce_scatter);
  define(env, exports, "glooBarrier", gloo_barrier);
}

}  // namespace clinicadl
