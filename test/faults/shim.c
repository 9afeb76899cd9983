// Loaded into Node with LD_PRELOAD, in front of the C library: it counts the calls by which the process changes files below
// one directory (FAULTS_ROOT, a real path), or those by which it reads them, and lets one go wrong. Its orders come from
// addon.c, and are shared with the children that the process forks. Where there is a journal, it writes down what was
// done, and copies into FAULTS_SYNCED every file that is synced: power-cut.ts finds out from these what a disk would hold.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim.h"

// what a full disk refuses (ALLOCATES), what can be done by half (WRITES, which allocates, too), and what changes nothing
enum kind { CHANGES, ALLOCATES, WRITES, READS };
static const char *const KINDS[] = {"changes", "allocates", "writes", "reads"};

enum fate { GO, FAIL, HALF };

struct orders *orders;
static char root[PATH_MAX], copies[PATH_MAX];
static size_t root_length;

// the function of the C library that one of ours stands in front of
static void *behind(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  if (function == NULL) abort();
  return function;
}
#define REAL(name)                                     \
  ({                                                   \
    static __typeof__(&name) real_;                    \
    if (real_ == NULL) real_ = behind(#name);          \
    real_;                                             \
  })

__attribute__((constructor)) static void begin(void) {
  const char *directory = getenv("FAULTS_ROOT"), *synced = getenv("FAULTS_SYNCED");
  unsetenv("LD_PRELOAD");  // not for the programs that this one starts
  if (directory == NULL || strlen(directory) >= sizeof root) return;
  strcpy(root, directory);
  if (synced != NULL && strlen(synced) < sizeof copies - 16) strcpy(copies, synced);
  root_length = strlen(root);
  void *memory = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) abort();
  orders = memory;
}

// ---- which calls count ----

static int active(void) { return orders != NULL && orders->mode != OFF; }

static int is_below(const char *path) {
  return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == '\0');
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return is_below(path);
}

