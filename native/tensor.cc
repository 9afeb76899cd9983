// Tensors: what they say of themselves, and other handles on them.
#include "addon.h"

namespace clinicadl {
namespace {

napi_value dispose(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) -> napi_value {
    state.remove(to_handle(env, Args(env, info)[0]));
    return nullptr;
  });
}

// disposeAll(handles)
napi_value dispose_all(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) -> napi_value {
    napi_value handles = Args(env, info)[0];
    const uint32_t length = array_length(env, handles);
    for (uint32_t i = 0; i < length; ++i) {
      napi_value handle;
      ok(napi_get_element(env, handles, i, &handle));
      state.remove(to_handle(env, handle));
    }
    return nullptr;
  });
}

// One reader for each property.
template <class Read>
napi_value property(napi_env env, napi_callback_info info, Read read) {
  return guarded(env, [&](Env& state) { return read(state.get(to_handle(env, Args(env, info)[0]))); });
}

napi_value shape(napi_env env, napi_callback_info info) {
  return property(env, info, [&](at::Tensor& t) { return make_ints(env, t.sizes()); });
}
napi_value stride(napi_env env, napi_callback_info info) {
  return property(env, info, [&](at::Tensor& t) { return make_ints(env, t.strides()); });
}
napi_value dtype(napi_env env, napi_callback_info info) {
  return property(env, info, [&](at::Tensor& t) { return make_string(env, dtype_name(t.scalar_type())); });
}
napi_value device(napi_env env, napi_callback_info info) {
  return property(env, info, [&](at::Tensor& t) { return make_string(env, t.device().str()); });
}
napi_value numel(napi_env env, napi_callback_info info) {
  return property(env, info, [&](at::Tensor& t) { return make_number(env, static_cast<double>(t.numel())); });
}
napi_value storage_offset(napi_env env, napi_callback_info info) {
  return property(env, info, [&](at::Tensor& t) { return make_number(env, static_cast<double>(t.storage_offset())); });
}
// An identity of the storage: equal for tensors that share memory.
napi_value storage_id(napi_env env, napi_callback_info info) {
  return property(env, info, [&](at::Tensor& t) {
    napi_value out;
    ok(napi_create_bigint_uint64(env, reinterpret_cast<uint64_t>(t.storage().unsafeGetStorageImpl()), &out));
    return out;
  });
}
// An identity of the tensor itself, whatever handle it is reached by.
napi_value tensor_id(napi_env env, napi_callback_info info) {
  return property(env, info, [&](at::Tensor& t) {
    napi_value out;
    ok(napi_create_bigint_uint64(env, reinterpret_cast<uint64_t>(t.unsafeGetTensorImpl()), &out));
    return out;
  });
}
napi_value is_contiguous(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    return make_bool(env, state.get(to_handle(env, args[0])).is_contiguous(memory_format_from_name(to_string(env, args[1]))));
  });
}
napi_value is_pinned(napi_env env, napi_callback_info info) {
  return property(env, info, [&](at::Tensor& t) { return make_bool(env, t.is_pinned()); });
}

// item(handle): number, boolean, bigint beyond 2^53, or [re, im].
napi_value item(napi_env env, napi_callback_info info) {
  return property(env, info, [&](at::Tensor& t) -> napi_value {
    at::Scalar scalar = t.item();
    if (scalar.isBoolean()) return make_number(env, scalar.toBool() ? 1 : 0);
    if (scalar.isComplex()) {
      auto number = scalar.toComplexDouble();
      napi_value pair = make_array(env, 2);
      set_element(env, pair, 0, make_number(env, number.real()));
      set_element(env, pair, 1, make_number(env, number.imag()));
      return pair;
    }
    if (scalar.isIntegral(false)) {
      int64_t value = scalar.toLong();
      if (value > 9007199254740991LL || value < -9007199254740991LL) {
        napi_value big;
        ok(napi_create_bigint_int64(env, value, &big));
        return big;
      }
    }
    return make_number(env, scalar.toDouble());
  });
}

// alias(handle): a second handle on the very same tensor.
napi_value alias(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    at::Tensor tensor = state.get(to_handle(env, Args(env, info)[0]));
    return make_handle(state, tensor);
  });
}

// setData(handle, other): the tensor takes the other's memory, shape and type, as `p.data = x` does in PyTorch.
napi_value set_data(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::Tensor other = state.get(to_handle(env, args[1]));
    state.get(to_handle(env, args[0])).set_data(other);
    return make_undefined(env);
  });
}

bool same_layout(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  // a dimension of length 1 says nothing about the order
  for (int64_t dim = 0; dim < a.dim(); ++dim)
    if (a.size(dim) != 1 && a.stride(dim) != b.stride(dim)) return false;
  return true;
}

// sameLayouts(groups): whether the tensors of each group have one shape and type, and fill their memory without gaps and in the same order.
napi_value same_layouts(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    napi_value groups = Args(env, info)[0];
    const uint32_t length = array_length(env, groups);
    for (uint32_t i = 0; i < length; ++i) {
      napi_value group;
      ok(napi_get_element(env, groups, i, &group));
      const auto tensors = tensors_of(state, group);
      for (const auto& tensor : tensors)
        if (!tensor.defined() || !tensor.is_non_overlapping_and_dense() || !same_layout(tensor, tensors[0])) return make_bool(env, false);
    }
    return make_bool(env, true);
  });
}

// pickChannelsLast(handle): a 1-channel image tensor is contiguous and channels-last at once, and libtorch then takes
// the contiguous path for all that follows; written with channels-last strides it takes the other one. No copy.
napi_value pick_channels_last(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    at::Tensor tensor = state.get(to_handle(env, Args(env, info)[0]));
    if (tensor.dim() != 4 && tensor.dim() != 5) return make_handle(state, tensor.alias());
    auto format = tensor.dim() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
    if (tensor.size(1) == 1 && tensor.is_contiguous()) {
      auto strides = tensor.dim() == 5 ? c10::get_channels_last_strides_3d(tensor.sizes()) : c10::get_channels_last_strides_2d(tensor.sizes());
      return make_handle(state, tensor.as_strided(tensor.sizes(), strides));
    }
    return make_handle(state, tensor.contiguous(format));
  });
}

}  // namespace

void define_tensor(napi_env env, napi_value exports) {
  define(env, exports, "dispose", dispose);
  define(env, exports, "disposeAll", dispose_all);
  define(env, exports, "shape", shape);
  define(env, exports, "stride", stride);
  define(env, exports, "dtype", dtype);
  define(env, exports, "device", device);
  define(env, exports, "numel", numel);
  define(env, exports, "storageOffset", storage_offset);
  define(env, exports, "storageId", storage_id);
  define(env, exports, "tensorId", tensor_id);
  define(env, exports, "isContiguous", is_contiguous);
  define(env, exports, "isPinned", is_pinned);
  define(env, exports, "item", item);
  define(env, exports, "alias", alias);
  define(env, exports, "setData", set_data);
  define(env, exports, "sameLayouts", same_layouts);
  define(env, exports, "pickChannelsLast", pick_channels_last);
}

}  // namespace clinicadl
