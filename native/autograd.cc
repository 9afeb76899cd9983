// Gradients: flags, backward, hooks, anomaly detection, autocast.
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/anomaly_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/grad_mode.h>
#include <torch/csrc/autograd/variable.h>

#include "addon.h"

namespace clinicadl {
namespace {

napi_value requires_grad(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) { return make_bool(env, state.get(to_handle(env, Args(env, info)[0])).requires_grad()); });
}

napi_value set_requires_grad(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    state.get(to_handle(env, args[0])).requires_grad_(to_bool(env, args[1]));
    return make_undefined(env);
  });
}

napi_value is_leaf(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) { return make_bool(env, state.get(to_handle(env, Args(env, info)[0])).is_leaf()); });
}

napi_value grad_fn(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    auto node = state.get(to_handle(env, Args(env, info)[0])).grad_fn();
    return node ? make_string(env, node->name()) : make_null(env);
  });
}

napi_value grad(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    at::Tensor gradient = state.get(to_handle(env, Args(env, info)[0])).grad();
    return make_handle(state, gradient);
  });
}

napi_value set_grad(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::Tensor gradient;
    if (!is_nullish(env, args[1])) gradient = state.get(to_handle(env, args[1]));
    state.get(to_handle(env, args[0])).mutable_grad() = gradient;
    return make_undefined(env);
  });
}

// backward(tensors, gradients, retainGraph, createGraph)
napi_value backward(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    torch::autograd::backward(tensors_of(state, args[0]), tensors_of(state, args[1]), to_bool(env, args[2]), to_bool(env, args[3]));
    return make_undefined(env);
  });
}

// gradOf(outputs, inputs, gradients, retainGraph, createGraph, allowUnused): an array of handles or nulls
napi_value grad_of(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    auto gradients = torch::autograd::grad(tensors_of(state, args[0]), tensors_of(state, args[1]), tensors_of(state, args[2]), to_bool(env, args[3]),
                                           to_bool(env, args[4]), to_bool(env, args[5]));
    return make_handles(state, gradients);
  });
}

// A gradient hook: calls fn(handle) -> handle | undefined.
struct Hook {
  Callback callback;
  explicit Hook(Env& state, napi_value function) : callback(state, function, "a gradient hook") {}
  at::Tensor operator()(const at::Tensor& gradient) const {
    at::Tensor out;
    callback.call([&](Env& state) { return std::vector<napi_value>{make_handle(state, gradient)}; },
                  [&](Env& state, napi_value result) {
                    if (!is_nullish(state.env, result)) out = state.get(to_handle(state.env, result));
                  });
    return out;
  }
};

// registerHook(handle, fn): an id for removeHook
napi_value register_hook(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    auto hook = std::make_shared<Hook>(state, args[1]);
    auto id = state.get(to_handle(env, args[0])).register_hook([hook](const at::Tensor& g) { return (*hook)(g); });
    return make_number(env, id);
  });
}

napi_value remove_hook(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    state.get(to_handle(env, args[0])).remove_hook(static_cast<unsigned>(to_int(env, args[1])));
    return make_undefined(env);
  });
}

napi_value grad_enabled(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_bool(env, at::GradMode::is_enabled()); });
}

napi_value set_grad_enabled(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    at::GradMode::set_enabled(to_bool(env, Args(env, info)[0]));
    return make_undefined(env);
  });
}

napi_value set_anomaly(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    Args args(env, info);
    torch::autograd::AnomalyMode::set_enabled(to_bool(env, args[0]), to_bool(env, args[1]));
    return make_undefined(env);
  });
}

napi_value anomaly(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) { return make_bool(env, torch::autograd::AnomalyMode::is_enabled()); });
}

// autocast(device): [enabled, dtype]
napi_value autocast(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    auto device = c10::Device(to_string(env, Args(env, info)[0])).type();
    napi_value out = make_array(env, 2);
    set_element(env, out, 0, make_bool(env, at::autocast::is_autocast_enabled(device)));
    set_element(env, out, 1, make_string(env, dtype_name(at::autocast::get_autocast_dtype(device))));
    return out;
  });
}

// setAutocast(device, enabled, dtype)
napi_value set_autocast(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    Args args(env, info);
    auto device = c10::Device(to_string(env, args[0])).type();
    auto dtype = dtype_from_name(to_string(env, args[2]));
    at::autocast::set_autocast_enabled(device, to_bool(env, args[1]));
    at::autocast::set_autocast_dtype(device, dtype);
    return make_undefined(env);
  });
}

// enterAutocast(), leaveAutocast(): weights that were cast are kept until the outermost region ends
napi_value enter_autocast(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    at::autocast::increment_nesting();
    return make_undefined(env);
  });
}
napi_value leave_autocast(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    return make_undefined(env);
  });
}

}  // namespace

void define_autograd(napi_env env, napi_value exports) {
  define(env, exports, "requiresGrad", requires_grad);
  define(env, exports, "setRequiresGrad", set_requires_grad);
  define(env, exports, "isLeaf", is_leaf);
  define(env, exports, "gradFn", grad_fn);
  define(env, exports, "grad", grad);
  define(env, exports, "setGrad", set_grad);
  define(env, exports, "backward", backward);
  define(env, exports, "gradOf", grad_of);
  define(env, exports, "registerHook", register_hook);
  define(env, exports, "removeHook", remove_hook);
  define(env, exports, "gradEnabled", grad_enabled);
  define(env, exports, "setGradEnabled", set_grad_enabled);
  define(env, exports, "setAnomaly", set_anomaly);
  define(env, exports, "anomaly", anomaly);
  define(env, exports, "autocast", autocast);
  define(env, exports, "setAutocast", set_autocast);
  define(env, exports, "enterAutocast", enter_autocast);
  define(env, exports, "leaveAutocast", leave_autocast);
}

}  // namespace clinicadl