static int path_at(int directory, const char *path, char *whole) {
  char base[PATH_MAX] = "";
  if (path == NULL) return 0;
  if (path[0] != '/') {
    if (directory == AT_FDCWD ? getcwd(base, sizeof base) == NULL : !path_of(directory, base)) return 0;
    if (strlen(base) + strlen(path) + 2 > PATH_MAX) return 0;
    strcat(base, "/");
  }
  return snprintf(whole, PATH_MAX, "%s%s", base, path) < PATH_MAX && is_below(whole);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// Counts a call, and decides what becomes of it; sets errno on FAIL.
static enum fate decide(const char *name, enum kind kind, const char *path, size_t size) {
  if ((kind == READS) != orders->reads) return GO;
  int before = errno, number = __atomic_add_fetch(&orders->count, 1, __ATOMIC_SEQ_CST), mode = orders->mode;
  int halves = kind == WRITES && size > 1;
  if (mode == LIST)
    dprintf(orders->log, "%s\t%s\t%s\n", name, KINDS[kind == WRITES && !halves ? ALLOCATES : kind], path + root_length);
  errno = before;
  int due = mode == DISK_FULL ? number >= orders->at && kind != CHANGES : number == orders->at;
  if (!due || mode == LIST) return GO;
  int first = __atomic_add_fetch(&orders->fired, 1, __ATOMIC_SEQ_CST) == 1;
  if (first) snprintf(orders->what, sizeof orders->what, "%s\t%s", name, path + root_length);
  if (mode == TEAR && halves) return HALF;
  if (mode == KILL || mode == TEAR) die();
  // the first write to a full disk is cut short, the next one finds no room at all
  if (mode == DISK_FULL && first && halves) return HALF;
  errno = orders->error;
  return FAIL;
}

// ---- what was done ----

// A line of the journal: what was done, to what, and with what else.
static void record(const char *what, const char *path, const char *other) {
  int before = errno;
  if (orders->journal >= 0) dprintf(orders->journal, "%s\t%s\t%s\n", what, path + root_length, other);
  errno = before;
}
static void record_moved(const char *what, const char *path, const char *from) {
  record(what, path, is_below(from) ? from + root_length : "");
}

// ---- calls with a path ----

#define BY_PATH_FROM(name, kind, what, directory, path, other, from, parameters, ...)                          \
  int name parameters {                                                                                       \
    char whole[PATH_MAX], source[PATH_MAX] = "";                                                              \
    if (!active() || !path_at(directory, path, whole)) return REAL(name)(__VA_ARGS__);                        \
    if (!path_at(other, from, source)) source[0] = '\0';                                                      \
    if (decide(#name, kind, whole, 0) == FAIL) return -1;                                                     \
    int result = REAL(name)(__VA_ARGS__);                                                                     \
    const char *done = what;                                                                                  \
    if (result == 0 && done != NULL) record_moved(done, whole, source);                                       \
    return result;                                                                                            \
  }
#define BY_PATH(name, kind, what, directory, path, parameters, ...) \
  BY_PATH_FROM(name, kind, what, directory, path, AT_FDCWD, NULL, parameters, __VA_ARGS__)

BY_PATH_FROM(rename, CHANGES, "rename", AT_FDCWD, to, AT_FDCWD, from, (const char *from, const char *to), from, to)
BY_PATH_FROM(renameat, CHANGES, "rename", other, to, dir, from, (int dir, const char *from, int other, const char *to),
             dir, from, other, to)
BY_PATH_FROM(renameat2, CHANGES, flags & RENAME_EXCHANGE ? "exchange" : "rename", other, to, dir, from,
             (int dir, const char *from, int other, const char *to, unsigned flags), dir, from, other, to, flags)
BY_PATH(mkdir, ALLOCATES, "mkdir", AT_FDCWD, path, (const char *path, mode_t mode), path, mode)
BY_PATH(mkdirat, ALLOCATES, "mkdir", dir, path, (int dir, const char *path, mode_t mode), dir, path, mode)
BY_PATH_FROM(link, ALLOCATES, "link", AT_FDCWD, to, AT_FDCWD, from, (const char *from, const char *to), from, to)
BY_PATH_FROM(linkat, ALLOCATES, "link", other, to, dir, from,
             (int dir, const char *from, int other, const char *to, int flags), dir, from, other, to, flags)
BY_PATH(symlink, ALLOCATES, "symlink", AT_FDCWD, path, (const char *target, const char *path), target, path)
BY_PATH(symlinkat, ALLOCATES, "symlink", dir, path, (const char *target, int dir, const char *path), target, dir, path)
BY_PATH(unlink, CHANGES, "unlink", AT_FDCWD, path, (const char *path), path)
BY_PATH(unlinkat, CHANGES, "unlink", dir, path, (int dir, const char *path, int flags), dir, path, flags)
BY_PATH(rmdir, CHANGES, "unlink", AT_FDCWD, path, (const char *path), path)
BY_PATH(remove, CHANGES, "unlink", AT_FDCWD, path, (const char *path), path)
BY_PATH(truncate, CHANGES, NULL, AT_FDCWD, path, (const char *path, off_t size), path, size)
BY_PATH(truncate64, CHANGES, NULL, AT_FDCWD, path, (const char *path, off64_t size), path, size)
BY_PATH(chmod, CHANGES, NULL, AT_FDCWD, path, (const char *path, mode_t mode), path, mode)
BY_PATH(fchmodat, CHANGES, NULL, dir, path, (int dir, const char *path, mode_t mode, int flags), dir, path, mode, flags)
BY_PATH(chown, CHANGES, NULL, AT_FDCWD, path, (const char *path, uid_t user, gid_t group), path, user, group)
BY_PATH(utimensat, CHANGES, NULL, dir, path, (int dir, const char *path, const struct timespec *times, int flags), dir,
        path, times, flags)

BY_PATH(scandir, READS, NULL, AT_FDCWD, path, (const char *path, struct dirent ***entries,
        int (*filter)(const struct dirent *), int (*order)(const struct dirent **, const struct dirent **)), path,
        entries, filter, order)
BY_PATH(scandir64, READS, NULL, AT_FDCWD, path, (const char *path, struct dirent64 ***entries,
        int (*filter)(const struct dirent64 *), int (*order)(const struct dirent64 **, const struct dirent64 **)), path,
        entries, filter, order)

// Whether a file is opened that is there, is made by opening it, or may not be.
enum opening { OPENED, MADE, REFUSED };
static enum opening opening(const char *name, int directory, const char *path, int flags, char *whole) {
  if (!active() || !path_at(directory, path, whole)) return OPENED;
  int writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
  int creates = flags & O_CREAT && access(whole, F_OK) != 0;
  if (decide(name, creates ? ALLOCATES : writes ? CHANGES : READS, whole, 0) == FAIL) return REFUSED;
  return creates ? MADE : OPENED;
}

#define OPEN(name, directory, parameters, ...)                              \
  int name parameters {                                                     \
    va_list rest;                                                           \
    va_start(rest, flags);                                                  \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                           \
    char whole[PATH_MAX];                                                   \
    enum opening how = opening(#name, directory, path, flags, whole);       \
    int fd = how == REFUSED ? -1 : REAL(name)(__VA_ARGS__, mode);           \
    if (fd >= 0 && how == MADE) record("create", whole, "");                \
    return fd;                                                              \
  }
OPEN(open, AT_FDCWD, (const char *path, int flags, ...), path, flags)
OPEN(open64, AT_FDCWD, (const char *path, int flags, ...), path, flags)
OPEN(openat, dir, (int dir, const char *path, int flags, ...), dir, path, flags)
OPEN(openat64, dir, (int dir, const char *path, int flags, ...), dir, path, flags)

static int flags_of(const char *mode) {
  if (mode[0] != 'r') return O_RDWR | O_CREAT;
  return strchr(mode, '+') == NULL ? O_RDONLY : O_RDWR;
}
#define FOPEN(name)                                                                       \
  FILE *name(const char *path, const char *mode) {                                        \
    char whole[PATH_MAX];                                                                 \
    enum opening how = opening(#name, AT_FDCWD, path, flags_of(mode), whole);             \
    FILE *file = how == REFUSED ? NULL : REAL(name)(path, mode);                          \
    if (file != NULL && how == MADE) record("create", whole, "");                         \
    return file;                                                                          \
  }
FOPEN(fopen)
FOPEN(fopen64)

// ---- calls with an open file ----

static enum fate fate_of(const char *name, enum kind kind, int fd, size_t size) {
  char path[PATH_MAX];
  return active() && path_of(fd, path) ? decide(name, kind, path, size) : GO;
}

#define BY_FILE(name, parameters, ...) \
  int name parameters { return fate_of(#name, CHANGES, fd, 0) == FAIL ? -1 : REAL(name)(__VA_ARGS__); }

BY_FILE(ftruncate, (int fd, off_t size), fd, size)
BY_FILE(ftruncate64, (int fd, off64_t size), fd, size)
BY_FILE(fchmod, (int fd, mode_t mode), fd, mode)
BY_FILE(futimens, (int fd, const struct timespec times[2]), fd, times)

#define READ(name, parameters, ...) \
  ssize_t name parameters { return fate_of(#name, READS, fd, 0) == FAIL ? -1 : REAL(name)(__VA_ARGS__); }

READ(read, (int fd, void *bytes, size_t size), fd, bytes, size)
READ(readv, (int fd, const struct iovec *parts, int count), fd, parts, count)
READ(pread, (int fd, void *bytes, size_t size, off_t at), fd, bytes, size, at)
READ(pread64, (int fd, void *bytes, size_t size, off64_t at), fd, bytes, size, at)

// Copies a file as it is now. What is written into it later is not in the copy.
static void copy(const char *path, const char *target) {
  char bytes[65536];
  ssize_t count;
  int from = REAL(open)(path, O_RDONLY), to = REAL(open)(target, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (from < 0 || to < 0) abort();
  while ((count = REAL(read)(from, bytes, sizeof bytes)) > 0)
    if (REAL(write)(to, bytes, (size_t)count) != count) abort();
  REAL(close)(from);
  REAL(close)(to);
}
static void record_synced(const char *path) {
  char number[16] = "", target[PATH_MAX + 16];
  struct stat status;
  if (orders->journal < 0 || stat(path, &status) != 0) return;
  if (S_ISREG(status.st_mode)) {
    snprintf(number, sizeof number, "%d", __atomic_add_fetch(&orders->snapshots, 1, __ATOMIC_SEQ_CST));
    snprintf(target, sizeof target, "%s/%s", copies, number);
    copy(path, target);
  }
  record("sync", path, number);
}

// A process that is killed loses nothing that it had not synced, and power fails in power-cut.ts only, so the wait for the
// disk can be spared.
static int synced(const char *name, int fd, int (*real)(int)) {
  char path[PATH_MAX];
  if (!active() || !path_of(fd, path)) return real(fd);
  if (decide(name, CHANGES, path, 0) == FAIL) return -1;
  record_synced(path);
  return 0;
}
int fsync(int fd) { return synced("fsync", fd, REAL(fsync)); }
int fdatasync(int fd) { return synced("fdatasync", fd, REAL(fdatasync)); }

// Of files that were open for writing. The file is closed even if this fails.
int close(int fd) {
  int flags = active() ? fcntl(fd, F_GETFL) : -1;
  int failed = flags != -1 && (flags & O_ACCMODE) != O_RDONLY && fate_of("close", CHANGES, fd, 0) == FAIL;
  int error = errno, result = REAL(close)(fd);
  if (!failed) return result;
  errno = error;
  return -1;
}

static ssize_t half_done(ssize_t done) {
  if (orders->mode == TEAR) die();
  return done;
}

#define WRITE(name, size, parameters, half, ...)             \
  ssize_t name parameters {                                  \
    enum fate fate = fate_of(#name, WRITES, fd, size);       \
    if (fate == FAIL) return -1;                             \
    return fate == HALF ? half_done(half) : REAL(name)(__VA_ARGS__); \
  }

// the first part, or half of the only one
static struct iovec less_of(const struct iovec *parts, int count) {
  struct iovec part = parts[0];
  if (count == 1) part.iov_len /= 2;
  return part;
}
#define LESS(name, ...) ({ struct iovec part = less_of(parts, count); REAL(name)(fd, &part, 1, ##__VA_ARGS__); })

WRITE(write, size, (int fd, const void *bytes, size_t size), REAL(write)(fd, bytes, size / 2), fd, bytes, size)
WRITE(pwrite, size, (int fd, const void *bytes, size_t size, off_t at), REAL(pwrite)(fd, bytes, size / 2, at), fd,
      bytes, size, at)
WRITE(pwrite64, size, (int fd, const void *bytes, size_t size, off64_t at), REAL(pwrite64)(fd, bytes, size / 2, at), fd,
      bytes, size, at)
WRITE(writev, parts[0].iov_len, (int fd, const struct iovec *parts, int count), LESS(writev), fd, parts, count)
WRITE(pwritev, parts[0].iov_len, (int fd, const struct iovec *parts, int count, off_t at), LESS(pwritev, at), fd, parts,
      count, at)
WRITE(pwritev64, parts[0].iov_len, (int fd, const struct iovec *parts, int count, off64_t at), LESS(pwritev64, at), fd,
      parts, count, at)
WRITE(sendfile, size, (int fd, int from, off_t *at, size_t size), REAL(sendfile)(fd, from, at, size / 2), fd, from, at,
      size)
WRITE(sendfile64, size, (int fd, int from, off64_t *at, size_t size), REAL(sendfile64)(fd, from, at, size / 2), fd,
      from, at, size)
WRITE(copy_file_range, size, (int from, off64_t *start, int fd, off64_t *at, size_t size, unsigned flags),
      REAL(copy_file_range)(from, start, fd, at, size / 2, flags), from, start, fd, at, size, flags)

// libuv makes some of its calls in this way
long syscall(long number, ...) {
  long a[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_close) return close((int)a[0]);
  if (number == SYS_copy_file_range)
    return copy_file_range((int)a[0], (off64_t *)a[1], (int)a[2], (off64_t *)a[3], (size_t)a[4], (unsigned)a[5]);
  return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

// V8 keeps its heap from forked children, which here go on with it.
int madvise(void *memory, size_t size, int advice) {
  return advice == MADV_DONTFORK ? 0 : REAL(madvise)(memory, size, advice);
}
