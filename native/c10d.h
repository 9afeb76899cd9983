// What other files of the addon do with a process group.
#pragma once
#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "addon.h"

namespace clinicadl {

// The group that JavaScript holds; an error where it has been closed.
c10::intrusive_ptr<c10d::Backend> backend_of(napi_env env, napi_value value);

}  // namespace clinicadl
