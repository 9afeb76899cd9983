// Calls from libtorch into JavaScript.
#include "addon.h"

namespace clinicadl {
namespace {

// Closes its scope however the block is left.
struct HandleScope {
  napi_env env;
  napi_handle_scope scope = nullptr;
  explicit HandleScope(napi_env e) : env(e) { ok(napi_open_handle_scope(env, &scope)); }
  ~HandleScope() { napi_close_handle_scope(env, scope); }
  HandleScope(const HandleScope&) = delete;
  HandleScope& operator=(const HandleScope&) = delete;
};

}  // namespace

Callback::Callback(Env& state, napi_value function, const char* what) : state_(&state), life_(state.life), what_(what) {
  ok(napi_create_reference(state.env, function, 1, &function_));
}

Callback::~Callback() {
  std::lock_guard<std::mutex> lock(life_->mutex);
  life_->dead_refs.push_back(function_);
}

void Callback::call(const std::function<std::vector<napi_value>(Env&)>& arguments, const std::function<void(Env&, napi_value)>& take) const {
  const std::string what(what_);
  {
    std::lock_guard<std::mutex> lock(life_->mutex);
    if (life_->ended) throw std::runtime_error(what + " was reached whose thread has ended: remove it before a tensor goes to another thread");
  }
  if (std::this_thread::get_id() != life_->thread)
    throw std::runtime_error(what + " was reached on another thread (a GPU's): functions in JavaScript run for CPU tensors only, on the thread that made them");
  napi_env env = state_->env;
  HandleScope scope(env);
  std::vector<napi_value> values = arguments(*state_);
  napi_value callee, global, result = nullptr;
  ok(napi_get_reference_value(env, function_, &callee));
  ok(napi_get_global(env, &global));
  if (napi_call_function(env, global, callee, values.size(), values.data(), &result) != napi_ok) {
    napi_value exception;
    if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) ok(napi_create_reference(env, exception, 1, &state_->pending_exception));
    throw std::runtime_error(what + " threw");
  }
  take(*state_, result);
}

}  // namespace clinicadl
