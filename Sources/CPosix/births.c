// Processes that were forked and have not come to tell their pid.
#include "brood_guardian.h"
#include "brood_loop.h"
#include "brood_process.h"
#include "mark.h"
#include "slots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// A child tells its pid itself as soon as it runs, since its parent may be killed first.
static const int64_t longest_start = 1000000000, longest_untold = 60000000000;

bool brood_slots_know(int32_t pid) {
  uint64_t soft, hard;
  struct brood_mark mark = brood_mark_current();
  if (!brood_is_living(pid)) return false;
  // Without a mark one cannot tell another process that got the same pid.
  return mark.level < 0 || brood_mark_of(pid, &soft, &hard) < 0 ||
    brood_mark_has_prefix(mark, hard);
}

// Whether there is a process that started at some time after boot (ticks), or later; yes if that
// cannot be told.
static bool may_have_started(int32_t pid, uint64_t ticks) {
  char text[1024];
  int64_t length = brood_proc_read(pid, "stat", text, sizeof text - 1);
  if (length <= 0) return length != -ENOENT && length != -ESRCH;
  text[length] = 0;
  const char *place = strrchr(text, ')');
  for (int field = 2; place && field < 22; field++) place = strchr(place + 1, ' ');
  return !place || strtoull(place + 1, NULL, 10) >= ticks;
}

static bool may_run(int32_t pid, const struct stat *program) {
  char path[40];
  struct stat its;
  snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
  if (stat(path, &its) < 0) return errno != ENOENT && errno != ESRCH;
  return its.st_dev == program->st_dev && its.st_ino == program->st_ino;
}

static bool may_be_of_session(int32_t pid, struct brood_mark mark) {
  uint64_t soft, hard;
  int32_t error = brood_mark_of(pid, &soft, &hard);
  return error < 0 ? error != -ESRCH && error != -ENOENT : brood_mark_has_prefix(mark, hard);
}

// Whether a process of this session is there that the parent of the slot, which is dead, may have
// forked for it, and that had no turn to tell its pid since. An error on the way counts as yes.
static bool has_untold_child(const struct table *table, const struct slot *entry) {
  enum { most = 65536 };
  struct brood_mark mark = brood_mark_current();
  struct stat own;
  int32_t *pids = malloc(most * sizeof *pids);
  bool found = true;
  if (!pids || mark.level < 0 || stat("/proc/self/exe", &own) < 0) goto out;
  int32_t count = brood_proc_pids(pids, most);
  if (count < 0 || count > most) goto out;
  found = false;
  uint64_t first = (uint64_t)(entry->begun / (1000000000 / brood_clock_ticks()));
  for (int32_t i = 0; i < count && !found; i++) {
    int32_t pid = pids[i];
    if (pid == table->root || pid == table->guardian || brood_slots_list(pid)) continue;
    found = may_be_of_session(pid, mark) && may_have_started(pid, first) && may_run(pid, &own) &&
      brood_is_living(pid);
  }
out:
  free(pids);
  return found;
}

bool brood_slot_begins(int32_t slot) {
  struct table *table = brood_slots_table();
  if (!table) return false;
  struct slot *entry = &table->slots[slot];
  int32_t owner = entry->owner;
  if (!owner) return false;
  // It has told its pid since the caller looked for that, or tells it while this function looks.
  if (entry->pid) return true;
  int64_t age = brood_monotonic_coarse() - entry->began;
  if (age < longest_start) return true;
  // A fork of much memory takes long; a child may have no turn for seconds.
  if (brood_slots_know(owner)) return true;
  return (age < longest_untold && has_untold_child(table, entry)) || entry->pid;
}
