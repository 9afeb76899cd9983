// Tensors and JavaScript's memory: bytes that become tensors, copied or shared, and tensors that are read as bytes.
#include <c10/util/safe_numerics.h>

#include <cstring>
#include <limits>

#include "addon.h"

namespace clinicadl {
namespace {

struct Bytes {
  void* data = nullptr;
  size_t size = 0;
  napi_value buffer = nullptr;  // the ArrayBuffer below
};

Bytes bytes_of(napi_env env, napi_value value) {
  Bytes out;
  bool is_typed = false;
  ok(napi_is_typedarray(env, value, &is_typed));
  if (!is_typed) throw std::invalid_argument("expected a typed array");
  napi_typedarray_type type;
  size_t length, offset;
  ok(napi_get_typedarray_info(env, value, &type, &length, &out.data, &out.buffer, &offset));
  size_t element = 1;
  switch (type) {
    case napi_int8_array: case napi_uint8_array: case napi_uint8_clamped_array: element = 1; break;
    case napi_int16_array: case napi_uint16_array: element = 2; break;
    case napi_int32_array: case napi_uint32_array: case napi_float32_array: element = 4; break;
    case napi_float64_array: case napi_bigint64_array: case napi_biguint64_array: element = 8; break;
    default: throw std::invalid_argument("this kind of typed array cannot become a tensor");
  }
  out.size = length * element;
  return out;
}

napi_value uint8_array(napi_env env, size_t size, void** data) {
  napi_value buffer, out;
  if (napi_create_arraybuffer(env, size, data, &buffer) != napi_ok) throw std::runtime_error("JavaScript could not allocate " + std::to_string(size) + " bytes");
  ok(napi_create_typedarray(env, napi_uint8_array, size, buffer, 0, &out));
  return out;
}

// The bytes of a contiguous tensor of this shape. The product of sizes from JavaScript may be anything.
size_t bytes_for(at::IntArrayRef shape, at::ScalarType dtype) {
  uint64_t total = c10::elementSize(dtype);
  bool overflow = false;
  for (int64_t size : shape) {
    if (size < 0) throw std::invalid_argument("the shape " + c10::str(shape) + " has a negative size");
    overflow |= c10::mul_overflows(total, static_cast<uint64_t>(size), &total);
  }
  if (overflow || total > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) throw std::invalid_argument("the shape " + c10::str(shape) + " is too large");
  return static_cast<size_t>(total);
}

// fromBytes(typedArray, dtype, shape, stride | null): a tensor with a copy of the bytes. With a stride, the bytes fill
// the storage in its own order.
napi_value from_bytes(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    Bytes bytes = bytes_of(env, args[0]);
    auto dtype = dtype_from_name(to_string(env, args[1]));
    auto shape = to_ints(env, args[2]);
    bytes_for(shape, dtype);
    bool strided = args.count > 3 && !is_nullish(env, args[3]);
    at::Tensor tensor = strided ? at::empty_strided(shape, to_ints(env, args[3]), at::TensorOptions(dtype)) : at::empty(shape, at::TensorOptions(dtype));
    size_t wanted = strided ? tensor.storage().nbytes() : static_cast<size_t>(tensor.numel()) * tensor.element_size();
    if (bytes.size != wanted)
      throw std::invalid_argument("a " + std::string(dtype_name(dtype)) + " tensor of shape " + c10::str(at::IntArrayRef(shape)) + " takes " +
                                  std::to_string(wanted) + " bytes, got " + std::to_string(bytes.size));
    if (wanted > 0) std::memcpy(tensor.data_ptr(), bytes.data, wanted);
    return make_handle(state, tensor);
  });
}

// What a tensor over JavaScript's memory holds on to: the array's buffer, until the tensor's storage dies on any thread.
struct SharedBuffer {
  std::shared_ptr<Life> life;
  napi_ref buffer;
};
void drop_shared(void* context) {
  std::unique_ptr<SharedBuffer> shared(static_cast<SharedBuffer*>(context));
  std::lock_guard<std::mutex> lock(shared->life->mutex);
  shared->life->dead_refs.push_back(shared->buffer);
}

// shareBytes(typedArray, dtype, shape): a tensor over the array's own memory, which stays alive as long as the tensor.
// The caller sees to it that the buffer is neither resized nor transferred.
napi_value share_bytes(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    Bytes bytes = bytes_of(env, args[0]);
    auto dtype = dtype_from_name(to_string(env, args[1]));
    auto shape = to_ints(env, args[2]);
    size_t wanted = bytes_for(shape, dtype);
    if (bytes.size != wanted) throw std::invalid_argument("the typed array holds " + std::to_string(bytes.size) + " bytes, the shape needs " + std::to_string(wanted));
    if (reinterpret_cast<uintptr_t>(bytes.data) % c10::elementSize(dtype) != 0) throw std::invalid_argument("the typed array is not aligned to its elements");
    napi_ref ref;
    ok(napi_create_reference(env, bytes.buffer, 1, &ref));
    auto* shared = new SharedBuffer{state.life, ref};
    at::Tensor tensor = at::for_blob(bytes.data, shape).context(shared, &drop_shared).options(at::TensorOptions(dtype)).make_tensor();
    return make_handle(state, tensor);
  });
}

