// Every operator of libtorch's dispatcher, through one boxed call.
#include <array>

#include "operators.h"

namespace clinicadl {
namespace {

// An integral number is an int, as `1` is in Python; -0, 1e20 and every other number is a float.
c10::Scalar to_scalar(napi_env env, napi_value value) {
  switch (type_of(env, value)) {
    case napi_boolean: return c10::Scalar(to_bool(env, value));
    case napi_bigint: return c10::Scalar(to_int(env, value));
    default: break;
  }
  double number = to_double(env, value);
  if (std::abs(number) <= 9007199254740991.0 && number == std::trunc(number) && !(number == 0 && std::signbit(number)))
    return c10::Scalar(static_cast<int64_t>(number));
  return c10::Scalar(number);
}

template <class T, class Read>
c10::List<T> read_list(napi_env env, napi_value value, int64_t broadcast, Read read) {
  c10::List<T> out;
  bool is_array = false;
  ok(napi_is_array(env, value, &is_array));
  if (!is_array) {
    T one = read(value);
    for (int64_t i = 0; i < std::max<int64_t>(broadcast, 1); ++i) out.push_back(one);
    return out;
  }
  uint32_t length = array_length(env, value);
  out.reserve(length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    ok(napi_get_element(env, value, i, &element));
    out.push_back(read(element));
  }
  return out;
}

c10::IValue convert(Env& env, const Argument& argument, napi_value value) {
  napi_env e = env.env;
  switch (argument.kind) {
    case Kind::Tensor: return env.get(to_handle(e, value));
    case Kind::TensorList: return read_list<at::Tensor>(e, value, 1, [&](napi_value v) { return env.get(to_handle(e, v)); });
    case Kind::OptTensorList:
      return read_list<std::optional<at::Tensor>>(e, value, 1, [&](napi_value v) -> std::optional<at::Tensor> {
        if (is_nullish(e, v)) return std::nullopt;
        return env.get(to_handle(e, v));
      });
    case Kind::Int: return to_int(e, value);
    case Kind::IntList: return read_list<int64_t>(e, value, argument.size, [&](napi_value v) { return to_int(e, v); });
    case Kind::Float: return to_double(e, value);
    case Kind::FloatList: return read_list<double>(e, value, argument.size, [&](napi_value v) { return to_double(e, v); });
    case Kind::Bool: return to_bool(e, value);
    case Kind::BoolList: return read_list<bool>(e, value, argument.size, [&](napi_value v) { return to_bool(e, v); });
    case Kind::Scalar: return to_scalar(e, value);
    case Kind::ScalarList: {
      c10::List<c10::IValue> out(c10::NumberType::get());
      uint32_t length = array_length(e, value);
      for (uint32_t i = 0; i < length; ++i) {
        napi_value element;
        ok(napi_get_element(e, value, i, &element));
        out.push_back(to_scalar(e, element));
      }
      return out;
    }
    case Kind::String: return to_string(e, value);
    case Kind::Dtype: return static_cast<int64_t>(dtype_from_name(to_string(e, value)));
    case Kind::Layout: {
      std::string name = to_string(e, value);
      if (name == "strided") return static_cast<int64_t>(at::kStrided);
      if (name == "sparse_coo") return static_cast<int64_t>(at::kSparse);
      throw std::invalid_argument("unknown layout '" + name + "'");
    }
    case Kind::MemoryFormat: return static_cast<int64_t>(memory_format_from_name(to_string(e, value)));
    case Kind::Device: return c10::Device(to_string(e, value));
    case Kind::Generator: {
      uint32_t index = to_handle(e, value);
      if (index >= env.generators.size() || !env.generators[index].defined()) throw std::invalid_argument("the generator is gone");
      return env.generators[index];
    }
    case Kind::Unsupported: break;
  }
  throw std::invalid_argument("values of this type cannot be passed from JavaScript");
}

napi_value give_back(Env& env, const c10::IValue& value) {
  napi_env e = env.env;
  if (value.isNone()) return make_null(e);
  if (value.isTensor()) return make_handle(env, value.toTensor());
  if (value.isInt()) return make_number(e, static_cast<double>(value.toInt()));
  if (value.isSymInt()) return make_number(e, static_cast<double>(value.toSymInt().expect_int()));
  if (value.isDouble()) return make_number(e, value.toDouble());
  if (value.isBool()) return make_bool(e, value.toBool());
  if (value.isString()) return make_string(e, value.toStringRef());
  if (value.isDevice()) return make_string(e, value.toDevice().str());
  if (value.isScalar()) {
    auto scalar = value.toScalar();
    if (scalar.isBoolean()) return make_bool(e, scalar.toBool());
    if (scalar.isComplex()) {
      auto number = scalar.toComplexDouble();
      napi_value pair = make_array(e, 2);
      set_element(e, pair, 0, make_number(e, number.real()));
      set_element(e, pair, 1, make_number(e, number.imag()));
      return pair;
    }
    return make_number(e, scalar.toDouble());
  }
  if (value.isList() || value.isTuple()) {
    napi_value out = make_array(e, 0);
    size_t i = 0;
    if (value.isList())
      for (const c10::IValue& element : value.toListRef()) set_element(e, out, i++, give_back(env, element));
    else
      for (const c10::IValue& element : value.toTupleRef().elements()) set_element(e, out, i++, give_back(env, element));
    return out;
  }
  throw std::runtime_error("an operator returned a value of type " + value.tagKind() + ", which has no counterpart in JavaScript");
}

// find(name): the id of "aten::add.Tensor".
napi_value find(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) { return make_number(env, find_operator(to_string(env, Args(env, info)[0]))); });
}

