// Handles, errors, and the reading and making of JavaScript values.
#include "addon.h"
#include "pending.h"

#include <stdexcept>

namespace clinicadl {

std::atomic<int64_t> live_handles{0};

// A worker's tensor of this size is reported to the garbage collector at once, smaller ones together.
constexpr int64_t kWorthReporting = 4 * 1024 * 1024;

uint32_t Env::add(at::Tensor tensor) {
  live_handles.fetch_add(1, std::memory_order_relaxed);
  // a view came with no memory of its own
  const bool fresh = tensor.has_storage() && tensor.storage().use_count() == 1;
  const int64_t bytes = fresh ? static_cast<int64_t>(tensor.storage().nbytes()) : 0;
  held_bytes += bytes;
  // a training step on the main thread makes and frees much more than it keeps: told of each peak, V8 would collect in every step
  const bool large = id != 1 && bytes >= kWorthReporting;
  if ((++ticks & 63) == 0 || large) house_keep();
  if (!free_slots.empty()) {
    uint32_t slot = free_slots.back();
    free_slots.pop_back();
    slots[slot] = std::move(tensor);
    slot_bytes[slot] = bytes;
    return slot;
  }
  slots.push_back(std::move(tensor));
  slot_bytes.push_back(bytes);
  return static_cast<uint32_t>(slots.size() - 1);
}

// The garbage collector sees none of libtorch's bytes, so it is told of the change. The main thread reports all that is
// allocated, since a forgotten loss holds a whole graph; a worker reports what its own tensors brought.
void Env::house_keep() {
  const int64_t now = id == 1 ? allocator_live_bytes() : held_bytes;
  int64_t unused = 0;
  if (napi_adjust_external_memory(env, now - reported_bytes, &unused) == napi_ok) reported_bytes = now;
  std::lock_guard<std::mutex> lock(life->mutex);
  for (napi_ref ref : life->dead_refs) napi_delete_reference(env, ref);
  life->dead_refs.clear();
}

at::Tensor& Env::get(uint32_t handle) {
  if (handle >= slots.size() || !slots[handle].defined()) throw std::invalid_argument("the tensor has been disposed");
  return slots[handle];
}

void Env::remove(uint32_t handle) {
  if (handle >= slots.size() || !slots[handle].defined()) return;
  at::Tensor dying = std::move(slots[handle]);
  slots[handle] = at::Tensor();
  held_bytes -= slot_bytes[handle];
  slot_bytes[handle] = 0;
  free_slots.push_back(handle);
  live_handles.fetch_sub(1, std::memory_order_relaxed);
}

Env::~Env() {
  for (auto& slot : slots)
    if (slot.defined()) live_handles.fetch_sub(1, std::memory_order_relaxed);
  std::lock_guard<std::mutex> lock(life->mutex);
  life->ended = true;
}

Env* current(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<Env*>(data);
}

static std::string without_stack(std::string message) {
  for (const char* cut : {"\nException raised from", "\nC++ CapturedTraceback", "\n\nException raised from"}) {
    size_t at = message.find(cut);
    if (at != std::string::npos) message.resize(at);
  }
  return message;
}

static void throw_message(napi_env env, const std::string& message) { napi_throw_error(env, nullptr, without_stack(message).c_str()); }

std::string message_of(std::exception_ptr why) {
  try {
    std::rethrow_exception(why);
  } catch (const c10::Error& error) {
    return without_stack(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return without_stack(error.what());
  } catch (...) {
    return "an unknown error";
  }
}

// While the environment ends, throwing fails too; nothing more can be done then, and nothing needs to be.
static void throw_pending(napi_env env, Env& state) {
  napi_value exception;
  const bool there = napi_get_reference_value(env, state.pending_exception, &exception) == napi_ok;
  napi_delete_reference(env, state.pending_exception);
  state.pending_exception = nullptr;
  if (there) napi_throw(env, exception);
}

napi_value guarded(napi_env env, const std::function<napi_value(Env&)>& body) {
  Env* state = current(env);
  if (state == nullptr) return nullptr;
  try {
    return body(*state);
  } catch (const NodeApiFailure& failure) {
    bool pending = true;
    napi_is_exception_pending(env, &pending);
    if (!pending && state->pending_exception == nullptr) throw_message(env, failure.what());
  } catch (const c10::Error& error) {
    if (state->pending_exception == nullptr) throw_message(env, error.what_without_backtrace());
  } catch (const std::exception& error) {
    if (state->pending_exception == nullptr) throw_message(env, error.what());
  }
  if (state->pending_exception != nullptr) throw_pending(env, *state);
  return nullptr;
}

napi_valuetype type_of(napi_env env, napi_value value) {
  napi_valuetype type;
  ok(napi_typeof(env, value, &type));
  return type;
}

bool is_nullish(napi_env env, napi_value value) {
  napi_valuetype type = type_of(env, value);
  return type == napi_undefined || type == napi_null;
}

double to_double(napi_env env, napi_value value) {
  double out;
  if (napi_get_value_double(env, value, &out) == napi_ok) return out;
  bool flag;
  if (napi_get_value_bool(env, value, &flag) == napi_ok) return flag ? 1 : 0;
  throw std::invalid_argument("expected a number");
}

int64_t to_int(napi_env env, napi_value value) {
  double number;
  if (napi_get_value_double(env, value, &number) == napi_ok) {
    // the cast is only defined within the range of the type; 2^63 itself is outside
    const bool fits = number >= -9223372036854775808.0 && number < 9223372036854775808.0;
    if (!fits || number != static_cast<double>(static_cast<int64_t>(number)))
      throw std::invalid_argument("expected an integer, got " + std::to_string(number));
    return static_cast<int64_t>(number);
  }
  int64_t big;
  bool lossless;
  if (napi_get_value_bigint_int64(env, value, &big, &lossless) == napi_ok && lossless) return big;
  bool flag;
  if (napi_get_value_bool(env, value, &flag) == napi_ok) return flag ? 1 : 0;
  throw std::invalid_argument("expected an integer");
}

size_t to_size(napi_env env, napi_value value) {
  const int64_t number = to_int(env, value);
  if (number < 0) throw std::invalid_argument("expected an integer that is not negative, got " + std::to_string(number));
  return static_cast<size_t>(number);
}

uint64_t to_seed(napi_env env, napi_value value) {
  uint64_t big;
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env, value, &big, &lossless) == napi_ok && lossless) return big;
  return static_cast<uint64_t>(to_int(env, value));
}

