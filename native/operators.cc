// The operators of libtorch that have been asked for, with what their schemas say of the arguments.
#include "operators.h"

#include <deque>
#include <unordered_map>

namespace clinicadl {
namespace {

// Operators are looked up once a process and never removed; a deque keeps their addresses.
std::mutex registry_mutex;
std::deque<Operator> registry;
std::unordered_map<std::string, uint32_t> registry_index;

Kind kind_of(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType: return Kind::Tensor;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: return Kind::Int;
    case c10::TypeKind::FloatType: return Kind::Float;
    case c10::TypeKind::BoolType: return Kind::Bool;
    case c10::TypeKind::NumberType: return Kind::Scalar;
    case c10::TypeKind::StringType: return Kind::String;
    case c10::TypeKind::ScalarTypeType: return Kind::Dtype;
    case c10::TypeKind::LayoutType: return Kind::Layout;
    case c10::TypeKind::MemoryFormatType: return Kind::MemoryFormat;
    case c10::TypeKind::DeviceObjType: return Kind::Device;
    case c10::TypeKind::GeneratorType: return Kind::Generator;
    case c10::TypeKind::ListType: {
      auto element = type->castRaw<c10::ListType>()->getElementType();
      if (element->kind() == c10::TypeKind::OptionalType) {
        auto inner = element->castRaw<c10::OptionalType>()->getElementType();
        return inner->kind() == c10::TypeKind::TensorType ? Kind::OptTensorList : Kind::Unsupported;
      }
      switch (kind_of(element)) {
        case Kind::Tensor: return Kind::TensorList;
        case Kind::Int: return Kind::IntList;
        case Kind::Float: return Kind::FloatList;
        case Kind::Bool: return Kind::BoolList;
        case Kind::Scalar: return Kind::ScalarList;
        default: return Kind::Unsupported;
      }
    }
    default: return Kind::Unsupported;
  }
}

}  // namespace

uint32_t find_operator(const std::string& full_name) {
  std::lock_guard<std::mutex> lock(registry_mutex);
  auto known = registry_index.find(full_name);
  if (known != registry_index.end()) return known->second;
  size_t dot = full_name.find('.');
  std::string name = full_name.substr(0, dot);
  std::string overload = dot == std::string::npos ? "" : full_name.substr(dot + 1);
  auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
  if (!handle) throw std::invalid_argument("libtorch has no operator '" + full_name + "'");
  Operator op{*handle, full_name, {}, false};
  const auto& schema = handle->schema();
  for (const auto& argument : schema.arguments()) {
    Argument out;
    c10::TypePtr type = argument.real_type();
    if (type->kind() == c10::TypeKind::OptionalType) {
      out.optional = true;
      type = type->castRaw<c10::OptionalType>()->getElementType();
    }
    out.kind = kind_of(type);
    out.size = argument.N().value_or(0);
    out.name = argument.name();
    out.type = argument.real_type()->str();
    if (argument.default_value()) {
      out.has_default = true;
      out.value = *argument.default_value();
    }
    op.arguments.push_back(std::move(out));
  }
  if (schema.returns().size() == 1 && !schema.arguments().empty()) {
    const auto* in = schema.arguments()[0].alias_info();
    const auto* result = schema.returns()[0].alias_info();
    op.returns_self = in != nullptr && result != nullptr && in->isWrite() && result->isWrite() && kind_of(schema.returns()[0].type()) == Kind::Tensor;
  }
  registry.push_back(std::move(op));
  uint32_t id = static_cast<uint32_t>(registry.size() - 1);
  registry_index.emplace(full_name, id);
  return id;
}

const Operator& operator_at(uint32_t id) {
  // what this thread has called before is found without the lock
  thread_local std::vector<const Operator*> known;
  if (id < known.size()) return *known[id];
  std::lock_guard<std::mutex> lock(registry_mutex);
  if (id >= registry.size()) throw std::invalid_argument("unknown operator id");
  while (known.size() <= id) known.push_back(&registry[known.size()]);
  return *known[id];
}

}  // namespace clinicadl
