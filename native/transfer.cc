// Moving tensors between JavaScript threads: no copy, the handle changes hands.
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <unordered_map>

#include "addon.h"

namespace clinicadl {
namespace {

struct InFlight {
  at::Tensor tensor;
  uint32_t owner;
};
std::mutex flight_mutex;
std::unordered_map<uint64_t, InFlight> in_flight;
uint64_t next_id = 1;

bool has_hooks(const at::Tensor& tensor) {
  if (!tensor.requires_grad()) return false;
  const auto& list = torch::autograd::impl::materialize_autograd_meta(tensor)->cpp_hooks_list_;
  return list != nullptr && std::any_of(list->begin(), list->end(), [](const auto& hook) { return static_cast<bool>(hook); });
}

napi_value release(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    uint32_t handle = to_handle(env, Args(env, info)[0]);
    at::Tensor tensor = state.get(handle);
    if (has_hooks(tensor)) throw std::invalid_argument("a tensor with a gradient hook stays on its thread: remove the hook first, since it could not be called on another");
    // JavaScript's memory goes when its thread ends
    if (is_shared_with_javascript(tensor)) tensor = tensor.clone();
    state.remove(handle);
    std::lock_guard<std::mutex> lock(flight_mutex);
    in_flight.emplace(next_id, InFlight{std::move(tensor), state.id});
    return make_number(env, static_cast<double>(next_id++));
  });
}

napi_value adopt(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    uint64_t id = static_cast<uint64_t>(to_int(env, Args(env, info)[0]));
    at::Tensor tensor;
    {
      std::lock_guard<std::mutex> lock(flight_mutex);
      auto found = in_flight.find(id);
      if (found == in_flight.end()) throw std::invalid_argument("tensor " + std::to_string(id) + " is not in flight: it was adopted already, or its sender's tensors were dropped");
      tensor = std::move(found->second.tensor);
      in_flight.erase(found);
    }
    return make_handle(state, std::move(tensor));
  });
}

// dropFrom(owner): frees what a thread that is gone had sent and nobody took; the count.
napi_value drop_from(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    uint32_t owner = to_handle(env, Args(env, info)[0]);
    std::vector<at::Tensor> dying;
    {
      std::lock_guard<std::mutex> lock(flight_mutex);
      for (auto it = in_flight.begin(); it != in_flight.end();) {
        if (it->second.owner == owner) {
          dying.push_back(std::move(it->second.tensor));
          it = in_flight.erase(it);
        } else {
          ++it;
        }
      }
    }
    return make_number(env, static_cast<double>(dying.size()));
  });
}

napi_value owner(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env& state) { return make_number(env, state.id); });
}

napi_value count(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    std::lock_guard<std::mutex> lock(flight_mutex);
    return make_number(env, static_cast<double>(in_flight.size()));
  });
}

}  // namespace

void define_transfer(napi_env env, napi_value exports) {
  define(env, exports, "transferRelease", release);
  define(env, exports, "transferAdopt", adopt);
  define(env, exports, "transferDropFrom", drop_from);
  define(env, exports, "transferOwner", owner);
  define(env, exports, "transferCount", count);
}

}  // namespace clinicadl