// The arguments of a call. Node-API fills the rest of the array that it is given with undefined, so that it is short where that does.
class CallArguments {
 public:
  CallArguments(napi_env env, napi_callback_info info) {
    ok(napi_get_cb_info(env, info, &count_, few_.data(), nullptr, nullptr));
    if (count_ <= few_.size()) return;
    many_.resize(count_);
    ok(napi_get_cb_info(env, info, &count_, many_.data(), nullptr, nullptr));
    values_ = many_.data();
  }
  CallArguments(const CallArguments&) = delete;
  CallArguments& operator=(const CallArguments&) = delete;
  size_t count() const { return count_; }
  // null for what was not passed
  napi_value operator[](size_t i) const { return i < count_ ? values_[i] : nullptr; }

 private:
  static constexpr size_t kUsual = 10;
  size_t count_ = kUsual;
  std::array<napi_value, kUsual> few_;
  std::vector<napi_value> many_;
  napi_value* values_ = few_.data();
};

// One argument as the operator takes it; `undefined` and what is not passed stand for the default.
void push_argument(Env& state, const Operator& op, const Argument& argument, napi_value value, torch::jit::Stack& stack) {
  napi_env env = state.env;
  try {
    // most arguments are tensors
    uint32_t handle;
    if (argument.kind == Kind::Tensor && value != nullptr && napi_get_value_uint32(env, value, &handle) == napi_ok) {
      stack.emplace_back(state.get(handle));
      return;
    }
    const napi_valuetype type = value == nullptr ? napi_undefined : type_of(env, value);
    if (type == napi_undefined && argument.has_default) {
      stack.push_back(argument.value);
    } else if (type == napi_undefined || type == napi_null) {
      if (!argument.optional) throw std::runtime_error(op.name + ": argument '" + argument.name + "' (" + argument.type + ") is missing");
      stack.emplace_back();
    } else {
      stack.push_back(convert(state, argument, value));
    }
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(op.name + ": argument '" + argument.name + "' (" + argument.type + "): " + error.what());
  }
}

// call(id, ...arguments): `undefined` stands for a default.
napi_value call(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) -> napi_value {
    const CallArguments args(env, info);
    const Operator& op = operator_at(to_handle(env, args[0]));
    if (args.count() > op.arguments.size() + 1)
      throw std::invalid_argument(op.name + ": takes at most " + std::to_string(op.arguments.size()) + " arguments, got " + std::to_string(args.count() - 1));
    torch::jit::Stack stack;
    stack.reserve(op.arguments.size());
    for (size_t i = 0; i < op.arguments.size(); ++i) push_argument(state, op, op.arguments[i], args[i + 1], stack);
    op.handle.callBoxed(stack);
    if (op.returns_self || stack.empty()) return make_undefined(env);
    if (stack.size() == 1 && stack[0].isTensor()) return make_handle(state, std::move(stack[0]).toTensor());
    if (stack.size() == 1) return give_back(state, stack[0]);
    napi_value out = make_array(env, stack.size());
    for (size_t i = 0; i < stack.size(); ++i) set_element(env, out, i, give_back(state, stack[i]));
    return out;
  });
}

// schemas(): every operator's schema as text.
napi_value schemas(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    napi_value out = make_array(env, 0);
    size_t i = 0;
    for (const auto& name : c10::Dispatcher::singleton().getAllOpNames()) {
      auto handle = c10::Dispatcher::singleton().findSchema(name);
      if (handle) set_element(env, out, i++, make_string(env, c10::toString(handle->schema())));
    }
    return out;
  });
}

}  // namespace

void define_ops(napi_env env, napi_value exports) {
  define(env, exports, "findOperator", find);
  define(env, exports, "call", call);
  define(env, exports, "schemas", schemas);
}

}  // namespace clinicadl
