#include "pending.h"

namespace clinicadl {

std::shared_ptr<Pending> Pending::make(Env& state) {
  std::shared_ptr<Pending> pending(new Pending());
  ok(napi_create_promise(state.env, &pending->deferred_, &pending->promise_));
  ok(napi_create_threadsafe_function(state.env, nullptr, nullptr, make_string(state.env, "clinicadl"), 0, 1, nullptr, nullptr, pending.get(), finish,
                                     &pending->wake_));
  pending->self_ = pending;
  return pending;
}

void Pending::settle(Result result) {
  result_ = std::move(result);
  wake();
}

void Pending::fail(std::exception_ptr why) {
  why_ = std::move(why);
  wake();
}

// Where the environment is closing, the function is not called, and nobody waits any longer.
void Pending::wake() {
  std::shared_ptr<Pending> last;
  if (napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_blocking) != napi_ok) last = std::move(self_);
}

void Pending::finish(napi_env env, napi_value, void* context, void*) {
  auto* pending = static_cast<Pending*>(context);
  const std::shared_ptr<Pending> last = std::move(pending->self_);
  if (env == nullptr) return;
  guarded(env, [&](Env& state) -> napi_value {
    if (pending->why_ == nullptr) {
      try {
        ok(napi_resolve_deferred(env, pending->deferred_, pending->result_(state)));
      } catch (const std::exception&) {
        pending->why_ = std::current_exception();
      }
    }
    if (pending->why_ != nullptr) {
      napi_value error;
      ok(napi_create_error(env, nullptr, make_string(env, message_of(pending->why_)), &error));
      ok(napi_reject_deferred(env, pending->deferred_, error));
    }
    return nullptr;
  });
  napi_release_threadsafe_function(pending->wake_, napi_tsfn_release);
}

napi_value Pending::run(Env& state, std::function<Result()> work) {
  auto pending = make(state);
  napi_value promise = pending->promise();
  std::thread([pending, work = std::move(work)] {
    try {
      pending->settle(work());
    } catch (...) {
      pending->fail(std::current_exception());
    }
  }).detach();
  return promise;
}

}  // namespace clinicadl
