// NCCL: what GPUs of several processes exchange. A library of its own, which is built where CUDA's headers are, and opened by c10d.cc where
// tensors on a GPU are sent: the addon itself needs neither.
#define USE_C10D_NCCL
#include "half-types.h"

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

// Its reference is the caller's.
extern "C" __attribute__((visibility("default"))) c10d::Backend* clinicadl_nccl_group(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                                                                      int64_t timeout_ms) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = std::chrono::milliseconds(timeout_ms);
  c10::intrusive_ptr<c10d::Backend> group = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
  return group.release();
}
