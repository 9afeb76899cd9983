// What every file of the addon shares: the state of one JavaScript thread, handles, errors, argument reading.
#pragma once
#include <ATen/ATen.h>
#include <node_api.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace clinicadl {

// What outlives an environment, for whoever holds something of it on another thread.
struct Life {
  std::mutex mutex;
  std::vector<napi_ref> dead_refs;  // of JavaScript values whose C++ owner died on any thread; deleted on the JavaScript thread
  bool ended = false;               // the environment is gone, and its Env with it
  std::thread::id thread;
};

// One per JavaScript environment (main thread, each worker).
struct Env {
  napi_env env = nullptr;
  uint32_t id = 0;
  std::vector<at::Tensor> slots;
  std::vector<int64_t> slot_bytes;  // memory that came into being with the tensor in each slot
  std::vector<uint32_t> free_slots;
  std::vector<at::Generator> generators;
  std::vector<uint32_t> free_generators;
  std::shared_ptr<Life> life = std::make_shared<Life>();
  napi_ref pending_exception = nullptr;  // thrown by a gradient hook, re-thrown when backward returns
  int64_t held_bytes = 0;                // the sum of slot_bytes
  int64_t reported_bytes = 0;            // what V8 was told about memory outside its heap
  uint32_t ticks = 0;

  uint32_t add(at::Tensor tensor);
  at::Tensor& get(uint32_t handle);
  void remove(uint32_t handle);
  ~Env();

 private:
  void house_keep();
};

// A Node-API call that did not succeed: the environment is ending, or a JavaScript exception is on its way. After it no
// value that the call should have given may be touched.
struct NodeApiFailure : std::runtime_error {
  explicit NodeApiFailure(napi_status status) : std::runtime_error("a Node-API call failed with status " + std::to_string(status)) {}
};
inline void ok(napi_status status) {
  if (status != napi_ok) throw NodeApiFailure(status);
}

// Live tensor handles over all threads.
extern std::atomic<int64_t> live_handles;

Env* current(napi_env env);

// Runs `body`; a C++ exception becomes a JavaScript one with libtorch's message and without the C++ stack.
napi_value guarded(napi_env env, const std::function<napi_value(Env&)>& body);

struct Args {
  napi_env env;
  size_t count = 64;
  napi_value v[64];
  Args(napi_env e, napi_callback_info info) : env(e) {
    ok(napi_get_cb_info(e, info, &count, v, nullptr, nullptr));
    if (count > 64) throw std::invalid_argument("at most 64 arguments are taken, got " + std::to_string(count));
  }
  // Node-API fills what was not passed with undefined.
  napi_value operator[](size_t i) const { return v[i]; }
};

// Readers throw std::invalid_argument with what was expected.
napi_valuetype type_of(napi_env env, napi_value value);
bool is_nullish(napi_env env, napi_value value);
double to_double(napi_env env, napi_value value);
int64_t to_int(napi_env env, napi_value value);
uint64_t to_seed(napi_env env, napi_value value);  // any integer of 64 bits, signed or not, as PyTorch takes it
uint32_t to_handle(napi_env env, napi_value value);
bool to_bool(napi_env env, napi_value value);
std::string to_string(napi_env env, napi_value value);
std::vector<int64_t> to_ints(napi_env env, napi_value value);
uint32_t array_length(napi_env env, napi_value array);
size_t to_size(napi_env env, napi_value value);  // an integer that is not negative

// The memory of a typed array, or of a contiguous CPU tensor given by its handle. It lasts as long as the value does.
struct Span {
  uint8_t* data = nullptr;
  size_t size = 0;
};
Span span_of(Env& state, napi_value value);

napi_value make_number(napi_env env, double value);
napi_value make_handle(Env& env, at::Tensor tensor);  // null for an undefined tensor
napi_value make_string(napi_env env, const std::string& value);
napi_value make_bool(napi_env env, bool value);
napi_value make_ints(napi_env env, at::IntArrayRef values);
napi_value make_array(napi_env env, size_t length);
void set_element(napi_env env, napi_value array, size_t index, napi_value value);
void set_property(napi_env env, napi_value object, const char* name, napi_value value);
napi_value make_undefined(napi_env env);
napi_value make_null(napi_env env);

at::ScalarType dtype_from_name(const std::string& name);
const char* dtype_name(at::ScalarType dtype);
at::MemoryFormat memory_format_from_name(const std::string& name);

using Method = napi_value (*)(napi_env, napi_callback_info);
void define(napi_env env, napi_value exports, const char* name, Method method);

// One per domain, called by the registration.
void define_ops(napi_env env, napi_value exports);
void define_tensor(napi_env env, napi_value exports);
void define_bytes(napi_env env, napi_value exports);
void define_autograd(napi_env env, napi_value exports);
void define_random(napi_env env, napi_value exports);
void define_memory(napi_env env, napi_value exports);
void define_system(napi_env env, napi_value exports);
void define_transfer(napi_env env, napi_value exports);
void define_function(napi_env env, napi_value exports);
void define_conv_few(napi_env env, napi_value exports);
void define_conv_depthwise(napi_env env, napi_value exports);
void define_fused(napi_env env, napi_value exports);
void define_convolution(napi_env env, napi_value exports);
void define_components(napi_env env, napi_value exports);
void define_distance(napi_env env, napi_value exports);
void define_grid_distance(napi_env env, napi_value exports);
void define_resample(napi_env env, napi_value exports);
void define_rescale(napi_env env, napi_value exports);
void define_order(napi_env env, napi_value exports);
void define_place(napi_env env, napi_value exports);
void define_count(napi_env env, napi_value exports);
void define_labels(napi_env env, napi_value exports);
void define_blur(napi_env env, napi_value exports);
void define_power(napi_env env, napi_value exports);
void define_noise(napi_env env, napi_value exports);
void define_swap(napi_env env, napi_value exports);
void define_holes(napi_env env, napi_value exports);
void define_c10d(napi_env env, napi_value exports);
void define_reducer(napi_env env, napi_value exports);
void define_sharding(napi_env env, napi_value exports);
void define_event(napi_env env, napi_value exports);
void define_files(napi_env env, napi_value exports);
void define_shared_cache(napi_env env, napi_value exports);
void define_inflate(napi_env env, napi_value exports);
void define_chunks(napi_env env, napi_value exports);
void define_unpacker(napi_env env, napi_value exports);
void define_voxels(napi_env env, napi_value exports);

// The tensors of an array of handles; null is an undefined tensor.
std::vector<at::Tensor> tensors_of(Env& state, napi_value array);
napi_value make_handles(Env& state, const std::vector<at::Tensor>& tensors);

// A JavaScript function that libtorch calls in a backward pass. It belongs to the thread it was made on; a call on another
// one, or after that thread's end, is an error that says so. What it throws is thrown again where backward returns.
class Callback {
 public:
  Callback(Env& state, napi_value function, const char* what);
  ~Callback();
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  // `arguments` makes the values to pass, `take` reads the result; both in a handle scope of the call.
  void call(const std::function<std::vector<napi_value>(Env&)>& arguments, const std::function<void(Env&, napi_value)>& take) const;

 private:
  Env* state_;
  napi_ref function_ = nullptr;
  std::shared_ptr<Life> life_;
  const char* what_;
};

// Whether the memory is JavaScript's own, which goes when its environment does.
bool is_shared_with_javascript(const at::Tensor& tensor);

void install_allocator();
int64_t allocator_live_bytes();

}  // namespace clinicadl