// toBytes(handle): the elements in contiguous order, as a new Uint8Array.
napi_value to_bytes(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    at::Tensor tensor = state.get(to_handle(env, Args(env, info)[0])).detach().to(at::kCPU).resolve_conj().resolve_neg().contiguous();
    void* data = nullptr;
    size_t size = static_cast<size_t>(tensor.numel()) * tensor.element_size();
    napi_value out = uint8_array(env, size, &data);
    if (size > 0) std::memcpy(data, tensor.data_ptr(), size);
    return out;
  });
}

// copyInto(handle, typedArray): the elements in contiguous order, into memory that exists already.
napi_value copy_into(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::Tensor tensor = state.get(to_handle(env, args[0])).detach().to(at::kCPU).resolve_conj().resolve_neg().contiguous();
    Bytes bytes = bytes_of(env, args[1]);
    size_t size = static_cast<size_t>(tensor.numel()) * tensor.element_size();
    if (bytes.size != size) throw std::invalid_argument("the tensor has " + std::to_string(size) + " bytes, the array " + std::to_string(bytes.size));
    if (size > 0) std::memcpy(bytes.data, tensor.data_ptr(), size);
    return make_undefined(env);
  });
}

// view(handle): the tensor's own memory as an ArrayBuffer. It holds the storage, so that the memory stays what it was
// whatever becomes of the tensor; and as in PyTorch, such a storage cannot be resized any more.
napi_value view(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    at::Tensor tensor = state.get(to_handle(env, Args(env, info)[0]));
    if (!tensor.device().is_cpu() || !tensor.is_contiguous()) throw std::invalid_argument("only a contiguous CPU tensor can be viewed without a copy");
    if (tensor.is_conj() || tensor.is_neg()) throw std::invalid_argument("a tensor whose conjugate or negative bit is set cannot be viewed; use resolveConj() or resolveNeg() first");
    size_t size = static_cast<size_t>(tensor.numel()) * tensor.element_size();
    napi_value out;
    void* unused = nullptr;
    if (size == 0) {
      ok(napi_create_arraybuffer(env, 0, &unused, &out));
      return out;
    }
    auto owner = std::make_unique<at::Storage>(tensor.storage());
    void* data = tensor.data_ptr();
    owner->unsafeGetStorageImpl()->set_resizable(false);
    auto finalize = [](napi_env, void*, void* hint) { delete static_cast<at::Storage*>(hint); };
    if (napi_create_external_arraybuffer(env, data, size, finalize, owner.get(), &out) != napi_ok) throw std::runtime_error("this Node.js does not allow views of external memory");
    owner.release();
    return out;
  });
}

napi_value storage_bytes(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    at::Storage storage = state.get(to_handle(env, Args(env, info)[0])).storage();
    size_t size = storage.nbytes();
    void* data = nullptr;
    napi_value out = uint8_array(env, size, &data);
    if (size == 0) return out;
    // a copy of the tensor would have the elements of a view only, in another order
    const at::Tensor all = at::empty({0}, at::TensorOptions(at::kByte).device(storage.device())).set_(storage, 0, {static_cast<int64_t>(size)}, {1}).to(at::kCPU);
    std::memcpy(data, all.const_data_ptr(), size);
    return out;
  });
}

}  // namespace

Span span_of(Env& state, napi_value value) {
  if (type_of(state.env, value) != napi_number) {
    const Bytes bytes = bytes_of(state.env, value);
    return {static_cast<uint8_t*>(bytes.data), bytes.size};
  }
  const at::Tensor& tensor = state.get(to_handle(state.env, value));
  if (!tensor.device().is_cpu() || !tensor.is_contiguous()) throw std::invalid_argument("only the memory of a contiguous CPU tensor can be used");
  return {static_cast<uint8_t*>(tensor.data_ptr()), static_cast<size_t>(tensor.numel()) * tensor.element_size()};
}

bool is_shared_with_javascript(const at::Tensor& tensor) {
  return tensor.has_storage() && tensor.storage().data_ptr().get_deleter() == &drop_shared;
}

void define_bytes(napi_env env, napi_value exports) {
  define(env, exports, "fromBytes", from_bytes);
  define(env, exports, "shareBytes", share_bytes);
  define(env, exports, "toBytes", to_bytes);
  define(env, exports, "copyInto", copy_into);
  define(env, exports, "view", view);
  define(env, exports, "storageBytes", storage_bytes);
}

}  // namespace clinicadl
