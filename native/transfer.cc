// Moving tensors between JavaScript threads: no copy, the handle changes hands.
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

napi_value release(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    uint32_t handle = to_handle(env, Args(env, info)[0]);
    at::Tensor tensor = state.get(handle);
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

napi_value owner(napi_env env, napi_callback_info) { return make_number(env, current(env)->id); }

napi_value count(napi_env env, napi_callback_info) {
  std::lock_guard<std::mutex> lock(flight_mutex);
  return make_number(env, static_cast<double>(in_flight.size()));
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
