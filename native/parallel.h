// Loops over threads for the kernels of this addon: those of libtorch, so that all share one pool.
#pragma once
#include <ATen/Parallel.h>

#include <cstdint>

namespace clinicadl {

// Whether this thread works beside a training, as those that load data do: their kernels leave the other threads to it.
bool works_beside();

// Calls `f(begin, end)` for parts of a range, each of at least `grain`, that threads share.
template <typename F>
void parallel_for(int64_t begin, int64_t end, int64_t grain, const F& f) {
  if (begin >= end) return;
  if (works_beside()) f(begin, end);
  else at::parallel_for(begin, end, grain, f);
}

}  // namespace clinicadl
