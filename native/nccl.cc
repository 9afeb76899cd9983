// The part of a process group that is between GPUs. It is made by a library of its own (nccl/nccl.cc), beside the addon.
#include <dlfcn.h>

#include "c10d.h"

namespace clinicadl {
namespace {

using Make = c10d::Backend* (*)(const c10::intrusive_ptr<c10d::Store>&, int, int, int64_t);

Make find_nccl() {
  Dl_info here;
  TORCH_CHECK(dladdr(reinterpret_cast<void*>(&find_nccl), &here) != 0, "the addon does not find itself");
  const std::string addon(here.dli_fname);
  const std::string path = addon.substr(0, addon.rfind('/') + 1) + "clinicadl-nccl.so";
  void* library = dlopen(path.c_str(), RTLD_NOW);
  TORCH_CHECK(library != nullptr, "processes exchange tensors on GPUs through NCCL, which cannot be used here: ", dlerror(),
              ". It is built by `npx clinicadl setup` where the headers of CUDA and NCCL are beside libtorch, as PyPI's wheels have them");
  return reinterpret_cast<Make>(dlsym(library, "clinicadl_nccl_group"));
}

}  // namespace

Group::Backend Group::of(const at::Tensor& tensor) {
  if (!tensor.is_cuda()) return gloo_;
  std::lock_guard<std::mutex> lock(mutex_);
  if (!nccl_) {
    static const Make make = find_nccl();
    nccl_ = Backend::reclaim(make(store_, gloo_->getRank(), gloo_->getSize(), timeout_.count()));
  }
  return nccl_;
}

void Group::close_nccl(bool failed) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!nccl_) return;
  // what is pending waits for processes that may be gone
  if (failed) nccl_->abort();
  else nccl_->shutdown();
  nccl_.reset();
}

}  // namespace clinicadl