uint32_t to_handle(napi_env env, napi_value value) {
  uint32_t out;
  if (napi_get_value_uint32(env, value, &out) != napi_ok) throw std::invalid_argument("expected a tensor");
  return out;
}

bool to_bool(napi_env env, napi_value value) {
  bool out;
  if (napi_get_value_bool(env, value, &out) == napi_ok) return out;
  throw std::invalid_argument("expected a boolean");
}

std::string to_string(napi_env env, napi_value value) {
  size_t size = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) throw std::invalid_argument("expected a string");
  std::string out(size, '\0');
  ok(napi_get_value_string_utf8(env, value, out.data(), size + 1, &size));
  return out;
}

uint32_t array_length(napi_env env, napi_value array) {
  uint32_t length;
  if (napi_get_array_length(env, array, &length) != napi_ok) throw std::invalid_argument("expected an array");
  return length;
}

std::vector<int64_t> to_ints(napi_env env, napi_value value) {
  uint32_t length = array_length(env, value);
  std::vector<int64_t> out(length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    ok(napi_get_element(env, value, i, &element));
    out[i] = to_int(env, element);
  }
  return out;
}

napi_value make_number(napi_env env, double value) {
  napi_value out;
  ok(napi_create_double(env, value, &out));
  return out;
}

napi_value make_handle(Env& env, at::Tensor tensor) {
  napi_value out;
  if (!tensor.defined()) return make_null(env.env);
  ok(napi_create_uint32(env.env, env.add(std::move(tensor)), &out));
  return out;
}

std::vector<at::Tensor> tensors_of(Env& state, napi_value array) {
  std::vector<at::Tensor> out;
  uint32_t length = array_length(state.env, array);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    ok(napi_get_element(state.env, array, i, &element));
    out.push_back(is_nullish(state.env, element) ? at::Tensor() : state.get(to_handle(state.env, element)));
  }
  return out;
}

napi_value make_handles(Env& state, const std::vector<at::Tensor>& tensors) {
  napi_value out = make_array(state.env, tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) set_element(state.env, out, i, make_handle(state, tensors[i]));
  return out;
}

napi_value make_string(napi_env env, const std::string& value) {
  napi_value out;
  ok(napi_create_string_utf8(env, value.data(), value.size(), &out));
  return out;
}

napi_value make_bool(napi_env env, bool value) {
  napi_value out;
  ok(napi_get_boolean(env, value, &out));
  return out;
}

napi_value make_ints(napi_env env, at::IntArrayRef values) {
  napi_value out = make_array(env, values.size());
  for (size_t i = 0; i < values.size(); ++i) set_element(env, out, i, make_number(env, static_cast<double>(values[i])));
  return out;
}

napi_value make_array(napi_env env, size_t length) {
  napi_value out;
  ok(napi_create_array_with_length(env, length, &out));
  return out;
}

void set_element(napi_env env, napi_value array, size_t index, napi_value value) { ok(napi_set_element(env, array, static_cast<uint32_t>(index), value)); }

void set_property(napi_env env, napi_value object, const char* name, napi_value value) { ok(napi_set_named_property(env, object, name, value)); }

napi_value make_undefined(napi_env env) {
  napi_value out;
  ok(napi_get_undefined(env, &out));
  return out;
}

napi_value make_null(napi_env env) {
  napi_value out;
  ok(napi_get_null(env, &out));
  return out;
}

namespace {
struct NamedType {
  const char* name;
  at::ScalarType type;
};
constexpr NamedType kTypes[] = {
    {"float32", at::kFloat},   {"float64", at::kDouble},     {"float16", at::kHalf},          {"bfloat16", at::kBFloat16},
    {"int8", at::kChar},       {"uint8", at::kByte},         {"int16", at::kShort},           {"int32", at::kInt},
    {"int64", at::kLong},      {"bool", at::kBool},          {"complex64", at::kComplexFloat}, {"complex128", at::kComplexDouble},
};
}  // namespace

at::ScalarType dtype_from_name(const std::string& name) {
  for (const auto& known : kTypes)
    if (name == known.name) return known.type;
  throw std::invalid_argument("unknown dtype '" + name + "'");
}

const char* dtype_name(at::ScalarType dtype) {
  for (const auto& known : kTypes)
    if (dtype == known.type) return known.name;
  return c10::toString(dtype);
}

at::MemoryFormat memory_format_from_name(const std::string& name) {
  if (name == "contiguous") return at::MemoryFormat::Contiguous;
  if (name == "channels_last") return at::MemoryFormat::ChannelsLast;
  if (name == "channels_last_3d") return at::MemoryFormat::ChannelsLast3d;
  if (name == "preserve") return at::MemoryFormat::Preserve;
  throw std::invalid_argument("unknown memory format '" + name + "'");
}

void define(napi_env env, napi_value exports, const char* name, Method method) {
  napi_value function;
  ok(napi_create_function(env, name, NAPI_AUTO_LENGTH, method, nullptr, &function));
  set_property(env, exports, name, function);
}

}  // namespace clinicadl
