// What addon.c tells shim.c, and hears from it.
#include <limits.h>

// in the order of MODES in shim.ts
enum mode { OFF, LIST, KILL, TEAR, FAIL_ONCE, DISK_FULL };

struct orders {
  int mode;
  int at;     // which call, from 1
  int error;  // the errno to fail with
  int log;    // the file for the list
  int reads;  // whether the calls that read are counted, or those that change something
  int journal;  // the file for what was done, in full, with what was synced: see power-cut.ts; -1: none
  int snapshots;  // how many files were synced, and copied
  int count;  // calls so far
  int fired;  // those that went wrong
  char what[PATH_MAX + 64];  // the first of them: its name, a tab, its path
};

// NULL where the process was not started for this
extern struct orders *orders __attribute__((visibility("hidden")));
