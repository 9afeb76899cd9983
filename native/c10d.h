// What other files of the addon do with a process group.
#pragma once
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <mutex>

#include "addon.h"

namespace clinicadl {

// The processes that work together: gloo between their CPUs, NCCL between their GPUs.
class Group : public c10::intrusive_ptr_target {
 public:
  using Backend = c10::intrusive_ptr<c10d::Backend>;

  Group(Backend gloo, c10::intrusive_ptr<c10d::Store> store, std::chrono::milliseconds timeout)
      : gloo_(std::move(gloo)), store_(std::move(store)), timeout_(timeout) {}

  const Backend& gloo() const { return gloo_; }
  // What sends a tensor, by where it is. NCCL begins with the first tensor on a GPU; an error where the addon was built without it.
  Backend of(const at::Tensor& tensor);
  // Ends what is between GPUs, if there is anything.
  void close_nccl(bool failed);
  std::chrono::milliseconds timeout() const { return timeout_; }

 private:
  Backend gloo_, nccl_;
  c10::intrusive_ptr<c10d::Store> store_;
  std::chrono::milliseconds timeout_;
  std::mutex mutex_;
};

// The group that JavaScript holds; an error where it has been closed.
c10::intrusive_ptr<Group> group_of(napi_env env, napi_value value);

// The inputs of all ranks, one after another, in `output`, which has as many times the elements of `input` as there are ranks.
c10::intrusive_ptr<c10d::Work> all_gather_into(const c10::intrusive_ptr<c10d::Backend>& group, const at::Tensor& output, const at::Tensor& input);

}  // namespace clinicadl
