// Gradients that are summed over processes while the backward pass goes on: libtorch's own c10d::Reducer, as PyTorch's
// DistributedDataParallel has it. The last gradient of a backward pass waits for the others, on JavaScript's thread.
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <algorithm>

#include "c10d.h"

namespace clinicadl {
namespace {

template <typename T>
using Ref = c10::intrusive_ptr<T>;

// Whether a collective has failed: the others are gone, or have left because of an error.
using Lost = std::shared_ptr<std::atomic<bool>>;

// How a bucket of gradients becomes that of all processes: their sum, each times `factor`, sent as numbers of `type`.
struct Reduction : c10d::CommHookInterface {
  Ref<Group> group;
  double factor;
  std::optional<at::ScalarType> type;
  Lost lost;

  Reduction(Ref<Group> group, double factor, std::optional<at::ScalarType> type, Lost lost)
      : group(std::move(group)), factor(factor), type(type), lost(std::move(lost)) {}

  Ref<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
    at::NoGradGuard no_grad;
    at::Tensor gradients = bucket.getBuffer();
    // before they are sent: the sum of many would not fit in a small type
    if (factor != 1) gradients.mul_(factor);
    const bool smaller = type && gradients.is_floating_point() && gradients.itemsize() > c10::elementSize(*type);
    std::vector<at::Tensor> sent{smaller ? gradients.to(*type) : gradients};
    auto future = group->of(gradients)->allreduce(sent)->getFuture();
    future->addCallback([lost = lost](c10::ivalue::Future& ended) {
      if (ended.hasError()) *lost = true;
    });
    return future->then(
        [gradients, sent, smaller](c10::ivalue::Future& ended) -> c10::IValue {
          if (ended.hasError()) std::rethrow_exception(ended.exception_ptr());
          at::NoGradGuard no_grad;
          if (smaller) gradients.copy_(sent[0]);
          return gradients;
        },
        c10::TensorType::get());
  }
  at::Tensor parseHookResult(const c10::IValue& result) override { return result.toTensor(); }
};

// A group as c10d's functions want it, for tensors on the device of the first.
Ref<c10d::ProcessGroup> process_group_of(Group& group, const std::vector<at::Tensor>& tensors) {
  using Type = c10d::ProcessGroup::BackendType;
  auto out = c10::make_intrusive<c10d::ProcessGroup>(group.gloo()->getRank(), group.gloo()->getSize());
  out->setBackend(c10::DeviceType::CPU, Type::GLOO, group.gloo());
  const bool cuda = !tensors.empty() && tensors[0].is_cuda();
  if (cuda) out->setBackend(c10::DeviceType::CUDA, Type::NCCL, group.of(tensors[0]));
  out->setDefaultBackend(cuda ? Type::NCCL : Type::GLOO);
  return out;
}

// Later versions take the sizes of single buckets, too.
template <typename Reducer, typename... Common>
std::unique_ptr<Reducer> construct(Common... common) {
  if constexpr (std::is_constructible_v<Reducer, Common..., std::vector<int64_t>>)
    return std::make_unique<Reducer>(std::move(common)..., std::vector<int64_t>());
  else
    return std::make_unique<Reducer>(std::move(common)...);
}

struct Reducing {
  Lost lost = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<c10d::Reducer> reducer;
};

struct ReducerOptions {
  bool find_unused, as_views;
  double factor;
  int64_t first_bytes, bytes;
  std::optional<at::ScalarType> type;
};

std::unique_ptr<Reducing> make_reducing(const Ref<Group>& group, std::vector<at::Tensor> parameters, const ReducerOptions& options) {
  auto out = std::make_unique<Reducing>();
  const std::vector<bool> sparse(parameters.size(), false);
  auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(
      parameters, {static_cast<size_t>(options.first_bytes), static_cast<size_t>(options.bytes)}, sparse));
  // the last parameters have their gradients first
  std::reverse(buckets.begin(), buckets.end());
  auto process_group = process_group_of(*group, parameters);
  out->reducer = construct<c10d::Reducer>(std::move(parameters), std::move(buckets), std::move(process_group), sparse, options.bytes, options.find_unused,
                                          options.as_views, std::unordered_map<size_t, std::string>(), options.first_bytes, false, false);
  out->reducer->register_comm_hook(std::make_unique<Reduction>(group, options.factor, options.type, out->lost));
  return out;
}

