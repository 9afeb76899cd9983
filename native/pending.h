// A promise that another thread settles.
#pragma once
#include "addon.h"

namespace clinicadl {

// Made on the JavaScript thread; `settle` or `fail` is called once, from any thread. While it is pending the process does not
// end. Where the environment ends first, nothing is settled and nothing is lost.
class Pending {
 public:
  // How the result becomes a value, on the JavaScript thread.
  using Result = std::function<napi_value(Env&)>;

  static std::shared_ptr<Pending> make(Env& state);
  napi_value promise() const { return promise_; }
  void settle(Result result);
  void fail(std::exception_ptr why);
  // Runs `work` on a thread of its own, and settles with what it gives.
  static napi_value run(Env& state, std::function<Result()> work);

 private:
  Pending() = default;
  void wake();
  static void finish(napi_env env, napi_value, void* context, void*);

  napi_value promise_ = nullptr;  // valid in the call that made it
  napi_deferred deferred_ = nullptr;
  napi_threadsafe_function wake_ = nullptr;
  Result result_;
  std::exception_ptr why_;
  std::shared_ptr<Pending> self_;  // until JavaScript has been told
};

// libtorch's message, without the C++ stack.
std::string message_of(std::exception_ptr why);

}  // namespace clinicadl
