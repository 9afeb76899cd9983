// The library of shim.c, once more, as an addon: what JavaScript calls to give it orders, and to fork. See shim.ts.
#define _GNU_SOURCE
#include <node_api.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

static int argument(napi_env env, napi_callback_info info, int index) {
  napi_value values[6];
  size_t count = 6;
  int value = 0;
  napi_get_cb_info(env, info, &count, values, NULL, NULL);
  if (napi_get_value_int32(env, values[index], &value) != napi_ok) napi_throw_type_error(env, NULL, "expected integers");
  return value;
}
static napi_value number(napi_env env, int value) {
  napi_value result;
  napi_create_int32(env, value, &result);
  return result;
}

// arm(mode, at, error, log, reads, journal): begins to count
static napi_value arm(napi_env env, napi_callback_info info) {
  orders->at = argument(env, info, 1);
  orders->error = argument(env, info, 2);
  orders->log = argument(env, info, 3);
  orders->reads = argument(env, info, 4);
  orders->journal = argument(env, info, 5);
  orders->count = orders->fired = orders->snapshots = 0;
  orders->what[0] = '\0';
  orders->mode = argument(env, info, 0);
  return NULL;
}
static napi_value disarm(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  orders->mode = OFF;
  return NULL;
}
static napi_value fired(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, orders->fired);
}
// what(): the first call that went wrong: its name, a tab, its path
static napi_value what(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  napi_create_string_utf8(env, orders->what, NAPI_AUTO_LENGTH, &result);
  return result;
}
// split(): like fork(2); the child does not outlive its parent
static napi_value split(napi_env env, napi_callback_info info) {
  (void)info;
  int pid = fork();
  if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
  return number(env, pid);
}
// wait(pid, seconds): the signal that ended the child; 0: it ended by itself; -1: it was killed when the time was up
static napi_value wait_for(napi_env env, napi_callback_info info) {
  int pid = argument(env, info, 0), status = 0, left = argument(env, info, 1) * 1000;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (left-- == 0) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      return number(env, -1);
    }
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  return number(env, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}
// leave(): ends a child without the ceremony for which it lacks the threads
static napi_value leave(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  _exit(0);
}

NAPI_MODULE_INIT() {
  if (orders == NULL) napi_throw_error(env, NULL, "FAULTS_ROOT is not set, or the library is not loaded with LD_PRELOAD");
  const struct {
    const char *name;
    napi_callback function;
  } functions[] = {{"arm", arm},     {"disarm", disarm}, {"fired", fired}, {"what", what},
                   {"split", split}, {"wait", wait_for}, {"leave", leave}};
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
