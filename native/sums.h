// Files that are written straight from memory, and their checksums.
#pragma once
#include "addon.h"

namespace clinicadl {

void define_sums(napi_env env, napi_value exports);

}  // namespace clinicadl
