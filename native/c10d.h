// What other files of the addon do with a process group.
#pragma once
#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "addon.h"

namespace clinicadl {

// The group that JavaScript holds; an error where it has been closed.
c10::intrusive_ptr<c10d::Backend> backend_of(napi_env env, napi_value value);

// The inputs of all ranks, one after another, in `output`, which has as many times the elements of `input` as there are ranks.
c10::intrusive_ptr<c10d::Work> all_gather_into(const c10::intrusive_ptr<c10d::Backend>& group, const at::Tensor& output, const at::Tensor& input);

}  // namespace clinicadl