Reducing& reducing_of(napi_env env, napi_value value) {
  void* data = nullptr;
  if (napi_get_value_external(env, value, &data) != napi_ok) throw std::invalid_argument("expected a reducer of gradients");
  auto& held = *static_cast<std::unique_ptr<Reducing>*>(data);
  if (held == nullptr) throw std::invalid_argument("the reducer of gradients has been closed");
  return *held;
}

// libtorch's reducer warns where it has looked for unused parameters and found none, and of strides of dimensions of one element: the
// first is not known beforehand, the second costs nothing. Other warnings go where they went.
struct Filter : c10::WarningHandler {
  c10::WarningHandler* rest = c10::WarningUtils::get_warning_handler();
  void process(const c10::Warning& warning) override {
    if (std::string_view(warning.source_location().file).find("reducer.cpp") == std::string_view::npos) rest->process(warning);
  }
};
void filter_warnings() {
  static thread_local Filter filter;
  c10::WarningUtils::set_warning_handler(&filter);
}

// reducer(group, parameters, findUnused, asViews, factor, firstBytes, bytes, type): `type` names what gradients are sent as; null: as they are
napi_value reducer(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    filter_warnings();
    ReducerOptions options{to_bool(env, args[2]), to_bool(env, args[3]), to_double(env, args[4]), to_int(env, args[5]), to_int(env, args[6]), {}};
    if (!is_nullish(env, args[7])) options.type = dtype_from_name(to_string(env, args[7]));
    auto owner = std::make_unique<std::unique_ptr<Reducing>>(make_reducing(group_of(env, args[0]), tensors_of(state, args[1]), options));
    napi_value out;
    auto finalize = [](napi_env, void* data, void*) { delete static_cast<std::unique_ptr<Reducing>*>(data); };
    ok(napi_create_external(env, owner.get(), finalize, nullptr, &out));
    owner.release();
    return out;
  });
}

// reducerForward(reducer): before a forward pass whose gradients are reduced
napi_value reducer_forward(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    auto& reducer = *reducing_of(env, Args(env, info)[0]).reducer;
    reducer.prepare_for_forward();
    reducer.rebuild_buckets();
    return make_undefined(env);
  });
}

// reducerBackward(reducer, outputs): before the backward pass from them
napi_value reducer_backward(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    reducing_of(env, args[0]).reducer->prepare_for_backward(tensors_of(state, args[1]));
    return make_undefined(env);
  });
}

// reducerLost(reducer): whether the others could not be reached
napi_value reducer_lost(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) { return make_bool(env, *reducing_of(env, Args(env, info)[0]).lost); });
}

// reducerClose(reducer): backward passes are this process's own from here on
napi_value reducer_close(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    void* data = nullptr;
    if (napi_get_value_external(env, Args(env, info)[0], &data) != napi_ok) throw std::invalid_argument("expected a reducer of gradients");
    static_cast<std::unique_ptr<Reducing>*>(data)->reset();
    return make_undefined(env);
  });
}

// sameInAll(group, parameters): an error where they have not the shapes and types of rank 0's; waits
napi_value same_in_all(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const auto tensors = tensors_of(state, args[1]);
    c10d::verify_params_across_processes(process_group_of(*group_of(env, args[0]), tensors), tensors, std::nullopt);
    return make_undefined(env);
  });
}

// broadcastNow(group, tensors, root): many in few messages; waits
napi_value broadcast_now(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    constexpr size_t message = 250 << 20;  // DistributedDataParallel's
    at::NoGradGuard no_grad;
    const auto tensors = tensors_of(state, args[1]);
    if (!tensors.empty()) c10d::broadcast_coalesced(process_group_of(*group_of(env, args[0]), tensors), tensors, message, to_int(env, args[2]));
    return make_undefined(env);
  });
}

// allReduceNow(group, tensor): becomes the sum of the processes'; waits
napi_value all_reduce_now(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    std::vector<at::Tensor> tensors{state.get(to_handle(env, args[1]))};
    at::NoGradGuard no_grad;
    group_of(env, args[0])->of(tensors[0])->allreduce(tensors)->wait();
    return make_undefined(env);
  });
}

}  // namespace

void define_reducer(napi_env env, napi_value exports) {
  define(env, exports, "reducer", reducer);
  define(env, exports, "reducerForward", reducer_forward);
  define(env, exports, "reducerBackward", reducer_backward);
  define(env, exports, "reducerLost", reducer_lost);
  define(env, exports, "reducerClose", reducer_close);
  define(env, exports, "sameInAll", same_in_all);
  define(env, exports, "broadcastNow", broadcast_now);
  define(env, exports, "allReduceNow", all_reduce_now);
}

}  // namespace clinicadl
