// What Node's fs lacks: advisory locks that end with their process, and the exchange of two paths in one step.
#include <fcntl.h>
#include <sys/file.h>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "addon.h"

namespace clinicadl {
namespace {

// lockFile(descriptor, shared): "locked"; "taken" where another open file holds a lock that excludes this one; else why
// there can be none here. Shared locks exclude exclusive ones only
napi_value lock_file(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    Args args(env, info);
    int fd = static_cast<int>(to_int(env, args[0]));
    int kind = to_bool(env, args[1]) ? LOCK_SH : LOCK_EX;
    int result;
    do {
      result = flock(fd, kind | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    if (result == 0) return make_string(env, "locked");
    return make_string(env, errno == EWOULDBLOCK ? "taken" : std::strerror(errno));
  });
}

// exchangePaths(a, b): 0 where they were exchanged, else errno
napi_value exchange_paths(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    Args args(env, info);
    std::string a = to_string(env, args[0]), b = to_string(env, args[1]);
#if defined(__APPLE__)
    return make_number(env, renamex_np(a.c_str(), b.c_str(), RENAME_SWAP) == 0 ? 0 : errno);
#else
    return make_number(env, renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0 ? 0 : errno);
#endif
  });
}

}  // namespace

void define_files(napi_env env, napi_value exports) {
  define(env, exports, "lockFile", lock_file);
  define(env, exports, "exchangePaths", exchange_paths);
}

}  // namespace clinicadl
