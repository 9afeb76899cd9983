// What is known of an operator of libtorch's dispatcher that JavaScript calls.
#pragma once
#include <ATen/core/dispatch/Dispatcher.h>

#include "addon.h"

namespace clinicadl {

enum class Kind : uint8_t {
  Tensor, TensorList, OptTensorList, Int, IntList, Float, FloatList, Bool, BoolList, Scalar, ScalarList, String,
  Dtype, Layout, MemoryFormat, Device, Generator, Unsupported,
};

struct Argument {
  Kind kind;
  bool optional = false;
  int64_t size = 0;  // int[3] accepts one number for all three
  bool has_default = false;
  c10::IValue value;
  std::string name, type;
};

struct Operator {
  c10::OperatorHandle handle;
  std::string name;
  std::vector<Argument> arguments;
  bool returns_self = false;  // an in-place operator hands back what it was given
};

// The id of "aten::add.Tensor"; an operator is looked up once a process.
uint32_t find_operator(const std::string& full_name);
const Operator& operator_at(uint32_t id);

}  // namespace clinicadl
