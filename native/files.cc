// What Node's fs lacks: advisory locks that end with their process, the exchange of two paths in one step, and many files that are
// put on the disk at once.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

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

// 0, or errno. macOS tells the disk to empty its cache only when it is asked so; not every file system there knows it
int put_on_disk(int fd) {
#if defined(__APPLE__)
  if (fcntl(fd, F_FULLFSYNC) == 0) return 0;
#endif
  while (fsync(fd) != 0)
    if (errno != EINTR) return errno;
  return 0;
}

// as many as a disk takes together
constexpr size_t kSyncThreads = 16;

// syncAll(descriptors): for each, 0 or errno. One after the other, each would wait for a turn of the disk of its own
napi_value sync_all(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    const std::vector<int64_t> descriptors = to_ints(env, Args(env, info)[0]);
    std::vector<int64_t> errors(descriptors.size(), 0);
    std::atomic<size_t> next{0};
    auto work = [&] {
      for (size_t i; (i = next.fetch_add(1)) < descriptors.size();) errors[i] = put_on_disk(static_cast<int>(descriptors[i]));
    };
    std::vector<std::thread> threads;
    try {
      while (threads.size() + 1 < std::min(kSyncThreads, descriptors.size())) threads.emplace_back(work);
    } catch (const std::system_error&) {
      // no more threads than the system gives
    }
    work();
    for (std::thread& thread : threads) thread.join();
    return make_ints(env, errors);
  });
}

}  // namespace

void define_files(napi_env env, napi_value exports) {
  define(env, exports, "lockFile", lock_file);
  define(env, exports, "exchangePaths", exchange_paths);
  define(env, exports, "syncAll", sync_all);
}

}  // namespace clinicadl
