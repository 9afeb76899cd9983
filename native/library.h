// A library of the system that is opened at run time, where it is there: so nothing is needed to build, and nothing to be built again
// when it comes.
#pragma once
#include <dlfcn.h>

#include <initializer_list>

namespace clinicadl {

template <typename F>
bool find_function(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, name));
  return function != nullptr;
}

// Whether one of these names is a library in which `take` finds all that it needs. No name is the program itself, and what it was
// started with.
template <typename Take>
bool open_library(std::initializer_list<const char*> names, const Take& take) {
  for (const char* name : names) {
    void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr && take(library)) return true;
  }
  return false;
}

}  // namespace clinicadl
